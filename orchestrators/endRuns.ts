import type { Task } from 'durable-functions';
import { toFailure } from '../domain/errors.ts';
import { limitsOf } from '../domain/limits.ts';
import { type ActiveRun, cancelRuns, type CancelRunsInput, type DeployInput } from '../domain/steps.ts';
import type { Flow } from './flow.ts';
import { runStep, sleep, type StepObserver } from './runStep.ts';

/**
 * Cancels whatever still runs in Databricks for a deployment and waits until nothing does. Gives the runs that would not
 * end in time, or where Databricks could not be asked those seen last, the suspected one at first; never throws, because
 * it is what a failure ends with.
 */
export function* endRuns(
  flow: Flow,
  { limits, polling }: Pick<DeployInput, 'limits' | 'polling'>,
  input: CancelRunsInput,
  observer: StepObserver,
  suspected: ActiveRun,
): Generator<Task, ActiveRun[], unknown> {
  const endMs = flow.nowMs + limitsOf(limits).cancelSeconds * 1000;
  let active = [suspected];
  try {
    for (;;) {
      ({ active } = yield* runStep(flow, cancelRuns, input, observer));
      if (active.length === 0 || flow.nowMs >= endMs) return active;
      yield* sleep(flow, polling.floorSeconds, observer);
    }
  } catch (error) {
    const failure = toFailure(error);
    observer.retrying(failure);
    // No run outlives its workspace.
    return failure.code === 'WORKSPACE_GONE' ? [] : active;
  }
}
