import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { ApiError } from '../apiError.ts';
import { pageOf } from '../jobs/paging.ts';
import { bodyOf, boundedInteger, optionalText, queryOf, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { downloadReply } from './downloadReply.ts';
import { FilePlaces, missing, refuseOverwrite } from './filePlaces.ts';
import { addUploadRoutes } from './fileUploads.ts';
import { signedUrl } from './signedUrls.ts';
import type { StoredFiles } from './storedFiles.ts';
import type { UnityModels } from '../mlflow/unityModels.ts';

/** The Files API for `/Models/…` (versions of models) and `/Volumes/…`, plainly and through signed URLs. */
export function addFilesRoutes(on: AddRoute, workspace: Workspace, models: UnityModels, storage: StoredFiles): void {
  const places = new FilePlaces(models, storage);
  addFileRoutes(on, places, storage);
  addDirectoryRoutes(on, places, storage);
  addUploadRoutes(on, workspace, places, storage);
  on('POST', '/api/2.0/fs/create-upload-url', (request) => {
    const path = places.writable(requiredText(bodyOf(request), 'path'));
    return { body: { url: signedUrl(workspace, path, 'w'), headers: [] } };
  });
  on('POST', '/api/2.0/fs/create-download-url', (request) => {
    const path = places.readable(requiredText(bodyOf(request), 'path'));
    return { body: { url: signedUrl(workspace, path, 'r'), headers: [] } };
  });
}

function addFileRoutes(on: AddRoute, places: FilePlaces, storage: StoredFiles): void {
  const path = '/api/2.0/fs/files/{path*}';
  on('PUT', path, (request) => {
    const at = places.writable(pathIn(request));
    refuseOverwrite(storage, at, request);
    storage.write(at, request.bytes);
    return { status: 204 };
  });
  for (const method of ['GET', 'HEAD']) {
    on(method, path, (request) => downloadReply(storage, places.readable(pathIn(request)), request));
  }
  on('DELETE', path, (request) => {
    const at = places.writable(pathIn(request));
    if (storage.find(at)?.isFolder !== false) throw missing(`/${at}`);
    storage.remove(at);
    return { status: 204 };
  });
}

function addDirectoryRoutes(on: AddRoute, places: FilePlaces, storage: StoredFiles): void {
  const path = '/api/2.0/fs/directories/{path*}';
  on('PUT', path, (request) => {
    const at = places.writable(pathIn(request));
    storage.makeFolder(at);
    return { status: 204 };
  });
  on('HEAD', path, (request) => {
    const found = storage.find(places.readable(pathIn(request)));
    return { status: found?.isFolder ? 200 : 404 };
  });
  on('GET', path, (request) => listDirectory(places.readable(pathIn(request)), storage, request));
  on('DELETE', path, (request) => {
    const at = places.writable(pathIn(request));
    if (!storage.find(at)?.isFolder) throw missing(`/${at}`);
    if (storage.list(at).length > 0)
      throw new ApiError(400, 'DIRECTORY_NOT_EMPTY', `The directory /${at} is not empty.`);
    storage.remove(at);
    return { status: 204 };
  });
}

function listDirectory(at: string, storage: StoredFiles, request: ApiRequest): ApiReply {
  if (!storage.find(at)?.isFolder) throw missing(`/${at}`);
  const query = queryOf(request);
  const limit = boundedInteger(query, 'page_size', { least: 0, most: 1000, fallback: 1000 });
  const page = pageOf(storage.list(at), limit || 1000, optionalText(query, 'page_token'));
  const contents = page.items.map(({ name, isFolder, size, modifiedMs }) => ({
    path: `/${at}/${name}`,
    name,
    is_directory: isFolder,
    last_modified: modifiedMs,
    ...(!isFolder && { file_size: size }),
  }));
  return {
    body: {
      ...(contents.length > 0 && { contents }),
      ...(page.nextPageToken && { next_page_token: page.nextPageToken }),
    },
  };
}

const pathIn = ({ params }: ApiRequest): string => `/${params['path'] ?? ''}`;
