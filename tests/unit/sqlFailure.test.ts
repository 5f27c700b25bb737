import { describe, expect, test } from 'vitest';
import { SqlError, sqlFailure } from '../../clients/sqlFailure.ts';
import { TerminalError } from '../../domain/errors.ts';

const token = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ';

/** What the driver's THTTPException holds: node-fetch's answer, whose body has not been read. */
const answered = (status: number, body = '', headers: Record<string, string> = {}): object => ({
  statusCode: status,
  message: `Received a response with a bad HTTP status code: ${status}`,
  response: new Response(status < 300 ? null : body, { status, headers }),
});
const failed = (sqlState: string | undefined, words: string): object => ({
  errorCode: 'ERROR',
  message: words,
  response: { sqlState, displayMessage: words, errorMessage: words },
});

describe('an HTTP answer', () => {
  const json = (code: string, message: string): string => JSON.stringify({ error_code: code, message });

  test.each<[status: number, body: string, headers: Record<string, string>, expected: object]>([
    [401, json('UNAUTHENTICATED', 'Expired.'), {}, { code: 'DATABRICKS_DENIED', retryable: true }],
    [403, json('PERMISSION_DENIED', 'No CAN USE.'), {}, { code: 'SQL_DENIED', retryable: true }],
    [404, json('RESOURCE_DOES_NOT_EXIST', 'No warehouse.'), {}, { code: 'WAREHOUSE_LOST', retryable: false }],
    [404, '', { 'x-thriftserver-error-message': 'No warehouse.' }, { code: 'WAREHOUSE_LOST', retryable: false }],
    [404, '<html>Proxy</html>', {}, { code: 'ANSWER_INVALID', retryable: true }],
    [429, '', { 'retry-after': '30' }, { code: 'DATABRICKS_THROTTLED', retryable: true, retryAfterSeconds: 30 }],
    [503, '', { 'retry-after': '7' }, { code: 'DATABRICKS_UNAVAILABLE', retryable: true, retryAfterSeconds: 7 }],
    [400, json('BAD_REQUEST', 'What?'), {}, { code: 'DATABRICKS_REJECTED', retryable: false }],
  ])('%i %s %o is classified', async (status, body, headers, expected) => {
    const error = answered(status, body, headers);
    expect((await sqlFailure(error)).failure).toMatchObject(expected);
    // As the driver wraps it once its own tries are used up.
    const hidden = { errorCode: 'ATTEMPTS_EXCEEDED', payload: { response: new Response(body, { status, headers }) } };
    expect((await sqlFailure(hidden)).failure).toMatchObject(expected);
  });
});

describe('a statement', () => {
  test.each<[sqlState: string | undefined, words: string, expected: object]>([
    ['42P01', '[TABLE_OR_VIEW_NOT_FOUND] x', { code: 'SQL_FAILED', retryable: false }],
    ['22012', '[DIVIDE_BY_ZERO] x', { code: 'SQL_FAILED', retryable: false }],
    ['42501', '[INSUFFICIENT_PERMISSIONS] x', { code: 'SQL_DENIED', retryable: false }],
    ['XX000', '[INTERNAL_ERROR] x', { code: 'SQL_FAILED', retryable: true }],
    ['HY000', '[INVALID_HANDLE.SESSION_CHANGED] x', { code: 'SQL_FAILED', retryable: true }],
    ['08S01', 'The warehouse was stopped.', { code: 'SQL_FAILED', retryable: true }],
    [undefined, 'Something else.', { code: 'SQL_FAILED', retryable: true }],
    ['', '[DIVIDE_BY_ZERO] x SQLSTATE: 22012', { code: 'SQL_FAILED', retryable: false }],
  ])('that ends with %s is classified by it', async (sqlState, words, expected) => {
    const error = await sqlFailure(failed(sqlState, words));
    expect(error.failure).toMatchObject({ ...expected, cause: words });
    expect((error as SqlError).sqlState).toBe(sqlState || (/\d{5}$/.exec(words)?.[0] ?? ''));
  });

  test('keeps Spark\u2019s words without the plan behind them', async () => {
    const plan = "\u2026 cannot be resolved.; line 7 pos 15;\n'Union false, false\n:- Aggregate";
    expect((await sqlFailure(failed('42703', plan))).failure.cause).toBe('\u2026 cannot be resolved.');
  });

  test('that the server refused comes as a StatusError, which is no Error and has no SQLSTATE of its own', async () => {
    const refused = { name: 'Status Error', message: '[TABLE_OR_VIEW_NOT_FOUND] x SQLSTATE: 42P01', code: 0 };
    const error = await sqlFailure(refused);
    expect(error).toBeInstanceOf(SqlError);
    expect((error as SqlError).sqlState).toBe('42P01');
    const lostSession = { name: 'Status Error', message: 'Invalid SessionHandle', code: 0 };
    expect((await sqlFailure(lostSession)).failure).toMatchObject({ code: 'SQL_FAILED', retryable: true });
  });

  test.each(['CANCELED', 'CLOSED', 'TIMEOUT', 'UNKNOWN'])('that ends as %s is tried again', async (errorCode) => {
    const { failure } = await sqlFailure({ errorCode, message: '', response: {} });
    expect(failure).toMatchObject({ code: 'SQL_FAILED', retryable: true });
    expect(failure.message).toContain(errorCode);
  });
});

describe('an error of the connection', () => {
  test.each([
    Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
    Object.assign(new Error('getaddrinfo ENOTFOUND'), { name: 'FetchError', type: 'system', code: 'ENOTFOUND' }),
    Object.assign(new Error('Premature close'), { name: 'FetchError' }),
    Object.assign(new Error('Request timed out'), { name: 'TApplicationException' }),
    { errorCode: 'ATTEMPTS_EXCEEDED', payload: Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }) },
  ])('%s may pass', async (error) => {
    expect((await sqlFailure(error)).failure).toMatchObject({ code: 'DATABRICKS_UNAVAILABLE', retryable: true });
  });
});

test('what is classified already stays as it is, and what nobody knows is tried again for a while', async () => {
  const known = new TerminalError('WORKSPACE_HOST_REFUSED', 'no');
  expect(await sqlFailure(known)).toBe(known);
  for (const thrown of [undefined, null, 'words', 5, {}, new Error('Bad version in readMessageBegin')])
    expect((await sqlFailure(thrown)).failure).toMatchObject({ code: 'ANSWER_INVALID', retryable: true });
});

test('no token stands in any message', async () => {
  const words = `Bearer ${token} is not accepted`;
  for (const thrown of [
    answered(403, words),
    failed('42501', words),
    new Error(words),
    { name: 'Status Error', message: words },
  ])
    expect(JSON.stringify((await sqlFailure(thrown)).failure)).not.toContain('eyJ');
});
