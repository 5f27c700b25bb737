import type { OrchestrationContext, Task } from 'durable-functions';
import { toFailure, type Failure } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import { pauseBeforeRetry } from '../domain/retry.ts';
import type { Step } from '../domain/steps.ts';
import type { Flow } from './flow.ts';

/** Told what happens to a step, so that it can be shown. */
export interface StepObserver {
  trying(tries: number): void;
  retrying(failure: Failure): void;
  waited(seconds: number): void;
}

/** Since when a step has failed with one code. */
export interface Trouble {
  code: Failure['code'];
  sinceMs: number;
}

/** The same trouble while the code stays the same, else a new one. */
export const goesOn = (trouble: Trouble | undefined, { code }: Failure, sinceMs: number): Trouble =>
  trouble?.code === code ? trouble : { code, sinceMs };

/**
 * Calls a step until it succeeds, pausing by durable timer; throws a `DeploymentError` when its limits are spent or the
 * orchestration has been asked to end.
 */
export function* runStep<I extends object, O>(
  flow: Flow,
  step: Step<I, O>,
  input: I,
  observer: StepObserver,
): Generator<Task, O, unknown> {
  const { ctx } = flow;
  const startedMs = flow.nowMs;
  let trouble: Trouble | undefined;
  for (let tries = 1; ; tries++) {
    flow.requireUninterrupted();
    observer.trying(tries);
    const outcome = yield* callOnce(ctx, step, input);
    if ('value' in outcome) return outcome.value;
    const { failure } = outcome;
    const failedMs = flow.nowMs;
    trouble = goesOn(trouble, failure, failedMs);
    const seed = ctx.df.instanceId + step.name;
    const sameCodeSeconds = (failedMs - trouble.sinceMs) / 1000;
    const pause = pauseBeforeRetry(failure, step.policy, tries, (failedMs - startedMs) / 1000, seed, sameCodeSeconds);
    observer.retrying(failure);
    yield* sleep(flow, pause, observer, { failure });
  }
}

/** Waits by durable timer as `Flow.pauseUntil` does, and tells the observer how long. */
export function* sleep(
  flow: Flow,
  seconds: number,
  observer: StepObserver,
  options: Parameters<Flow['pauseUntil']>[1] = {},
): Generator<Task, void, unknown> {
  const startedMs = flow.nowMs;
  const dueMs = startedMs + seconds * 1000;
  yield* flow.pauseUntil(dueMs, options);
  // Timers may fire a little early or late; what was asked for is what is told, unless the pause was cut short.
  observer.waited(flow.nowMs < dueMs - 1000 ? (flow.nowMs - startedMs) / 1000 : seconds);
}

function* callOnce<I extends object, O>(
  ctx: OrchestrationContext,
  step: Step<I, O>,
  input: I,
): Generator<Task, Outcome<O>, unknown> {
  try {
    return (yield ctx.df.callActivity(step.name, input)) as Outcome<O>;
  } catch (error) {
    // An activity throws only when its worker died: a crash like any other retryable failure.
    return { failure: toFailure(error) };
  }
}
