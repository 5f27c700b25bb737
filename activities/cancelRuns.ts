import * as v from 'valibot';
import { anything, databricks, type DatabricksApi, id } from '../clients/databricks.ts';
import { orUndefined } from '../clients/databricksFailure.ts';
import { idForJson } from '../clients/json.ts';
import type { ActiveRun, Deployment, Workspace } from '../domain/steps.ts';
import { pagesOf } from './pagesOf.ts';
import { homeOf } from './seenFolder.ts';
import { seenJobs } from './seenJobs.ts';

const runs = v.object({
  runs: v.optional(v.array(v.object({ run_id: id, start_time: v.optional(v.number(), 0) })), []),
  next_page_token: v.optional(v.string(), ''),
});

/**
 * Asks Databricks to end every active run of the deployment: those of its job, and of the jobs that RUNME made for it.
 * Gives the runs that were active; called again until there are none, it has waited for their end, and for that of a run
 * that RUNME has started meanwhile. What did not begin before `askedMs` it leaves to the next call: a backend may deliver a call
 * again when the next attempt has begun, whose run is not to be ended by it.
 */
export async function cancelRuns({
  workspace,
  askedMs = Number.POSITIVE_INFINITY,
  ...deployment
}: Deployment & { workspace: Workspace; askedMs?: number }): Promise<{ active: ActiveRun[] }> {
  const api = databricks(workspace);
  const active: ActiveRun[] = [];
  for (const { jobId, name } of (await seenJobs(api, await homeOf(api), deployment)).own) {
    for (const { run_id: runId, start_time: startedMs } of await activeRunsOf(api, jobId)) {
      // One that ended or was deleted meanwhile is as good as cancelled.
      if (startedMs < askedMs)
        await orUndefined(api.post('/api/2.2/jobs/runs/cancel', { run_id: idForJson(runId) }, anything));
      active.push({ runId, job: name, url: `https://${workspace.host}/jobs/${jobId}/runs/${runId}` });
    }
  }
  return { active };
}

async function activeRunsOf(api: DatabricksApi, jobId: string): Promise<v.InferOutput<typeof runs>['runs']> {
  const query = { job_id: jobId, active_only: 'true', limit: '24' };
  return (await pagesOf(api, '/api/2.2/jobs/runs/list', query, runs)).flatMap((page) => page.runs);
}
