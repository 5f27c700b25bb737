import * as v from 'valibot';
import { anything, databricks, type DatabricksApi, id } from '../clients/databricks.ts';
import { isMissing } from '../clients/databricksFailure.ts';
import { idForJson } from '../clients/json.ts';
import type { ActiveRun, CancelRunsInput } from '../domain/steps.ts';
import { childJobsOf } from './childJobsOf.ts';
import { pagesOf } from './pagesOf.ts';

const runs = v.object({
  runs: v.optional(v.array(v.object({ run_id: id })), []),
  next_page_token: v.optional(v.string(), ''),
});

/**
 * Asks Databricks to end every active run of the deployment: those of its job, and of the jobs that RUNME made for it.
 * Gives the runs that were active; called again until there are none, it has waited for their end.
 */
export async function cancelRuns({ deployment, workspace, job }: CancelRunsInput): Promise<{ active: ActiveRun[] }> {
  const api = databricks(workspace);
  const active: ActiveRun[] = [];
  // RUNME first, so that it starts no run after its child's have been looked for.
  for (const jobId of [job.jobId, ...(await childJobsOf(api, deployment, job.jobId))]) {
    for (const runId of await activeRunsOf(api, jobId)) {
      await cancel(api, runId);
      active.push({ runId, url: `https://${workspace.host}/jobs/${jobId}/runs/${runId}` });
    }
  }
  return { active };
}

async function activeRunsOf(api: DatabricksApi, jobId: string): Promise<string[]> {
  const query = { job_id: jobId, active_only: 'true', limit: '24' };
  const pages = await pagesOf(api, '/api/2.2/jobs/runs/list', query, runs);
  return pages.flatMap((page) => page.runs.map(({ run_id }) => run_id));
}

/** One that ended or was deleted meanwhile is as good as cancelled. */
async function cancel(api: DatabricksApi, runId: string): Promise<void> {
  try {
    await api.post('/api/2.2/jobs/runs/cancel', { run_id: idForJson(runId) }, anything);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
