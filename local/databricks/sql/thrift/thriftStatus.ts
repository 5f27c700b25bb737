import types, { type TStatus } from '@databricks/sql/thrift/TCLIService_types.js';

const { TStatusCode: codes } = types;

export const success = (): TStatus => new types.TStatus({ statusCode: codes.SUCCESS_STATUS });

/** The status of a call that failed, with the message and SQLSTATE that drivers show. */
export function failed(message: string, sqlState = 'XX000'): TStatus {
  return new types.TStatus({
    statusCode: codes.ERROR_STATUS,
    sqlState,
    errorMessage: message,
    displayMessage: message,
  });
}

/** A session or operation that is not there (any more), or that is somebody else's. */
export class InvalidHandle extends Error {}

/** A call that is refused; it becomes the status of the answer. */
export class ThriftRefusal extends Error {
  readonly sqlState: string;

  constructor(message: string, sqlState = '0A000') {
    super(message);
    this.sqlState = sqlState;
  }
}

/** What a handler throws, as a status; anything unknown goes on. */
export function statusOf(error: unknown): TStatus {
  if (error instanceof ThriftRefusal) return failed(error.message, error.sqlState);
  if (!(error instanceof InvalidHandle)) throw error;
  const { message } = error;
  return new types.TStatus({ statusCode: codes.INVALID_HANDLE_STATUS, errorMessage: message, displayMessage: message });
}
