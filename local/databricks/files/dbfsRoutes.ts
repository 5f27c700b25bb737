import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiRequest } from '../../kit/router.ts';
import { ApiError, doesNotExist, invalidParameter } from '../apiError.ts';
import { type Fields, queryOf, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';

/** How Databricks words it while the workspace's storage account is not there yet (terraform-provider-databricks #2077, #2122). */
export const storageFailure = 'com.microsoft.azure.storage.StorageException: The specified resource does not exist.';

/** DBFS, as far as it tells whether the workspace's storage is ready. */
export function addDbfsRoutes(on: AddRoute, workspace: Workspace): void {
  on('GET', '/api/2.0/dbfs/get-status', (request) => {
    const { path, file } = locate(workspace, request);
    return { body: view(path, file) };
  });
  on('GET', '/api/2.0/dbfs/list', (request) => {
    const { path, file } = locate(workspace, request);
    if (!statSync(file).isDirectory()) return { body: { files: [view(path, file)] } };
    const names = readdirSync(file).sort();
    // An empty folder has no `files` at all.
    if (names.length === 0) return { body: {} };
    return { body: { files: names.map((name) => view(`${path === '/' ? '' : path}/${name}`, join(file, name))) } };
  });
}

function locate(workspace: Workspace, request: ApiRequest): { path: string; file: string } {
  if (!workspace.storageReady()) throw new ApiError(500, 'INTERNAL_ERROR', storageFailure);
  const given = requiredText(queryOf(request), 'path').replace(/^dbfs:/, '');
  const path = given.length > 1 ? given.replace(/\/+$/, '') : given;
  if (!path.startsWith('/') || path.split('/').includes('..'))
    throw invalidParameter(`Path must be absolute: ${given}`);
  const file = join(workspace.folder, 'dbfs', path);
  if (!existsSync(file)) throw doesNotExist(`No file or directory exists on path ${path}.`);
  return { path, file };
}

function view(path: string, file: string): Fields {
  const status = statSync(file);
  return {
    path,
    is_dir: status.isDirectory(),
    file_size: status.isDirectory() ? 0 : status.size,
    modification_time: Math.round(status.mtimeMs),
  };
}
