import type { Task } from 'durable-functions';
import { watchInstanceId } from '../domain/ids.ts';
import { limitsOf } from '../domain/limits.ts';
import type { WatchResult } from '../domain/status.ts';
import * as steps from '../domain/steps.ts';
import type { WatchRunInput } from '../domain/watchRunInput.ts';
import type { Flow } from './flow.ts';
import type { Progress } from './progress.ts';
import { runChild } from './runChild.ts';
import { runStep } from './runStep.ts';

export interface NotebooksEnd {
  runme: steps.SubmittedRun;
  runs: WatchResult['runs'];
  /** What the last notebook handed over. */
  result: unknown;
}

/** Starts RUNME and follows it and the notebooks to their end. */
export function* runNotebooks(
  flow: Flow,
  progress: Progress,
  { deployment, polling, limits }: steps.DeployInput,
  { resourceId, host }: steps.Workspace,
  job: steps.Job,
  endsAtMs: number,
): Generator<Task, NotebooksEnd, unknown> {
  const workspace = { resourceId, host };
  const start = progress.begin('run');
  const runme = yield* runStep(flow, steps.submitRun, { ...deployment, workspace, job }, start);
  progress.link({ runmeRun: runme.url });
  start.done();

  const notebooks = progress.begin('notebooks');
  notebooks.waiting();
  const watch: WatchRunInput = {
    workspace,
    polling,
    role: 'RUNME',
    runId: runme.runId,
    startedMs: 0,
    roleStartedMs: 0,
    ...(deployment.accelerator.companion && { companion: true }),
    limitSeconds: limitsOf(limits).runSeconds,
    endsAtMs,
    status: { runs: [], waitedSeconds: 0 },
  };
  const instanceId = watchInstanceId(deployment.id, deployment.attempt);
  const { runs, waitedSeconds, result } = yield* runChild<WatchResult>(flow, 'watchRun', watch, instanceId);
  notebooks.waited(waitedSeconds);
  const child = runs.find(({ role }) => role === 'notebooks');
  if (child) progress.link({ notebooksRun: child.url });
  notebooks.done();
  return { runme, runs, result };
}
