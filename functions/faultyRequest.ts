import { TerminalError } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errorTable.ts';
import type { RequestFault } from '../domain/request.ts';

/** A request with faults, at which its answer points. */
export class FaultyRequest extends TerminalError {
  readonly faults: RequestFault[];

  constructor(code: ErrorCode, message: string, faults: RequestFault[]) {
    super(code, message);
    this.faults = faults;
  }
}
