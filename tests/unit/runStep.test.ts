import type { OrchestrationContext, Task } from 'durable-functions';
import { describe, expect, test } from 'vitest';
import { DeploymentError, type Failure, RetryableError, TerminalError, toFailure } from '../../domain/errors.ts';
import type { Outcome } from '../../domain/outcome.ts';
import { ensureIdentity, ensureRepo, type Step } from '../../domain/steps.ts';
import { Flow } from '../../orchestrators/flow.ts';
import { branch, runSideBySide } from '../../orchestrators/runSideBySide.ts';
import { runStep } from '../../orchestrators/runStep.ts';

type Action = { call: string } | { until: Date } | Action[];

/** Plays a generator: activities are answered by `answer`, timers move the clock to their time. */
function play<T>(
  start: (flow: Flow) => Generator<Task, T, unknown>,
  answer: (call: string, seconds: number) => Outcome<unknown> | Error,
  callSeconds = 1,
): { value?: T; failure?: Failure; seconds: number } {
  let nowMs = 0;
  const df = {
    instanceId: 'id',
    get currentUtcDateTime() {
      return new Date(nowMs);
    },
    callActivity: (call: string): Action => ({ call }),
    createTimer: (until: Date) => ({ until, cancel() {} }),
    // An event that never comes.
    waitForExternalEvent: () => ({ isCompleted: false }),
    Task: { all: (tasks: Action[]): Action => tasks, any: ([first]: Action[]) => first },
  };
  const steps = start(Flow.of({ df } as unknown as OrchestrationContext, 'cancel'));
  const perform = (action: Action): unknown => {
    if (Array.isArray(action)) return action.map(perform);
    if ('call' in action) return answer(action.call, nowMs / 1000);
    nowMs = Math.max(nowMs, action.until.getTime());
    return undefined;
  };
  try {
    let next = steps.next();
    while (!next.done) {
      const action = next.value as unknown as Action;
      if (!('until' in action)) nowMs += callSeconds * 1000;
      const result = perform(action);
      next = result instanceof Error ? steps.throw(result) : steps.next(result);
    }
    return { value: next.value, seconds: nowMs / 1000 };
  } catch (error) {
    if (!(error instanceof DeploymentError)) throw error;
    return { failure: error.failure, seconds: nowMs / 1000 };
  }
}

const quiet = { trying() {}, retrying() {}, waited() {} };
const failed = (error: DeploymentError): Outcome<unknown> => ({ failure: error.failure });
const busy = failed(new RetryableError('DATABRICKS_UNAVAILABLE', 'busy'));
const noClone = failed(new RetryableError('REPOSITORY_FAILED', 'no clone'));
const step = ensureRepo as unknown as Step<object, unknown>;
const one = (flow: Flow): Generator<Task, unknown, unknown> => runStep(flow, step, {}, quiet);

describe('runStep', () => {
  test('gives the result of the try that succeeds', () => {
    const answers: Outcome<unknown>[] = [busy, busy, { value: 'there' }];
    expect(play(one, () => answers.shift() ?? busy)).toMatchObject({ value: 'there' });
  });

  test('calls not before the Retry-After', () => {
    const asked = failed(new RetryableError('DATABRICKS_THROTTLED', 'slow', { retryAfterSeconds: 120 }));
    const calls: number[] = [];
    play(one, (_call, seconds) => {
      calls.push(seconds);
      return calls.length === 1 ? asked : { value: 1 };
    });
    expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThanOrEqual(120);
  });

  test('takes a worker that died for a crash and calls again', () => {
    const answers: (Outcome<unknown> | Error)[] = [new Error('worker exited'), { value: 1 }];
    expect(play(one, () => answers.shift() ?? busy)).toMatchObject({ value: 1 });
  });

  test('ends a terminal failure at once', () => {
    const { failure, seconds } = play(one, () => failed(new TerminalError('REPOSITORY_FAILED', 'no such tag')));
    expect(failure).toMatchObject({ code: 'REPOSITORY_FAILED', retryable: false });
    expect(seconds).toBe(1);
  });

  test('ends at the limit of the step, whatever the codes', () => {
    let tries = 0;
    const { failure, seconds } = play(one, () => (tries++ % 2 ? noClone : busy));
    expect(failure?.retryable).toBe(false);
    expect(seconds).toBeLessThanOrEqual(ensureRepo.policy.limitSeconds + 1);
    expect(seconds).toBeGreaterThan(ensureRepo.policy.limitSeconds - 90);
  });

  test('gives a code its own time also when the step was long in other trouble before', () => {
    const { value, seconds } = play(one, (_call, now) =>
      now < 300 ? busy : now < 360 ? noClone : { value: 'cloned' },
    );
    expect(value).toBe('cloned');
    expect(seconds).toBeGreaterThan(360);
  });

  test('gives up a code that lasts longer than its own time', () => {
    const { failure, seconds } = play(one, () => noClone);
    expect(failure?.code).toBe('REPOSITORY_FAILED');
    expect(seconds).toBeLessThan(130);
  });
});

describe('runSideBySide', () => {
  const told: string[] = [];
  const tell = (name: string) => ({
    ...quiet,
    succeeded: () => void told.push(`${name} succeeded`),
    failed: () => void told.push(`${name} failed`),
  });
  const both = (flow: Flow): Generator<Task, [unknown, unknown], unknown> => {
    told.length = 0;
    const identity = branch(ensureIdentity as unknown as Step<object, unknown>, {}, tell('identity'));
    return runSideBySide(flow, identity, branch(step, {}, tell('repository')));
  };

  test('repeats only the step that failed', () => {
    const calls: string[] = [];
    const { value } = play(both, (call) => {
      calls.push(call);
      return call === 'ensureRepo' && calls.length < 5 ? busy : { value: call };
    });
    expect(value).toEqual(['ensureIdentity', 'ensureRepo']);
    expect(calls.filter((call) => call === 'ensureIdentity')).toHaveLength(1);
    expect(told).toEqual(['identity succeeded', 'repository succeeded']);
  });

  test('gives a code its own time also when the step was long in other trouble before', () => {
    const { value } = play(both, (call, now) =>
      call === 'ensureIdentity' || now > 360 ? { value: call } : now < 300 ? busy : noClone,
    );
    expect(value).toEqual(['ensureIdentity', 'ensureRepo']);
  });

  test('ends with the failure of the step whose limit is spent', () => {
    const { failure } = play(both, (call) => (call === 'ensureRepo' ? noClone : { value: 1 }));
    expect(failure).toMatchObject({
      ...toFailure(new RetryableError('REPOSITORY_FAILED', 'no clone')),
      retryable: false,
    });
    expect(told).toEqual(['identity succeeded', 'repository failed']);
  });
});
