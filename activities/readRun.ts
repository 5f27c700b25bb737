import type { InvocationContext } from '@azure/functions';
import * as v from 'valibot';
import { databricks, type DatabricksApi } from '../clients/databricks.ts';
import { isMissing } from '../clients/databricksFailure.ts';
import { latestAttempts } from '../domain/attempts.ts';
import { RetryableError, TerminalError } from '../domain/errors.ts';
import type { PlatformFailure } from '../domain/platformFailure.ts';
import { redact } from '../domain/redact.ts';
import { isOver } from '../domain/runs.ts';
import { knownRunStates, runStateOf, stateNameOf } from '../domain/runState.ts';
import type { RunState, RunView, TaskView, Workspace } from '../domain/steps.ts';
import { readRunPages, repairsOf, type SeenRun, type SeenTask } from './readRunPages.ts';
import { warnOfState } from './warnOfState.ts';

const output = v.object({
  notebook_output: v.optional(v.object({ result: v.optional(v.string()) })),
  error: v.optional(v.string()),
  error_trace: v.optional(v.string()),
});

const resultLength = 8000;
const traceLines = 20;

/**
 * The state of a run and its tasks; once it is over, also what the tasks handed over, or the first failure with its trace.
 * A run that has been `seen` and is not there any more throws RUN_LOST for good.
 */
export async function readRun(
  { workspace, runId, seen: wasSeen = false }: { workspace: Workspace; runId: string; seen?: boolean },
  ctx?: Pick<InvocationContext, 'warn'>,
): Promise<RunView> {
  const api = databricks(workspace);
  const seen = await readRunPages(api, runId).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
    if (wasSeen) throw new TerminalError('RUN_LOST', `The run ${runId} is not there any more.`);
    // A run may be unknown for a while after its start.
    throw new RetryableError('NOT_SHOWN_YET', `Databricks does not show the run ${runId}.`);
  });
  warnOfState(ctx, `run ${runId}`, stateNameOf(seen), knownRunStates);
  const url = `https://${workspace.host}/jobs/${seen.job_id}/runs/${seen.run_id}`;
  const latest = latestAttempts(seen.tasks, seen.repair_history);
  const tasks = latest.map((one) => viewOf(one, url));
  const repairs = repairsOf(seen).length;
  const view: RunView = { runId, jobId: seen.job_id, url, repairs, tasks, results: {}, ...stateAndTimes(seen) };
  if (!isOver(view.state)) return view;
  return view.state === 'succeeded'
    ? { ...view, results: await resultsOf(api, tasks) }
    : { ...view, ...(await problemOf(api, seen, latest, url)) };
}

function stateAndTimes(seen: SeenRun | SeenTask): {
  state: RunState;
  startedAt?: string;
  endedAt?: string;
  message?: string;
} {
  const { state, message } = runStateOf(seen);
  return {
    state,
    ...(seen.start_time ? { startedAt: new Date(seen.start_time).toISOString() } : {}),
    ...(seen.end_time ? { endedAt: new Date(seen.end_time).toISOString() } : {}),
    ...(message && { message: redact(message).slice(0, 500) }),
  };
}

function viewOf(seen: SeenTask, runUrl: string): TaskView {
  const { message: _message, ...rest } = stateAndTimes(seen);
  return {
    key: seen.task_key,
    runId: seen.run_id,
    attempt: seen.attempt_number + 1,
    url: pageOf(seen, runUrl),
    ...rest,
  };
}

const pageOf = ({ run_id }: SeenTask, runUrl: string): string => runUrl.replace(/\d+$/, run_id);

async function resultsOf(api: DatabricksApi, tasks: TaskView[]): Promise<Record<string, string>> {
  const results: Record<string, string> = {};
  for (const { key, runId, state } of tasks) {
    if (state !== 'succeeded') continue;
    const { notebook_output: notebook } = await api.get('/api/2.2/jobs/runs/get-output', { run_id: runId }, output);
    if (notebook?.result) results[key] = redact(notebook.result).slice(0, resultLength);
  }
  return results;
}

/** The task that a person should look at first, and the platform's part in it. */
async function problemOf(
  api: DatabricksApi,
  seen: SeenRun,
  tasks: SeenTask[],
  runUrl: string,
): Promise<{ problem?: NonNullable<RunView['problem']>; platform?: PlatformFailure }> {
  const failed = tasks
    .map((task) => ({ task, ...runStateOf(task) }))
    .filter(({ state }) => state === 'failed' || state === 'timedOut');
  const worst =
    failed.find(({ platform }) => !platform) ?? failed.find(({ platform }) => !platform?.repairable) ?? failed[0];
  if (!worst) {
    const { platform } = runStateOf(seen);
    return platform ? { platform } : {};
  }
  const { task, platform, message } = worst;
  const { error, error_trace: trace } = await api.get('/api/2.2/jobs/runs/get-output', { run_id: task.run_id }, output);
  // The notebook's exception is only in the output, the platform's reason only in the task's state.
  const text = platform ? (message ?? error) : (error ?? message);
  return {
    problem: {
      task: task.task_key,
      error: redact(text ?? 'Databricks gives no reason.').slice(0, 1000),
      trace: trace ? redact(trace).split('\n').slice(-traceLines) : [],
      url: pageOf(task, runUrl),
    },
    ...(platform && { platform }),
  };
}
