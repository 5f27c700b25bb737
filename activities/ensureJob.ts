import * as v from 'valibot';
import { anything, databricks, type DatabricksApi, id } from '../clients/databricks.ts';
import { isMissing, orUndefined } from '../clients/databricksFailure.ts';
import { idForJson } from '../clients/json.ts';
import { TerminalError } from '../domain/errors.ts';
import { acceleratorNameOf, attemptMark, jobNameFor, ownerTag } from '../domain/ids.ts';
import { defaultTemplate, jobSettingsFrom, usualTemplatePath } from '../domain/jobTemplate.ts';
import type { Deployment, Job, Repository, Workspace } from '../domain/steps.ts';

const jobs = v.object({
  jobs: v.optional(
    v.array(
      v.object({
        job_id: id,
        created_time: v.optional(v.number(), 0),
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
 * so: find by name and tag, create, find again, keep the oldest and remove the others, which a lost reply can leave, or
 * another run of this activity at the same time.
 * One that no list shows by then stays, without runs, until the next attempt or the deletion.
 */
export async function ensureJob(input: Deployment & { workspace: Workspace; repository: Repository }): Promise<Job> {
  const { id: deploymentId, workspace, repository, accelerator } = input;
  const api = databricks(workspace);
  const name = jobNameFor(acceleratorNameOf(input), deploymentId);
  const settings = jobSettingsFrom(await readTemplate(api, repository.path, input), {
    name,
    tags: { [ownerTag]: deploymentId },
    repositoryPath: repository.path,
    runmePath: accelerator.runmePath,
    parameters: notebookParameters(input),
  });
  if (accelerator.runmePath !== undefined) await requireNotebook(api, `${repository.path}/${accelerator.runmePath}`);
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
  for (const other of others)
    await orUndefined(api.post('/api/2.2/jobs/delete', { job_id: idForJson(other) }, anything));
  return { jobId: kept, url: `https://${workspace.host}/jobs/${kept}` };
}

/** The repository's template; the default one where nobody said that there is any. */
async function readTemplate(
  api: DatabricksApi,
  repositoryPath: string,
  { accelerator, request }: Deployment,
): Promise<string> {
  const path = `${repositoryPath}/${accelerator.jobTemplate ?? usualTemplatePath}`;
  try {
    const { content } = await api.get(
      '/api/2.0/workspace/export',
      { path, format: 'AUTO' },
      v.object({ content: v.string() }),
    );
    return Buffer.from(content, 'base64').toString();
  } catch (error) {
    if (!isMissing(error)) throw error;
    const mayLackIt = accelerator.companion === true || typeof request.accelerator === 'object';
    if (mayLackIt && accelerator.jobTemplate === undefined) return defaultTemplate;
    throw new TerminalError('JOB_TEMPLATE_INVALID', `The repository has no ${path}.`);
  }
}

/** Throws when there is no such notebook: a run would say so only after its cluster has started. */
async function requireNotebook(api: DatabricksApi, path: string): Promise<void> {
  const { object_type: type } = await api
    .get('/api/2.0/workspace/get-status', { path }, v.object({ object_type: v.string() }))
    .catch((error: unknown) => {
      if (isMissing(error)) return { object_type: 'nothing' };
      throw error;
    });
  if (type !== 'NOTEBOOK') throw new TerminalError('RUNME_MISSING', `There is no notebook ${path} but ${type}.`);
}

/** What RUNME gets: the caller's parameters, the cluster wishes, and the attempt that its own idempotency token is made of. */
function notebookParameters(deployment: Deployment): Record<string, string> {
  const { id: deploymentId, request, accelerator } = deployment;
  const { sparkVersion, nodeType, workers } = request.compute;
  return {
    // Without it the RUNME of a public accelerator only makes its job and interactive clusters.
    ...(accelerator.companion && { run_job: 'True' }),
    ...request.parameters,
    ...(sparkVersion && { spark_version: sparkVersion }),
    ...(nodeType && { node_type_id: nodeType }),
    ...(workers !== undefined && { num_workers: String(workers) }),
    deployment: deploymentId,
    attempt: attemptMark(deployment),
  };
}

/**
 * Ids of the jobs that this deployment made, the oldest first: a run of this activity that saw only its own has told that
 * one already. An id says nothing of its age.
 */
async function findOwn(api: DatabricksApi, name: string, deploymentId: string): Promise<string[]> {
  const listed = await api.get('/api/2.2/jobs/list', { name, limit: '100' }, jobs);
  return listed.jobs
    .filter(({ settings }) => settings?.name === name && settings.tags?.[ownerTag] === deploymentId)
    .toSorted((a, b) => a.created_time - b.created_time || (BigInt(a.job_id) < BigInt(b.job_id) ? -1 : 1))
    .map(({ job_id }) => job_id);
}
