import type { Task } from 'durable-functions';
import { DeploymentError } from '../domain/errors.ts';
import { fitWatchStatus } from '../domain/fitStatus.ts';
import { deservesRepair, failureOfRun } from '../domain/runs.ts';
import { repairRun, type RunView } from '../domain/steps.ts';
import type { WatchRunInput } from '../domain/watchRunInput.ts';
import type { Flow } from './flow.ts';
import { runStep, sleep, type StepObserver } from './runStep.ts';

// Time for a throttled cloud to recover, and for a person to repair the run instead.
const pauseSeconds = 30;
/** How long a repair may take to show in the run's history. */
const showsWithinSeconds = 300;
// Of what a custom status holds, two runs leave this for each of their repairs.
const mostOfReason = 240;

/**
 * Has a run repaired that the platform has failed in a way that may pass, once. True when the run is to be looked at
 * again, false when it stays as it ended.
 */
export function* repairOnce(
  flow: Flow,
  watch: WatchRunInput,
  run: RunView,
  observer: StepObserver,
): Generator<Task, boolean, unknown> {
  if (!deservesRepair(run)) return false;
  const shown = watch.status.runs.find(({ role }) => role === watch.role);
  yield* sleep(flow, pauseSeconds, observer);
  if (shown?.repaired) return flow.nowMs - Date.parse(shown.repaired.at) <= showsWithinSeconds * 1000;
  try {
    yield* runStep(flow, repairRun, { workspace: watch.workspace, runId: run.runId, repairs: run.repairs }, observer);
  } catch (error) {
    // What Databricks refuses is not news to a person: why the run failed is.
    if (error instanceof DeploymentError && error.failure.code.startsWith('DATABRICKS_')) return false;
    throw error;
  }
  const { code, message } = failureOfRun(run, watch.role);
  const at = new Date(flow.nowMs).toISOString();
  if (shown) shown.repaired = { at, why: `${code}: ${message}`.slice(0, mostOfReason) };
  flow.ctx.df.setCustomStatus(fitWatchStatus(watch.status));
  watch.roleStartedMs = flow.nowMs;
  return true;
}
