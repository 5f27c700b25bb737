import { anything, databricks } from '../clients/databricks.ts';
import { isMissing } from '../clients/databricksFailure.ts';
import { idForJson } from '../clients/json.ts';
import type { Removed, RemoveInWorkspace } from '../domain/removal.ts';
import { homeOf } from './seenFolder.ts';
import { seenJobs } from './seenJobs.ts';

/** Deletes the jobs that carry the deployment's tag, with the record of their runs. */
export async function removeJobs({ workspace, ...deployment }: RemoveInWorkspace): Promise<Removed> {
  const api = databricks(workspace);
  const { own } = await seenJobs(api, await homeOf(api), deployment);
  for (const { jobId } of own) {
    try {
      await api.post('/api/2.2/jobs/delete', { job_id: idForJson(jobId) }, anything);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  return { removed: own.map(({ name }) => ({ kind: 'job', name })), kept: [] };
}
