import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeploymentError, RetryableError, TerminalError, toFailure } from '../../domain/errors.ts';
import { type ErrorCode, errorTable, retryForSeconds } from '../../domain/errorTable.ts';
import { valueOf } from '../../domain/outcome.ts';
import type { DeployStatus } from '../../domain/status.ts';
import { stepNames } from '../../domain/status.ts';

const codes = Object.keys(errorTable) as ErrorCode[];
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ';

describe('errorTable', () => {
  test.each(codes)('says of %s what happened and what a person can do', (code) => {
    const { title, hint } = errorTable[code];
    expect(title).toMatch(/^\p{Lu}.{5,70}[^.]$/u);
    expect(hint).toMatch(/^\p{Lu}.{9,}\.$/u);
  });

  test('answers requests with statuses of the client or the server', () => {
    const statuses = Object.values(errorTable).flatMap((entry) => ('status' in entry ? [entry.status] : []));
    expect(statuses.filter((status) => status < 400 || status > 599)).toEqual([]);
  });

  test('never retries what answers a request', () => {
    const both = Object.values(errorTable).filter((entry) => 'status' in entry && 'retryForSeconds' in entry);
    expect(both).toEqual([]);
  });
});

describe('DeploymentError', () => {
  test('survives the durable boundary as plain data', () => {
    const details = { cause: 'why', retryAfterSeconds: 7, trace: ['a', 'b'], link: 'https://portal.test/x' };
    const { failure } = new RetryableError('AZURE_THROTTLED', 'slow down', details);
    const revived = DeploymentError.of(JSON.parse(JSON.stringify(failure)));
    expect(revived.failure).toEqual({ code: 'AZURE_THROTTLED', message: 'slow down', retryable: true, ...details });
    expect(revived.message).toBe('AZURE_THROTTLED: slow down');
  });

  test('leaves out what nobody said', () => {
    const { failure } = new TerminalError('RUN_FAILED', 'no', { cause: undefined, retryAfterSeconds: undefined });
    expect(failure).toEqual({ code: 'RUN_FAILED', message: 'no', retryable: false });
  });

  test('keeps a Retry-After of 0', () => {
    expect(new RetryableError('AZURE_THROTTLED', 'x', { retryAfterSeconds: 0 }).failure.retryAfterSeconds).toBe(0);
  });

  test('shows no secret in its text, message, cause or trace', () => {
    const error = new TerminalError('RUN_FAILED', `Bearer ${jwt}`, { cause: jwt, trace: ['ok', `token = "${jwt}"`] });
    expect(JSON.stringify([error.message, error.failure])).not.toContain('eyJ');
  });

  test('shows no part of a secret that stands where the text is cut', () => {
    for (let before = 500; before < 1100; before++) {
      const long = `${'x'.repeat(before)} dapi0123456789abcdef0123456789abcdef`;
      const { message, cause } = new TerminalError('RUN_FAILED', long, { cause: long }).failure;
      expect(`${message}${cause}`).not.toMatch(/dapi|0123/);
    }
  });

  test('shows no private key that goes over several lines of a trace', () => {
    const trace = ['before', '-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBgkqh', '-----END PRIVATE KEY-----', 'after'];
    expect(new TerminalError('NOTEBOOK_FAILED', 'x', { trace }).failure.trace).toEqual(['before', '[key]', 'after']);
  });

  test('fits into a custom status of 16 kB of UTF-16 at its longest', () => {
    const long = 'ä'.repeat(50_000);
    const { failure } = new TerminalError('NOTEBOOK_FAILED', long, {
      cause: long,
      trace: Array.from({ length: 500 }, () => long),
      link: `https://adb-1234567890123456.12.azuredatabricks.net/jobs/${'9'.repeat(19)}/runs/${'9'.repeat(19)}`,
    });
    const step = {
      state: 'retrying',
      tries: 100,
      waitedSeconds: 28_800.5,
      startedAt: '2026-11-23T21:00:00.000Z',
    } as const;
    const status: DeployStatus = {
      attempt: 1,
      phase: 'notebooks',
      steps: stepNames(true).map((name) => ({ ...step, name, endedAt: step.startedAt })),
      links: Object.fromEntries(
        ['workspace', 'portal', 'job', 'runmeRun', 'notebooksRun', 'warehouse'].map((l) => [l, failure.link]),
      ),
      failure: { ...failure, step: 'notebooks' },
    };
    expect(Buffer.byteLength(JSON.stringify(status), 'utf16le')).toBeLessThanOrEqual(16 * 1024);
    expect(failure.trace).toHaveLength(20);
  });
});

describe('toFailure', () => {
  test('gives the failure of what was classified', () => {
    const error = new TerminalError('WORKSPACE_EXISTS', 'there', { link: 'https://x.test' });
    expect(toFailure(error)).toBe(error.failure);
  });

  test('takes whatever nobody classified for a crash that is retried', () => {
    const error = new TypeError('x is not a function\n    at secret (/app/file.ts:1:1)');
    expect(toFailure(error)).toEqual({ code: 'STEP_CRASHED', message: 'x is not a function', retryable: true });
    expect(retryForSeconds('STEP_CRASHED')).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test('never throws, whatever was thrown, and stays short', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (thrown) => {
        const failure = toFailure(thrown);
        expect(failure.code).toBe('STEP_CRASHED');
        expect(failure.message.length).toBeLessThanOrEqual(500);
        expect(JSON.parse(JSON.stringify(failure))).toEqual(failure);
      }),
    );
    expect(toFailure(Object.assign(new Error('x'), { message: 5 })).message).toBe('5');
  });

  test('shows no secret', () => {
    expect(toFailure(new Error(`no access with ${jwt}`)).message).toBe('no access with [token]');
  });
});

describe('valueOf', () => {
  test('gives the value, also one that is nothing', () => {
    expect(valueOf({ value: { ready: true } })).toEqual({ ready: true });
    expect(valueOf({ value: undefined })).toBeUndefined();
  });

  test('throws the failure as it was', () => {
    const { failure } = new RetryableError('STEP_CRASHED', 'gone', { link: 'https://x.test' });
    expect(() => valueOf({ failure })).toThrow(expect.objectContaining({ failure }) as Error);
  });
});
