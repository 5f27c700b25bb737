import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeploymentError, type Failure } from '../../domain/errors.ts';
import { type ErrorCode, errorTable, retryForSeconds } from '../../domain/errorTable.ts';
import { pauseBeforeRetry } from '../../domain/retry.ts';
import type { RetryPolicy } from '../../domain/steps.ts';

const policy: RetryPolicy = { limitSeconds: 900, firstPauseSeconds: 2, maxPauseSeconds: 60 };
const busy: Failure = { code: 'AZURE_UNAVAILABLE', message: 'busy', retryable: true };

const thrownBy = (call: () => unknown): Failure => {
  try {
    call();
  } catch (error) {
    if (error instanceof DeploymentError) return error.failure;
    throw error;
  }
  throw new Error('nothing was thrown');
};

describe('pauseBeforeRetry', () => {
  test.each([
    [1, 2],
    [2, 4],
    [5, 32],
    [6, 60],
    [5000, 60],
  ])('after %i failed tries waits %i s, give or take ten per cent', (tries, seconds) => {
    const pauses = Array.from({ length: 100 }, (_, i) => pauseBeforeRetry(busy, policy, tries, 0, `id${i}`));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(seconds * 0.9);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(seconds * 1.1);
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(seconds * 0.15);
  });

  test('waits the same on each replay', () => {
    expect(pauseBeforeRetry(busy, policy, 3, 10, 'id')).toBe(pauseBeforeRetry(busy, policy, 3, 10, 'id'));
  });

  test('never calls again before the Retry-After, also beyond the longest pause of the step', () => {
    expect(pauseBeforeRetry({ ...busy, retryAfterSeconds: 300 }, policy, 1, 0, 'id')).toBe(300);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 800 }),
        fc.integer({ min: 1, max: 50 }),
        fc.string(),
        (asked, tries, id) => {
          const pause = pauseBeforeRetry({ ...busy, retryAfterSeconds: asked }, policy, tries, 0, id);
          expect(pause).toBeGreaterThanOrEqual(asked);
          expect(pause).toBeLessThanOrEqual(Math.max(asked, policy.maxPauseSeconds * 1.1));
        },
      ),
    );
  });

  test('gives up at once when the Retry-After reaches beyond the limit of the step', () => {
    const failure = thrownBy(() => pauseBeforeRetry({ ...busy, retryAfterSeconds: 3600 }, policy, 1, 0, 'id'));
    expect(failure).toEqual({ ...busy, retryAfterSeconds: 3600, retryable: false });
  });

  test('gives up when the next try would start beyond the limit, with the last failure as it was', () => {
    const last = { ...busy, cause: 'ServerBusy', link: 'https://portal.test', trace: ['line'] };
    expect(pauseBeforeRetry(last, policy, 20, 900 - 66, 'id')).toBeGreaterThan(0);
    expect(thrownBy(() => pauseBeforeRetry(last, policy, 20, 900 - 53, 'id'))).toEqual({ ...last, retryable: false });
  });

  test('gives up a terminal failure at once', () => {
    const failure: Failure = { ...busy, code: 'WORKSPACE_NOT_PREMIUM', retryable: false, retryAfterSeconds: 1 };
    expect(thrownBy(() => pauseBeforeRetry(failure, policy, 1, 0, 'id'))).toEqual(failure);
  });

  test('ends every finite budget after a bounded number of tries', () => {
    let elapsed = 0;
    let tries = 0;
    expect(() => {
      for (;;) elapsed += pauseBeforeRetry({ ...busy, retryAfterSeconds: 0 }, policy, ++tries, elapsed, 'id');
    }).toThrow(DeploymentError);
    expect(elapsed).toBeLessThanOrEqual(policy.limitSeconds);
    expect(tries).toBeLessThan(30);
  });

  const short = (Object.keys(errorTable) as ErrorCode[]).filter((code) => Number.isFinite(retryForSeconds(code)));
  test.each(short)('retries %s no longer than the table says', (code) => {
    const long = { ...policy, limitSeconds: 1e6 };
    const failure: Failure = { code, message: 'no', retryable: true };
    expect(pauseBeforeRetry(failure, long, 1, retryForSeconds(code) - 3, 'id')).toBeGreaterThan(0);
    expect(() => pauseBeforeRetry(failure, long, 1, retryForSeconds(code) - 1, 'id')).toThrow(code);
  });

  test('counts the limit of a code from when that code was met first', () => {
    const failure: Failure = { code: 'REPOSITORY_FAILED', message: 'no', retryable: true };
    expect(pauseBeforeRetry(failure, policy, 1, 500, 'id', 0)).toBeGreaterThan(0);
    expect(() => pauseBeforeRetry(failure, policy, 1, 500, 'id', 119)).toThrow('REPOSITORY_FAILED');
    expect(() => pauseBeforeRetry(failure, policy, 1, 899, 'id', 0)).toThrow('REPOSITORY_FAILED');
  });

  test('keeps to the limit of the step where the code may last longer', () => {
    const denied: Failure = { code: 'AZURE_DENIED', message: 'no', retryable: true };
    expect(() => pauseBeforeRetry(denied, { ...policy, limitSeconds: 100 }, 1, 99, 'id')).toThrow('AZURE_DENIED');
  });
});
