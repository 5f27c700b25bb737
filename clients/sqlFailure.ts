import { DeploymentError, RetryableError, TerminalError } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errorTable.ts';
import { DatabricksError } from './databricksFailure.ts';

/** A statement that the warehouse refused or could not carry out. */
export class SqlError extends DeploymentError {
  override readonly name = 'SqlError';
  /** Five characters; empty when the warehouse gave none. */
  readonly sqlState: string;

  constructor(sqlState: string, words: string) {
    const [code, retryable] = classify(sqlState);
    super(code, `SQLSTATE ${sqlState || 'unknown'}: ${words}`, retryable, { cause: words });
    this.sqlState = sqlState;
  }
}

// Unknown, connection, rollback, resources, operator, system, internal, and a session that is gone because the
// warehouse's driver has restarted (HY): the same statement may go through later.
const passing = /^(?:$|08|40|53|57|58|HY|XX)/;

const classify = (sqlState: string): [code: ErrorCode, retryable: boolean] =>
  sqlState === '42501' ? ['SQL_DENIED', false] : ['SQL_FAILED', passing.test(sqlState)];

/**
 * The failure in whatever `@databricks/sql` throws: an HTTP status (THTTPException, also within a RetryError), a state of
 * the operation (OperationStateError), a Thrift status (StatusError, which is no Error and has lost its SQLSTATE), or an
 * error of the connection or of the parser.
 */
export async function sqlFailure(thrown: unknown): Promise<DeploymentError> {
  const error = within(thrown);
  if (error instanceof DeploymentError) return error;
  const { statusCode, response, errorCode, code, name, message } = fieldsOf(error);
  const words = typeof message === 'string' ? message : '';
  if (typeof statusCode === 'number') return httpFailure(statusCode, response as HttpAnswer | undefined);
  if (name === 'Status Error') return statementFailure('', words);
  if (typeof errorCode === 'string') return operationFailure(errorCode, fieldsOf(response));
  if (typeof code === 'string' || name === 'FetchError' || words === 'Request timed out')
    return new RetryableError('DATABRICKS_UNAVAILABLE', `${call} could not be reached.`, { cause: words });
  return new RetryableError('ANSWER_INVALID', `${call} answered something unknown.`, { cause: words });
}

const call = 'The SQL warehouse';

/** What a RetryError hides: an answer, or the error of the connection. */
function within(thrown: unknown): unknown {
  const { payload } = fieldsOf(thrown);
  const { response } = fieldsOf(payload);
  const { status } = fieldsOf(response);
  return typeof status === 'number' ? { statusCode: status, response } : (payload ?? thrown);
}

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** As far as an answer of node-fetch is looked at. */
interface HttpAnswer {
  headers?: { get(name: string): string | null };
  text?(): Promise<string>;
}

// Where Databricks puts its words when the answer has no body (databricks-sql-python, thrift_backend.py).
const wordHeaders = [
  'x-databricks-error-or-redirect-message',
  'x-databricks-reason-phrase',
  'x-thriftserver-error-message',
];

async function httpFailure(status: number, answer: HttpAnswer = {}): Promise<DeploymentError> {
  const header = (name: string): string | undefined => answer.headers?.get(name) ?? undefined;
  const words = wordHeaders.map(header).find((text) => text !== undefined);
  const body = (await answer.text?.().catch(() => '')) ?? '';
  const text = body === '' && words !== undefined ? JSON.stringify({ error_code: 'ERROR', message: words }) : body;
  const error = new DatabricksError(status, text, header('retry-after'), call);
  const { message, cause } = error.failure;
  if (error.isMissing) return new TerminalError('WAREHOUSE_LOST', message, { cause });
  // A member that is new may be refused for a while.
  return status === 403 ? new RetryableError('SQL_DENIED', message, { cause }) : error;
}

function operationFailure(
  errorCode: string,
  { sqlState, displayMessage, errorMessage }: Record<string, unknown>,
): DeploymentError {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  const words = text(displayMessage) || text(errorMessage);
  if (errorCode === 'ERROR') return statementFailure(text(sqlState), words);
  // Somebody has stopped it, or the warehouse has.
  return new RetryableError('SQL_FAILED', `The statement ended as ${errorCode}.`, { cause: words });
}

function statementFailure(sqlState: string, words: string): SqlError {
  const state = sqlState || (/SQLSTATE:? ?([0-9A-Z]{5})\b/.exec(words)?.[1] ?? '');
  return new SqlError(state, inShort(words) || 'Spark gives no reason.');
}

/** Spark's words without the query plan that follows them. */
const inShort = (words: string): string => words.split(/;\s*(?:line \d|\n)|\n/, 1)[0]?.trim() ?? '';
