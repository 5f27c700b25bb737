import * as v from 'valibot';
import { anything, databricks, type DatabricksApi, id } from '../clients/databricks.ts';
import { orUndefined } from '../clients/databricksFailure.ts';
import { idForJson } from '../clients/json.ts';
import type { ActiveRun, Deployment, Workspace } from '../domain/steps.ts';
import { pagesOf } from './pagesOf.ts';
import { homeOf } from './seenFolder.ts';
import { seenJobs } from './seenJobs.ts';

const runs = v.object({
  runs: v.optional(v.array(v.object({ run_id: id })), []),
  next_page_token: v.optional(v.string(), ''),
});

/**
 * Asks Databricks to end every active run of the deployment: those of its job, and of the jobs that RUNME made for it.
 * Gives the runs that were active; called again until there are none, it has waited for their end, and for that of a run
 * that RUNME has started meanwhile.
 */
export async function cancelRuns({
  workspace,
  ...deployment
}: Deployment & { workspace: Workspace }): Promise<{ active: ActiveRun[] }> {
  const api = databricks(workspace);
  const active: ActiveRun[] = [];
  for (const { jobId, name } of (await seenJobs(api, await homeOf(api), deployment)).own) {
    for (const runId of await activeRunsOf(api, jobId)) {
      // One that ended or was deleted meanwhile is as good as cancelled.
      await orUndefined(api.post('/api/2.2/jobs/runs/cancel', { run_id: idForJson(runId) }, anything));
      active.push({ runId, job: name, url: `https://${workspace.host}/jobs/${jobId}/runs/${runId}` });
    }
  }
  return { active };
}

async function activeRunsOf(api: DatabricksApi, jobId: string): Promise<string[]> {
  const query = { job_id: jobId, active_only: 'true', limit: '24' };
  const pages = await pagesOf(api, '/api/2.2/jobs/runs/list', query, runs);
  return pages.flatMap((page) => page.runs.map(({ run_id }) => run_id));
}
