import type { OrchestrationContext, Task } from 'durable-functions';
import { toFailure, type Failure } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import { pauseBeforeRetry } from '../domain/retry.ts';
import type { Step } from '../domain/steps.ts';

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

/** Calls a step until it succeeds, pausing by durable timer; throws a `DeploymentError` when its limits are spent. */
export function* runStep<I extends object, O>(
  ctx: OrchestrationContext,
  step: Step<I, O>,
  input: I,
  observer: StepObserver,
): Generator<Task, O, unknown> {
  const startedMs = nowMs(ctx);
  let trouble: Trouble | undefined;
  for (let tries = 1; ; tries++) {
    observer.trying(tries);
    const outcome = yield* callOnce(ctx, step, input);
    if ('value' in outcome) return outcome.value;
    const { failure } = outcome;
    const failedMs = nowMs(ctx);
    trouble = goesOn(trouble, failure, failedMs);
    const seed = ctx.df.instanceId + step.name;
    const sameCodeSeconds = (failedMs - trouble.sinceMs) / 1000;
    const pause = pauseBeforeRetry(failure, step.policy, tries, (failedMs - startedMs) / 1000, seed, sameCodeSeconds);
    observer.retrying(failure);
    yield* sleep(ctx, pause, observer);
  }
}

/** Waits by durable timer and tells the observer how long. */
export function* sleep(
  ctx: OrchestrationContext,
  seconds: number,
  observer: StepObserver,
): Generator<Task, void, unknown> {
  yield ctx.df.createTimer(new Date(nowMs(ctx) + seconds * 1000));
  observer.waited(seconds);
}

/** The orchestration's own time, the same on each replay. */
export const nowMs = (ctx: OrchestrationContext): number => ctx.df.currentUtcDateTime.getTime();

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
