import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { invalidParameter, missingField, notEmulated } from '../apiError.ts';
import { pageOf } from '../jobs/paging.ts';
import { type Fields, bodyOf, optionalText, queryOf } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import type { MlflowRun } from './entities.ts';
import { textsOf } from './entityFields.ts';
import { runIdOf } from './experimentRoutes.ts';
import { trackingRoot } from './experiments.ts';
import type { Runs } from './runs.ts';
import { type Permission, signedUrl } from '../storage/signedUrls.ts';
import { type StoredFiles, relativePath } from '../storage/storedFiles.ts';

/** Artifacts of runs: their list, and signed URLs under which the client reads and writes them itself. */
export function addArtifactRoutes(on: AddRoute, workspace: Workspace, runs: Runs, storage: StoredFiles): void {
  on('GET', '/api/2.0/mlflow/artifacts/list', (request) => {
    const query = queryOf(request);
    const run = runs.get(runIdOf(query));
    const body = listView(storage, artifactFolder(runs, run), optionalText(query, 'path') ?? '', query);
    return { body: { root_uri: runs.artifactUri(run), ...body } };
  });
  const credentials = (request: ApiRequest, permission: Permission): ApiReply => {
    const body = bodyOf(request);
    const run = permission === 'w' ? runs.active(runIdOf(body)) : runs.get(runIdOf(body));
    const paths = textsOf(body, 'path');
    if (paths.length === 0) throw missingField('path');
    const folder = artifactFolder(runs, run);
    const infos = paths.map((path) => ({
      run_id: run.runId,
      path,
      signed_uri: signedUrl(workspace, `${folder}/${filePath(path)}`, permission),
      type: 'AZURE_ADLS_GEN2_SAS_URI',
    }));
    return { body: { credential_infos: infos } };
  };
  on('POST', '/api/2.0/mlflow/artifacts/credentials-for-read', (request) => credentials(request, 'r'));
  on('POST', '/api/2.0/mlflow/artifacts/credentials-for-write', (request) => credentials(request, 'w'));
}

/** Where a run's artifacts are in the workspace's storage. */
export const artifactFolder = (runs: Runs, run: MlflowRun): string => storagePath(runs.artifactUri(run));

/** The place in the workspace's storage that an artifact URI names; 501 for one of another storage. */
export function storagePath(uri: string): string {
  if (!uri.startsWith(`${trackingRoot}/`)) throw notEmulated(`the artifact location ${uri}`);
  return `tracking/${relativePath(uri.slice(trackingRoot.length + 1))}`;
}

/** A folder's files as MLflow lists them, with paths below `folder`, in pages of 1000; a file lists itself. */
export function listView(storage: StoredFiles, folder: string, given: string, query: Fields): Fields {
  const path = relativePath(given);
  const at = path === '' ? folder : `${folder}/${path}`;
  const entry = storage.find(at);
  const prefix = path === '' ? '' : `${path}/`;
  const entries = entry && !entry.isFolder ? [{ ...entry, name: path }] : [];
  const inside = storage.list(at).map((found) => ({ ...found, name: prefix + found.name }));
  const page = pageOf([...entries, ...inside], 1000, optionalText(query, 'page_token'));
  const files = page.items.map(({ name, isFolder, size }) => ({
    path: name,
    is_dir: isFolder,
    ...(!isFolder && { file_size: size }),
  }));
  return {
    ...(files.length > 0 && { files }),
    ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
  };
}

/** A safe path that names a file; 400 for an empty one. */
export function filePath(given: string): string {
  const path = relativePath(given);
  if (path === '') throw invalidParameter('The path of an artifact must not be empty.');
  return path;
}
