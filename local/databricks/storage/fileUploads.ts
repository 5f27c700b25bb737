import { randomUUID } from 'node:crypto';
import type { ApiRequest } from '../../kit/router.ts';
import type { Collection } from '../../kit/store.ts';
import { ApiError, invalidParameter } from '../apiError.ts';
import { type Fields, bodyOf, boundedInteger, queryOf, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { listOf } from '../mlflow/entityFields.ts';
import { type FilePlaces, refuseOverwrite } from './filePlaces.ts';
import { signedUrl } from './signedUrls.ts';
import type { StoredFiles } from './storedFiles.ts';

interface Upload {
  token: string;
  path: string;
}

/** Uploads in parts, which the Databricks SDK uses from 5 MiB on (databricks-sdk-py, mixins/files.py). */
export function addUploadRoutes(on: AddRoute, workspace: Workspace, places: FilePlaces, storage: StoredFiles): void {
  const uploads: Collection<Upload> = workspace.store.collection('fileUploads');
  on('POST', '/api/2.0/fs/files/{path*}', (request) => {
    const path = places.writable(`/${request.params['path'] ?? ''}`);
    const action = request.query.get('action');
    if (action === 'complete-upload') return complete(uploads, storage, path, request);
    if (action !== 'initiate-upload') throw invalidParameter(`Unknown action: ${action}`);
    refuseOverwrite(storage, path, request);
    const token = randomUUID();
    uploads.set(token, { token, path });
    return { body: { multipart_upload: { session_token: token } } };
  });
  on('POST', '/api/2.0/fs/create-upload-part-urls', (request) => {
    const body = bodyOf(request);
    const { token } = get(uploads, body);
    const bounds = { least: 1, most: 10_000, fallback: 1 };
    const [first, count] = ['start_part_number', 'count'].map((name) => boundedInteger(body, name, bounds));
    const urls = Array.from({ length: count ?? 1 }, (_, i) => (first ?? 1) + i).map((number) => ({
      part_number: number,
      url: signedUrl(workspace, partPath(token, number), 'w'),
      headers: [],
    }));
    return { body: { upload_part_urls: urls } };
  });
  on('POST', '/api/2.0/fs/create-abort-upload-url', (request) => {
    const { token } = get(uploads, bodyOf(request));
    return { body: { abort_upload_url: { url: signedUrl(workspace, uploadPath(token), 'd'), headers: [] } } };
  });
}

function complete(uploads: Collection<Upload>, storage: StoredFiles, path: string, request: ApiRequest): Fields {
  const upload = get(uploads, queryOf(request));
  if (upload.path !== path) throw invalidParameter('The upload is one of another file.');
  const parts = listOf(bodyOf(request), 'parts').map((part) => Number(part['part_number']));
  const absent = parts.find((number) => !storage.find(partPath(upload.token, number)));
  if (absent !== undefined) throw invalidParameter(`Part ${absent} has not been uploaded.`);
  storage.write(path, Buffer.concat(parts.map((number) => storage.read(partPath(upload.token, number)))));
  storage.remove(uploadPath(upload.token));
  return { body: {} };
}

function get(uploads: Collection<Upload>, fields: Fields): Upload {
  const upload = uploads.get(requiredText(fields, 'session_token'));
  if (!upload) throw new ApiError(404, 'NOT_FOUND', 'There is no such upload.');
  return upload;
}

const uploadPath = (token: string): string => `uploads/${token}`;
const partPath = (token: string, number: number): string => `${uploadPath(token)}/${number}`;
