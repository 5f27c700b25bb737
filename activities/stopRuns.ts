import * as v from 'valibot';
import { anything, databricks, id } from '../clients/databricks.ts';
import { idForJson } from '../clients/json.ts';
import type { RemoveInWorkspace } from '../domain/removal.ts';
import type { StoppedRuns } from '../domain/steps.ts';
import { homeOf, orUndefined } from './seenFolder.ts';
import { seenJobs } from './seenJobs.ts';

const active = v.object({ runs: v.optional(v.array(v.object({ run_id: id })), []) });

/** Cancels the active runs of the deployment's jobs and gives those that were still active; asked again until there are none. */
export async function stopRuns({ workspace, ...deployment }: RemoveInWorkspace): Promise<StoppedRuns> {
  const api = databricks(workspace);
  const runs: StoppedRuns['active'] = [];
  for (const { jobId, name } of (await seenJobs(api, await homeOf(api), deployment)).own) {
    const query = { job_id: jobId, active_only: 'true' };
    const found = await api.get('/api/2.2/jobs/runs/list', query, active);
    for (const { run_id: runId } of found.runs) {
      await orUndefined(api.post('/api/2.2/jobs/runs/cancel', { run_id: idForJson(runId) }, anything));
      const link = `https://${workspace.host}/jobs/${jobId}/runs/${runId}`;
      runs.push({ kind: 'run', name: `${name}: run ${runId}`, link });
    }
  }
  return { active: runs };
}
