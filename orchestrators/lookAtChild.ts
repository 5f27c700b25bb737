import type { Task } from 'durable-functions';
import { runStartedBy } from '../domain/runs.ts';
import { findChildRun, readRun, type RunView } from '../domain/steps.ts';
import type { WatchRunInput } from '../domain/watchRunInput.ts';
import type { Flow } from './flow.ts';
import { runStep, type StepObserver } from './runStep.ts';

/** The child of a RUNME that waits for it, as it is now; undefined until there is one. */
export function* lookAtChild(
  flow: Flow,
  watch: WatchRunInput,
  runme: RunView,
  observer: StepObserver,
): Generator<Task, RunView | undefined, unknown> {
  const { workspace } = watch;
  if (runme.state === 'waiting') return undefined;
  if (!watch.child) {
    const { runId } = yield* runStep(flow, findChildRun, { workspace, runId: watch.runId }, observer);
    if (runId === undefined) return undefined;
    watch.child = { runId, sinceMs: flow.nowMs };
  }
  return yield* readRunOf(flow, watch, watch.child.runId, observer);
}

/** One look at a run; one that has been shown before and is missing is gone. */
export function* readRunOf(
  flow: Flow,
  { workspace, status }: WatchRunInput,
  runId: string,
  observer: StepObserver,
): Generator<Task, RunView, unknown> {
  const seen = status.runs.some((run) => run.runId === runId);
  return yield* runStep(flow, readRun, { workspace, runId, ...(seen && { seen }) }, observer);
}

/** The run that RUNME has started: the one that it names, else the companion library's; throws RUNME_RESULT_INVALID when there is none. */
export function* childOf(
  flow: Flow,
  { workspace }: WatchRunInput,
  runme: RunView,
  observer: StepObserver,
): Generator<Task, string, unknown> {
  try {
    return runStartedBy(runme);
  } catch (error) {
    const { runId } = yield* runStep(flow, findChildRun, { workspace, runId: runme.runId }, observer);
    if (runId === undefined) throw error;
    return runId;
  }
}
