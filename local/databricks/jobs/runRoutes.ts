import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import type { Collection } from '../../kit/store.ts';
import { invalidParameter, invalidState, notEmulated } from '../apiError.ts';
import type { Member } from '../callers.ts';
import {
  type Fields,
  bodyOf,
  boundedInteger,
  isFields,
  optionalFlag,
  optionalId,
  optionalText,
  queryOf,
  requiredId,
  textMap,
} from '../requestFields.ts';
import { type AddRoute, allVersions } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { jobsOf, requireJob } from './jobRoutes.ts';
import { pageOf } from './paging.ts';
import { requireRoom } from './jobLimits.ts';
import { exportRun } from './runExport.ts';
import { settingsForRepair, tasksToRepair } from './repairs.ts';
import { type Run, isOver } from './run.ts';
import type { RunEngine } from './runEngine.ts';
import { repairHistory, runView, taskView } from './runView.ts';

const tokenLength = 64;
const outputLength = 5 * 1024 * 1024;

const otherParameters = [
  'jar_params',
  'python_params',
  'spark_submit_params',
  'python_named_params',
  'pipeline_params',
  'sql_params',
  'dbt_commands',
];

interface IdempotencyToken {
  token: string;
  runId: string;
}

/** Runs: start, read, list, repair, cancel, delete. */
export function addRunRoutes(on: AddRoute, workspace: Workspace, engine: RunEngine): void {
  const add = (method: string, path: string, handle: (request: ApiRequest, caller: Member) => ApiReply): void => {
    for (const full of allVersions(path)) on(method, full, handle);
  };
  const tokens: Collection<IdempotencyToken> = workspace.store.collection('idempotencyTokens');
  add('POST', 'jobs/run-now', (request, caller) => runNow(workspace, engine, tokens, bodyOf(request), caller));
  add('GET', 'jobs/runs/get', (request) => get(workspace, engine, request));
  add('GET', 'jobs/runs/get-output', (request) => output(workspace, engine, requiredId(queryOf(request), 'run_id')));
  add('GET', 'jobs/runs/export', (request) => exportRun(workspace, engine.runs, queryOf(request)));
  add('GET', 'jobs/runs/list', (request) => list(workspace, engine, queryOf(request)));
  add('POST', 'jobs/runs/repair', (request) => repair(workspace, engine, bodyOf(request)));
  add('POST', 'jobs/runs/cancel', (request) => cancel(engine, requiredId(bodyOf(request), 'run_id')));
  add('POST', 'jobs/runs/cancel-all', (request) => cancelAll(engine, bodyOf(request)));
  add('POST', 'jobs/runs/delete', (request) => {
    const run = requireRun(engine, requiredId(bodyOf(request), 'run_id'));
    if (!isOver(run)) throw invalidState(`Run ${run.runId} is active and cannot be deleted; cancel it first.`);
    engine.runs.remove(run.runId);
    return { body: {} };
  });
}

function runNow(
  workspace: Workspace,
  engine: RunEngine,
  tokens: Collection<IdempotencyToken>,
  body: Fields,
  caller: Member,
): ApiReply {
  const token = optionalText(body, 'idempotency_token');
  if (token !== undefined && token.length > tokenLength) {
    throw invalidParameter(`The idempotency_token must have at most ${tokenLength} characters.`);
  }
  const earlier = token === undefined ? undefined : tokens.get(token);
  if (earlier) return { body: started(requireTokensRun(engine, earlier)) };
  for (const name of ['only', ...otherParameters])
    if (body[name] !== undefined) throw notEmulated(`run-now with ${name}`);
  const job = requireJob(jobsOf(workspace), requiredId(body, 'job_id'));
  const jobParameters = textMap(body, 'job_parameters') ?? {};
  const notebookParameters = textMap(body, 'notebook_params') ?? {};
  if (Object.keys(notebookParameters).length > 0 && (job.settings.parameters ?? []).length > 0) {
    throw invalidParameter('notebook_params cannot be used with a job that has job parameters; use job_parameters.');
  }
  const queue = isFields(body['queue']) ? optionalFlag(body['queue'], 'enabled') : job.settings.queue?.enabled === true;
  requireRoom(engine.runs.all());
  const run = engine.submit({
    job,
    creator: caller.applicationId,
    jobParameters,
    notebookParameters,
    queue,
    ...(token !== undefined && { idempotencyToken: token }),
  });
  if (token !== undefined) tokens.set(token, { token, runId: run.runId });
  return { body: started(run) };
}

function requireTokensRun(engine: RunEngine, { token, runId }: IdempotencyToken): Run {
  const run = engine.runs.get(runId);
  if (!run) throw invalidParameter(`The run of the idempotency_token ${token} has been deleted.`);
  return run;
}

const started = (run: Run): Fields => ({ run_id: BigInt(run.runId), number_in_job: run.numberInJob });

/** The run; when there is none, 400 as Databricks answers here instead of 404 (sdk-go, error_overrides.go). */
function requireRun(engine: RunEngine, runId: string): Run {
  const run = engine.runs.get(runId);
  if (!run) throw noRun(runId);
  return run;
}

const noRun = (runId: string): Error => invalidParameter(`Run ${runId} does not exist.`);

const isUnseen = ({ scenarios, clock }: Workspace, run: Run): boolean =>
  scenarios.hides('run', run.queuedMs, clock.now());

function get(workspace: Workspace, engine: RunEngine, request: ApiRequest): ApiReply {
  const query = queryOf(request);
  const runId = requiredId(query, 'run_id');
  if (engine.runs.findTask(runId)) throw notEmulated('runs/get of a single task run');
  const run = requireRun(engine, runId);
  if (isUnseen(workspace, run)) throw noRun(runId);
  const pageLength = request.path.startsWith('/api/2.2/') ? 100 : 10_000;
  const page = pageOf(run.tasks, pageLength, optionalText(query, 'page_token'));
  return {
    body: {
      ...runView(run, workspace),
      tasks: page.items.map((attempt) => taskView(run, attempt, workspace)),
      ...(optionalFlag(query, 'include_history') && { repair_history: repairHistory(run) }),
      ...(page.nextPageToken && { has_more: true, next_page_token: page.nextPageToken }),
    },
  };
}

function output(workspace: Workspace, engine: RunEngine, runId: string): ApiReply {
  if (engine.runs.get(runId)) {
    throw invalidParameter(
      'Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of each individual task run instead.',
    );
  }
  const found = engine.runs.findTask(runId);
  if (!found) throw noRun(runId);
  const { run, attempt } = found;
  const { result, truncated = false, error, errorTrace } = attempt.output ?? {};
  const { job_id, creator_user_name, run_name, run_type } = runView(run, workspace);
  return {
    body: {
      metadata: { job_id, creator_user_name, run_name, run_type, ...taskView(run, attempt, workspace) },
      notebook_output: isOver(attempt) && result !== undefined ? cut(result, truncated) : {},
      ...(error !== undefined && { error }),
      ...(errorTrace !== undefined && { error_trace: errorTrace }),
    },
  };
}

function cut(result: string, before: boolean): Fields {
  const bytes = Buffer.from(result);
  const now = bytes.length > outputLength;
  return { result: now ? bytes.subarray(0, outputLength).toString() : result, truncated: before || now };
}

function list(workspace: Workspace, engine: RunEngine, query: Fields): ApiReply {
  const jobId = optionalId(query, 'job_id');
  const limit = boundedInteger(query, 'limit', { least: 1, most: 24, fallback: 20 });
  const offset = boundedInteger(query, 'offset', { least: 0, most: 1e6, fallback: 0 });
  const active = optionalFlag(query, 'active_only');
  const completed = optionalFlag(query, 'completed_only');
  if (active && completed) throw invalidParameter('Only one of active_only and completed_only can be true.');
  const from = Number(optionalId(query, 'start_time_from') ?? 0);
  const to = Number(optionalId(query, 'start_time_to') ?? Number.MAX_SAFE_INTEGER);
  const found = engine.runs
    .all()
    .filter((run) => !isUnseen(workspace, run) && (jobId === undefined || run.jobId === jobId))
    .filter((run) => (!active || !isOver(run)) && (!completed || isOver(run)))
    .filter((run) => run.startMs >= from && run.startMs <= to)
    .toReversed();
  const page = pageOf(found, limit, optionalText(query, 'page_token'), offset);
  const runs = page.items.map((run) => ({
    ...runView(run, workspace),
    ...(optionalFlag(query, 'expand_tasks') && { tasks: run.tasks.map((task) => taskView(run, task, workspace)) }),
  }));
  return {
    body: {
      ...(runs.length > 0 && { runs }),
      has_more: page.nextPageToken !== undefined,
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

function repair(workspace: Workspace, engine: RunEngine, body: Fields): ApiReply {
  for (const name of [...otherParameters, 'job_parameters', 'notebook_params', 'performance_target'])
    if (body[name] !== undefined) throw notEmulated(`runs/repair with ${name}`);
  const run = requireRun(engine, requiredId(body, 'run_id'));
  const taskKeys = tasksToRepair(run, body);
  if (!engine.runs.hasRoomFor(run))
    throw invalidState(`The job ${run.jobId} already has its maximum of concurrent runs.`);
  const job = jobsOf(workspace).get(run.jobId);
  const repairId = engine.repair(run, taskKeys, job && settingsForRepair(run, job.settings, taskKeys));
  return { body: { repair_id: BigInt(repairId) } };
}

function cancel(engine: RunEngine, runId: string): ApiReply {
  const task = engine.runs.findTask(runId);
  if (task) engine.cancelTask(task.run, task.attempt);
  else engine.cancel(requireRun(engine, runId));
  return { body: {} };
}

function cancelAll(engine: RunEngine, body: Fields): ApiReply {
  const jobId = optionalId(body, 'job_id');
  if (jobId === undefined && !optionalFlag(body, 'all_queued_runs'))
    throw invalidParameter('Missing required field: job_id');
  for (const run of engine.runs.all()) {
    const wanted = jobId === undefined ? run.lifeCycle === 'QUEUED' : run.jobId === jobId;
    if (wanted) engine.cancel(run);
  }
  return { body: {} };
}
