import * as v from 'valibot';
import { databricks, id } from '../clients/databricks.ts';
import { idForJson } from '../clients/json.ts';
import { idempotencyToken } from '../domain/ids.ts';
import type { Deployment, Job, SubmittedRun, Workspace } from '../domain/steps.ts';

/** Starts RUNME once per attempt: Databricks answers a repeated idempotency token with the run that it started first. */
export async function submitRun({
  id: deploymentId,
  attempt,
  stamp,
  workspace,
  job,
}: Deployment & { workspace: Workspace; job: Job }): Promise<SubmittedRun> {
  const { run_id: runId } = await databricks(workspace).post(
    '/api/2.2/jobs/run-now',
    { job_id: idForJson(job.jobId), idempotency_token: idempotencyToken(deploymentId, attempt, stamp) },
    v.object({ run_id: id }),
  );
  return { runId, url: `https://${workspace.host}/jobs/${job.jobId}/runs/${runId}` };
}
