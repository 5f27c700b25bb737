import * as v from 'valibot';
import { databricks, type DatabricksApi, id } from '../clients/databricks.ts';
import { isMissing } from '../clients/databricksFailure.ts';
import { RetryableError } from '../domain/errors.ts';
import { redact } from '../domain/redact.ts';
import { isOver } from '../domain/runs.ts';
import { runStateOf, stateFields } from '../domain/runState.ts';
import type { RunState, RunView, TaskView, Workspace } from '../domain/steps.ts';

const task = v.object({
  ...stateFields,
  run_id: id,
  task_key: v.string(),
  attempt_number: v.optional(v.number(), 0),
});
const run = v.object({ ...stateFields, run_id: id, job_id: id, tasks: v.optional(v.array(task), []) });
const output = v.object({
  notebook_output: v.optional(v.object({ result: v.optional(v.string()) })),
  error: v.optional(v.string()),
  error_trace: v.optional(v.string()),
});

const resultLength = 8000;
const traceLines = 20;

/** The state of a run and its tasks; once it is over, also what the tasks handed over, or the first failure with its trace. */
export async function readRun({ workspace, runId }: { workspace: Workspace; runId: string }): Promise<RunView> {
  const api = databricks(workspace);
  const seen = await api.get('/api/2.2/jobs/runs/get', { run_id: runId }, run).catch((error: unknown) => {
    // A run may be unknown for seconds after its start; the retry policy decides when it counts as gone.
    throw isMissing(error) ? new RetryableError('RUN_LOST', `Databricks does not know the run ${runId}.`) : error;
  });
  const url = `https://${workspace.host}/jobs/${seen.job_id}/runs/${seen.run_id}`;
  const tasks = latestAttempts(seen.tasks.map((one) => viewOf(one, url)));
  const view: RunView = { runId, jobId: seen.job_id, url, tasks, results: {}, ...stateAndTimes(seen) };
  if (!isOver(view.state)) return view;
  return view.state === 'succeeded'
    ? { ...view, results: await resultsOf(api, tasks) }
    : { ...view, ...(await problemOf(api, tasks, seen.tasks)) };
}

function stateAndTimes(seen: v.InferOutput<typeof task | typeof run>): {
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

function viewOf(seen: v.InferOutput<typeof task>, runUrl: string): TaskView {
  const { message: _message, ...rest } = stateAndTimes(seen);
  return {
    key: seen.task_key,
    runId: seen.run_id,
    attempt: seen.attempt_number + 1,
    url: runUrl.replace(/\d+$/, seen.run_id),
    ...rest,
  };
}

/** A task that was tried again is listed once per attempt; the last one counts. */
function latestAttempts(tasks: TaskView[]): TaskView[] {
  const latest = new Map<string, TaskView>();
  for (const task of tasks) {
    if ((latest.get(task.key)?.attempt ?? 0) <= task.attempt) latest.set(task.key, task);
  }
  return [...latest.values()];
}

async function resultsOf(api: DatabricksApi, tasks: TaskView[]): Promise<Record<string, string>> {
  const results: Record<string, string> = {};
  for (const { key, runId, state } of tasks) {
    if (state !== 'succeeded') continue;
    const { notebook_output: notebook } = await api.get('/api/2.2/jobs/runs/get-output', { run_id: runId }, output);
    if (notebook?.result) results[key] = redact(notebook.result).slice(0, resultLength);
  }
  return results;
}

async function problemOf(
  api: DatabricksApi,
  tasks: TaskView[],
  seen: v.InferOutput<typeof task>[],
): Promise<{ problem?: NonNullable<RunView['problem']> }> {
  const failed = tasks.find(({ state }) => state === 'failed' || state === 'timedOut');
  if (!failed) return {};
  const { error, error_trace: trace } = await api.get(
    '/api/2.2/jobs/runs/get-output',
    { run_id: failed.runId },
    output,
  );
  const { message, byPlatform } = runStateOf(seen.find(({ run_id }) => run_id === failed.runId) ?? {});
  return {
    problem: {
      task: failed.key,
      error: redact(error ?? message ?? 'Databricks gives no reason.').slice(0, 1000),
      trace: trace ? redact(trace).split('\n').slice(-traceLines) : [],
      ...(failed.url && { url: failed.url }),
      byPlatform: byPlatform && !error,
    },
  };
}
