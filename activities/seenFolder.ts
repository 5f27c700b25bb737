import * as v from 'valibot';
import { type DatabricksApi, id } from '../clients/databricks.ts';
import { orUndefined } from '../clients/databricksFailure.ts';
import { acceleratorNameOf, repositoryPathFor } from '../domain/ids.ts';
import type { Deployment } from '../domain/steps.ts';

const status = v.object({ object_id: id });
const gitFolder = v.object({ id, url: v.optional(v.string(), '') });

/** What lies at the accelerator's path. */
export interface SeenFolder {
  path: string;
  /** The Git folder of the accelerator's repository. */
  own?: { id: string };
  /** What is there instead, for people. */
  other?: string;
}

/** The folder of the deployer's own identity in the workspace. */
export async function homeOf(api: DatabricksApi): Promise<string> {
  const { userName } = await api.get('/api/2.0/preview/scim/v2/Me', {}, v.object({ userName: v.string() }));
  return `/Users/${userName}`;
}

/** Where the accelerator's Git folder is. */
export const folderPath = (home: string, deployment: Deployment): string =>
  repositoryPathFor(home.slice('/Users/'.length), acceleratorNameOf(deployment));

/** The accelerator's Git folder. It can carry no tag: its mark is its path in the home of the deployer's own identity, and its repository. */
export async function seenFolder(api: DatabricksApi, home: string, deployment: Deployment): Promise<SeenFolder> {
  const path = folderPath(home, deployment);
  const there = await orUndefined(api.get('/api/2.0/workspace/get-status', { path }, status));
  if (!there) return { path };
  const folder = await orUndefined(api.get(`/api/2.0/repos/${there.object_id}`, {}, gitFolder));
  if (!folder) return { path, other: 'a folder without a repository' };
  // GitHub's names do not tell upper from lower case.
  if (folder.url.toLowerCase() !== deployment.accelerator.repositoryUrl.toLowerCase())
    return { path, other: `a Git folder of ${folder.url}` };
  return { path, own: { id: folder.id } };
}
