import type { OrchestrationContext } from 'durable-functions';
import { describe, expect, test } from 'vitest';
import type { Failure } from '../../domain/errors.ts';
import type { StepStatus } from '../../domain/status.ts';
import type { ReportInput } from '../../domain/telemetry.ts';
import { type Ended, reportEnd } from '../../orchestrators/reportEnd.ts';

const steps: StepStatus[] = [
  { name: 'identity', state: 'kept', tries: 0, waitedSeconds: 0 },
  { name: 'storage', state: 'failed', tries: 2, waitedSeconds: 3, startedAt: '2026-01-01T00:00:01.000Z' },
  { name: 'job', state: 'retrying', tries: 1, waitedSeconds: 0, problem: { code: 'AZURE_DENIED', message: 'no' } },
];
const deployment = { id: 'a1', attempt: 2, request: { accelerator: 'one' }, accelerator: {} } as Ended['deployment'];
const failed = (code: Failure['code']): Failure => ({ code, message: 'words', retryable: false });

/** What the activity is called with, and what became of the orchestrator's generator; `throws` is what the call ends with. */
function told(version: string | undefined, failure?: Failure, throws?: Error): { calls: [string, ReportInput][] } {
  const calls: [string, ReportInput][] = [];
  const ctx = {
    df: {
      version,
      currentUtcDateTime: new Date('2026-01-01T00:10:00Z'),
      callActivity: (name: string, input: ReportInput) => calls.push([name, input]),
    },
  } as unknown as OrchestrationContext;
  const startedMs = Date.parse('2026-01-01T00:00:00Z');
  const run = reportEnd(ctx, { operation: 'deploy', deployment, startedMs, steps, ...(failure && { failure }) });
  const first = run.next();
  const resumed = (): unknown => (throws ? run.throw(throws) : run.next({ value: {} }));
  expect(first.done ? first : resumed()).toEqual({ done: true });
  return { calls };
}

describe('reportEnd', () => {
  test('calls the activity once, with what the deployment and its steps came to', () => {
    const { calls } = told('1.2', failed('STORAGE_TIMEOUT'));
    expect(calls).toEqual([
      [
        'report',
        {
          deployment: 'a1',
          attempt: 2,
          accelerator: 'one',
          operation: 'deploy',
          outcome: 'failed',
          code: 'STORAGE_TIMEOUT',
          startedAt: '2026-01-01T00:00:00.000Z',
          endedAt: '2026-01-01T00:10:00.000Z',
          steps: [
            { name: 'identity', state: 'kept', tries: 0, waitedSeconds: 0 },
            {
              name: 'storage',
              state: 'failed',
              tries: 2,
              waitedSeconds: 3,
              startedAt: '2026-01-01T00:00:01.000Z',
              code: 'STORAGE_TIMEOUT',
            },
            { name: 'job', state: 'retrying', tries: 1, waitedSeconds: 0, code: 'AZURE_DENIED' },
          ],
        },
      ],
    ]);
  });

  test.each([
    [undefined, 'succeeded'],
    [failed('CANCELLED'), 'cancelled'],
    [failed('DEPLOYMENT_TIMEOUT'), 'failed'],
  ])('tells the outcome of %o as %s', (failure, outcome) => {
    expect(told(undefined, failure).calls.map(([, input]) => input.outcome)).toEqual([outcome]);
  });

  test('calls nothing in an instance that began before there was such an activity', () => {
    expect(told('1.1').calls).toEqual([]);
  });

  test('throws nothing when the worker dies in the activity', () => {
    expect(told('1.2', undefined, new Error('worker gone')).calls).toHaveLength(1);
  });
});
