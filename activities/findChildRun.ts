import * as v from 'valibot';
import { databricks, id } from '../clients/databricks.ts';
import { orUndefined } from '../clients/databricksFailure.ts';
import type { ChildRun, Workspace } from '../domain/steps.ts';
import { companionJobs } from './companionJobs.ts';

const runme = v.object({
  start_time: v.optional(v.number(), 0),
  tasks: v.optional(
    v.array(v.object({ notebook_task: v.optional(v.object({ notebook_path: v.optional(v.string()) })) })),
    [],
  ),
});
const runs = v.object({
  runs: v.optional(v.array(v.object({ run_id: id, start_time: v.optional(v.number(), 0) })), []),
});

/**
 * The newest run of the companion library's job that began after this RUNME did: the library hands over neither, and its
 * job may have runs of earlier attempts. Empty while there is none.
 */
export async function findChildRun({ workspace, runId }: { workspace: Workspace; runId: string }): Promise<ChildRun> {
  const api = databricks(workspace);
  const seen = await orUndefined(api.get('/api/2.2/jobs/runs/get', { run_id: runId }, runme));
  const path = seen?.tasks.at(-1)?.notebook_task?.notebook_path;
  // A run that has not started has no time.
  if (!seen || seen.start_time === 0 || path === undefined) return {};
  const found: v.InferOutput<typeof runs>['runs'] = [];
  for (const jobId of await companionJobs(api, path)) {
    // Newest first.
    const query = { job_id: jobId, start_time_from: String(seen.start_time), limit: '1' };
    found.push(...(await api.get('/api/2.2/jobs/runs/list', query, runs)).runs);
  }
  const newest = found.toSorted((a, b) => b.start_time - a.start_time)[0];
  return newest ? { runId: newest.run_id } : {};
}
