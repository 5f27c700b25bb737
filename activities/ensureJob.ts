import * as v from 'valibot';
import { anything, databricks, type DatabricksApi, id } from '../clients/databricks.ts';
import { isMissing } from '../clients/databricksFailure.ts';
import { idForJson } from '../clients/json.ts';
import { TerminalError } from '../domain/errors.ts';
import { attemptMark, jobNameFor, ownerTag } from '../domain/ids.ts';
import { jobSettingsFrom } from '../domain/jobTemplate.ts';
import type { Deployment, Job, Repository, Workspace } from '../domain/steps.ts';

const jobs = v.object({
  jobs: v.optional(
    v.array(
      v.object({
        job_id: id,
        settings: v.optional(
          v.object({ name: v.optional(v.string()), tags: v.optional(v.record(v.string(), v.string())) }),
        ),
      }),
    ),
    [],
  ),
});

/**
 * The job that runs RUNME, made from the repository's job template or reset to it. The API has no token for a creation,
 * so: find by name and tag, create, find again, keep the lowest id and remove the others, which only a lost reply can leave.
 */
export async function ensureJob(input: Deployment & { workspace: Workspace; repository: Repository }): Promise<Job> {
  const { id: deploymentId, request, workspace, repository } = input;
  const api = databricks(workspace);
  const name = jobNameFor(request.accelerator, deploymentId);
  const settings = jobSettingsFrom(await readTemplate(api, repository.path), {
    name,
    tags: { [ownerTag]: deploymentId },
    repositoryPath: repository.path,
    parameters: notebookParameters(input),
  });
  let own = await findOwn(api, name, deploymentId);
  if (own[0]) {
    await api.post('/api/2.2/jobs/reset', { job_id: idForJson(own[0]), new_settings: settings }, anything);
  } else {
    const { job_id: made } = await api.post('/api/2.2/jobs/create', settings, v.object({ job_id: id }));
    own = await findOwn(api, name, deploymentId);
    // The list may lag behind the creation.
    if (own.length === 0) own = [made];
  }
  const [kept = '', ...others] = own;
  for (const other of others) await api.post('/api/2.2/jobs/delete', { job_id: idForJson(other) }, anything);
  return { jobId: kept, url: `https://${workspace.host}/jobs/${kept}` };
}

async function readTemplate(api: DatabricksApi, repositoryPath: string): Promise<string> {
  const path = `${repositoryPath}/notebooks/job-template.json`;
  try {
    const { content } = await api.get(
      '/api/2.0/workspace/export',
      { path, format: 'AUTO' },
      v.object({ content: v.string() }),
    );
    return Buffer.from(content, 'base64').toString();
  } catch (error) {
    if (isMissing(error)) throw new TerminalError('JOB_TEMPLATE_INVALID', `The repository has no ${path}.`);
    throw error;
  }
}

/** What RUNME gets: the caller's parameters, the cluster wishes, and the attempt that its own idempotency token is made of. */
function notebookParameters(deployment: Deployment): Record<string, string> {
  const { id: deploymentId, request } = deployment;
  const { sparkVersion, nodeType, workers } = request.compute;
  return {
    ...request.parameters,
    ...(sparkVersion && { spark_version: sparkVersion }),
    ...(nodeType && { node_type_id: nodeType }),
    ...(workers !== undefined && { num_workers: String(workers) }),
    deployment: deploymentId,
    attempt: attemptMark(deployment),
  };
}

/** Ids of the jobs that this deployment made, the lowest first. */
async function findOwn(api: DatabricksApi, name: string, deploymentId: string): Promise<string[]> {
  const listed = await api.get('/api/2.2/jobs/list', { name, limit: '100' }, jobs);
  return listed.jobs
    .filter(({ settings }) => settings?.name === name && settings.tags?.[ownerTag] === deploymentId)
    .map(({ job_id }) => job_id)
    .sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
}
