import * as v from 'valibot';
import { type DatabricksApi, id } from '../clients/databricks.ts';
import { stateFields } from '../domain/runState.ts';
import { pagesOf } from './pagesOf.ts';

const task = v.object({
  ...stateFields,
  run_id: id,
  task_key: v.string(),
  attempt_number: v.optional(v.number(), 0),
});
const go = v.object({ type: v.optional(v.string()), id: v.optional(id), task_run_ids: v.optional(v.array(id), []) });
const run = v.object({
  ...stateFields,
  run_id: id,
  job_id: id,
  tasks: v.optional(v.array(task), []),
  repair_history: v.optional(v.array(go), []),
  next_page_token: v.optional(v.string(), ''),
});

export type SeenRun = v.InferOutput<typeof run>;
export type SeenTask = v.InferOutput<typeof task>;

// A job has at most 1000 tasks, and version 2.2 gives 100 of them at a time.
const mostPages = 10;

/** A run as Databricks shows it, with its history and all its tasks; their attempts beyond ten pages are left out. */
export async function readRunPages(api: DatabricksApi, runId: string): Promise<SeenRun> {
  const query = { run_id: runId, include_history: 'true' };
  const [first, ...more] = await pagesOf(api, '/api/2.2/jobs/runs/get', query, run, mostPages);
  if (!first) throw new RangeError('a run has at least one page');
  return { ...first, tasks: [first, ...more].flatMap(({ tasks }) => tasks) };
}

/** The repairs among a run's history, oldest first. */
export const repairsOf = ({ repair_history: history }: SeenRun): SeenRun['repair_history'] =>
  history.filter(({ type }) => type === 'REPAIR');
