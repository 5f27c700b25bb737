import * as v from 'valibot';
import { anything, databricks, type DatabricksApi, id } from '../clients/databricks.ts';
import { DatabricksError, isExisting, orUndefined } from '../clients/databricksFailure.ts';
import { RetryableError, TerminalError } from '../domain/errors.ts';
import { acceleratorNameOf, repositoryPathFor } from '../domain/ids.ts';
import type { Accelerator, Deployment, Repository, Workspace } from '../domain/steps.ts';

const cloneSeconds = 120;
const gitFolder = v.object({
  id,
  path: v.string(),
  url: v.optional(v.string(), ''),
  head_commit_id: v.optional(v.string()),
});
type GitFolder = v.InferOutput<typeof gitFolder>;

/**
 * The accelerator's Git folder at its branch or tag. Its path is the key: a folder that is there is
 * updated, one that a broken clone left half-made (nothing rolls that back) is removed and cloned again.
 */
export async function ensureRepo(deployment: Deployment & { workspace: Workspace }): Promise<Repository> {
  const { accelerator, workspace } = deployment;
  const api = databricks(workspace);
  const { userName } = await api.get('/api/2.0/preview/scim/v2/Me', {}, v.object({ userName: v.string() }));
  const path = repositoryPathFor(userName, acceleratorNameOf(deployment));
  const folder = (await findSound(api, path, accelerator)) ?? (await clone(api, path, accelerator));
  await checkOut(api, folder, accelerator);
  const seen = await orUndefined(api.get(`/api/2.0/repos/${folder.id}`, {}, gitFolder));
  if (!seen) throw new RetryableError('NOT_SHOWN_YET', `Databricks does not show the Git folder ${path}.`);
  const { head_commit_id: commit } = seen;
  if (!commit) throw new RetryableError('REPOSITORY_FAILED', `The Git folder ${path} has no commit yet.`);
  return { path, commit };
}

/** The Git folder at the path; whatever else is there is removed. The path is in the home of the app's own identity. */
async function findSound(
  api: DatabricksApi,
  path: string,
  { repositoryUrl }: Accelerator,
): Promise<GitFolder | undefined> {
  const there = await orUndefined(api.get('/api/2.0/workspace/get-status', { path }, v.object({ object_id: id })));
  if (!there) return undefined;
  const folder = await orUndefined(api.get(`/api/2.0/repos/${there.object_id}`, {}, gitFolder));
  // GitHub's names do not tell upper from lower case.
  if (folder?.head_commit_id && folder.url.toLowerCase() === repositoryUrl.toLowerCase()) return folder;
  if (folder) await api.delete(`/api/2.0/repos/${folder.id}`);
  else await api.post('/api/2.0/workspace/delete', { path, recursive: true }, anything);
  return undefined;
}

async function clone(api: DatabricksApi, path: string, { repositoryUrl: url }: Accelerator): Promise<GitFolder> {
  await api.post('/api/2.0/workspace/mkdirs', { path: path.slice(0, path.lastIndexOf('/')) }, anything);
  try {
    return await api.post('/api/2.0/repos', { url, provider: 'gitHub', path }, gitFolder, cloneSeconds);
  } catch (error) {
    if (isExisting(error))
      throw new RetryableError('NOT_SHOWN_YET', `Databricks has something at ${path} that it does not show.`);
    throw classified(error, `Databricks could not clone ${url}`);
  }
}

async function checkOut(api: DatabricksApi, folder: GitFolder, { branch, tag }: Accelerator): Promise<void> {
  try {
    await api.patch(`/api/2.0/repos/${folder.id}`, tag ? { tag } : { branch: branch ?? 'main' }, cloneSeconds);
  } catch (error) {
    throw classified(error, `Databricks could not check out ${tag ? `tag ${tag}` : `branch ${branch ?? 'main'}`}`);
  }
}

/** Git's own refusals by their code: an unknown branch or a local change stays, an unreachable remote may come back. */
function classified(error: unknown, what: string): unknown {
  if (!(error instanceof DatabricksError)) return error;
  const details = { cause: error.failure.cause };
  if (/^GIT_(UNKNOWN_REF|CONFLICT|URL_NOT_ON_ALLOW_LIST)/.test(error.remoteCode))
    return new TerminalError('REPOSITORY_FAILED', `${what}.`, details);
  if (error.remoteCode.startsWith('GIT_')) return new RetryableError('REPOSITORY_FAILED', `${what}.`, details);
  return error;
}
