import { invalidParameter, invalidState, missingField } from '../apiError.ts';
import { type Fields, optionalFlag, optionalId } from '../requestFields.ts';
import type { JobSettings, TaskSettings } from './jobSettings.ts';
import { type Run, goStartMs, isOver, latestAttempts } from './run.ts';

/** The tasks of a run that did not end well; they were skipped, excluded or cancelled, if they did not fail. */
export function unsuccessfulTasks(run: Run): Set<string> {
  const open = [...latestAttempts(run).values()].filter(({ ending }) => ending?.result !== 'SUCCESS');
  return new Set(open.filter(({ ending }) => ending?.result !== 'DISABLED').map(({ taskKey }) => taskKey));
}

/**
 * The tasks that a `jobs/runs/repair` asks for; 400 for what Databricks refuses
 * (https://docs.databricks.com/api/jobs/v2/repair.md; wordings: databricks-sdk-py #157, apache/airflow #69998).
 */
export function tasksToRepair(run: Run, body: Fields): Set<string> {
  if (!isOver(run)) throw invalidState(`Run ${run.runId} is in progress and cannot be repaired.`);
  checkLatestRepair(run, optionalId(body, 'latest_repair_id'));
  const named = body['rerun_tasks'];
  const allFailed = optionalFlag(body, 'rerun_all_failed_tasks');
  if (named === undefined && !allFailed) throw missingField('rerun_tasks');
  if (named !== undefined && allFailed)
    throw invalidParameter('Only one of rerun_tasks and rerun_all_failed_tasks can be used.');
  const wanted = allFailed ? unsuccessfulTasks(run) : namedTasks(run, named);
  if (wanted.size === 0) throw invalidParameter(`Run ${run.runId} has no failed tasks to repair.`);
  return optionalFlag(body, 'rerun_dependent_tasks') ? withDependents(run.settings.tasks, wanted) : wanted;
}

function checkLatestRepair(run: Run, given: string | undefined): void {
  const latest = run.repair?.repairId;
  if (latest === given) return;
  if (given === undefined)
    throw invalidParameter('The latest repair ID needs to be provided in order to create a new repair');
  throw invalidParameter(`${given} is not the latest repair of run ${run.runId}.`);
}

function namedTasks(run: Run, named: unknown): Set<string> {
  const known = new Set(run.settings.tasks.map(({ task_key: key }) => key));
  if (!Array.isArray(named)) throw invalidParameter('Field rerun_tasks must be a list.');
  const keys = named.map(String);
  if (new Set(keys).size < keys.length) throw invalidParameter('rerun_tasks cannot contain duplicate task keys.');
  for (const key of keys) if (!known.has(key)) throw invalidParameter(`Run ${run.runId} has no task ${key}.`);
  return new Set(keys);
}

function withDependents(tasks: TaskSettings[], wanted: Set<string>): Set<string> {
  const all = new Set(wanted);
  for (let size = 0; size < all.size;) {
    size = all.size;
    for (const { task_key: key, depends_on: needs = [] } of tasks)
      if (needs.some((need) => all.has(need.task_key))) all.add(key);
  }
  return all;
}

/** The run's settings with the job's present ones for what a repair runs again ("the current job and task settings"). */
export function settingsForRepair(run: Run, current: JobSettings, taskKeys: Set<string>): JobSettings {
  const present = new Map(current.tasks.map((task) => [task.task_key, task]));
  const clusters = new Map(
    [...(run.settings.job_clusters ?? []), ...(current.job_clusters ?? [])].map((one) => [one.job_cluster_key, one]),
  );
  return {
    ...current,
    tasks: run.settings.tasks.map((task) => (taskKeys.has(task.task_key) && present.get(task.task_key)) || task),
    ...(clusters.size > 0 && { job_clusters: [...clusters.values()] }),
  };
}

/** Puts a run that is over back to its start, as the given repair. */
export function openNextGo(run: Run, repairId: string, nowMs: number): void {
  const { repair, endMs, ending } = run;
  if (endMs === undefined || !ending) throw new Error(`Run ${run.runId} is not over.`);
  const past = { startMs: goStartMs(run), endMs, ending, ...(repair && { repairId: repair.repairId }) };
  run.earlier = [...(run.earlier ?? []), past];
  run.repair = { repairId, startMs: nowMs };
  run.lifeCycle = 'PENDING';
  delete run.ending;
  delete run.endMs;
  delete run.endsAtMs;
}
