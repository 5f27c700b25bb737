/** Why an operation on an instance was refused. */
export type RefusalCode = 'notFound' | 'exists' | 'gone' | 'wrongState';

/** An operation on an instance that its state does not allow. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
