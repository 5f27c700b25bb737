import type { Task } from 'durable-functions';
import { type Failure, toFailure } from '../domain/errors.ts';
import { limitsOf } from '../domain/limits.ts';
import { type ActiveRun, cancelRuns, type DeployInput, type Workspace } from '../domain/steps.ts';
import type { Flow } from './flow.ts';
import { runStep, sleep, type StepObserver } from './runStep.ts';

export interface EndedRuns {
  /** Every run that was active at some look. */
  cancelled: ActiveRun[];
  /** Those that would not end in time; where Databricks could not be asked those seen last, the suspected one at first. */
  active: ActiveRun[];
  /** Why Databricks could no longer be asked. */
  failure?: Failure;
}

/** Cancels whatever runs in Databricks for a deployment and waits until nothing does; never throws, because it is also what a failure ends with. */
export function* endRuns(
  flow: Flow,
  { deployment, limits, polling }: Pick<DeployInput, 'deployment' | 'limits' | 'polling'>,
  { resourceId, host }: Workspace,
  observer: StepObserver,
  suspected?: ActiveRun,
): Generator<Task, EndedRuns, unknown> {
  const endMs = flow.nowMs + limitsOf(limits).cancelSeconds * 1000;
  const about = { ...deployment, workspace: { resourceId, host } };
  const cancelled = new Map<string, ActiveRun>();
  let active = suspected ? [suspected] : [];
  try {
    for (;;) {
      ({ active } = yield* runStep(flow, cancelRuns, { ...about, askedMs: flow.nowMs }, observer));
      for (const run of active) cancelled.set(run.runId, run);
      if (active.length === 0 || flow.nowMs >= endMs) break;
      yield* sleep(flow, polling.floorSeconds, observer);
    }
    return { cancelled: [...cancelled.values()], active };
  } catch (error) {
    const failure = toFailure(error);
    observer.retrying(failure);
    // No run outlives its workspace.
    if (failure.code === 'WORKSPACE_GONE') active = [];
    return { cancelled: [...cancelled.values()], active, failure };
  }
}
