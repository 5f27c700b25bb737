import type { Task } from 'durable-functions';
import { toFailure } from '../domain/errors.ts';
import { limitsOf } from '../domain/limits.ts';
import { type ActiveRun, cancelRuns, type CancelRunsInput, type DeployInput } from '../domain/steps.ts';
import type { Flow } from './flow.ts';
import { runStep, sleep, type StepObserver } from './runStep.ts';

/**
 * Cancels whatever still runs in Databricks for a deployment and waits until nothing does. Gives the runs that would not
 * end in time, or that Databricks could no longer be asked about; never throws, because it is what a failure ends with.
 */
export function* endRuns(
  flow: Flow,
  { limits, polling }: Pick<DeployInput, 'limits' | 'polling'>,
  input: CancelRunsInput,
  observer: StepObserver,
): Generator<Task, ActiveRun[], unknown> {
  const endMs = flow.nowMs + limitsOf(limits).cancelSeconds * 1000;
  let active: ActiveRun[] = [];
  try {
    for (;;) {
      ({ active } = yield* runStep(flow, cancelRuns, input, observer));
      if (active.length === 0 || flow.nowMs >= endMs) return active;
      yield* sleep(flow, polling.floorSeconds, observer);
    }
  } catch (error) {
    observer.retrying(toFailure(error));
    return active;
  }
}
