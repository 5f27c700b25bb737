import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import type { ApiReply, ApiRequest, Router } from '../../kit/router.ts';
import { ApiError } from '../apiError.ts';
import type { Workspace } from '../workspace.ts';
import { downloadReply } from './downloadReply.ts';
import { signatureRefusal, storageError } from './signedUrls.ts';
import type { StoredFiles } from './storedFiles.ts';

/**
 * What signed URLs lead to, as far as clients use Azure Storage: Get Blob, Put Blob, and Data Lake Gen2's create, append and
 * flush (mlflow/azure/client.py). The signature is the only credential.
 */
export function addStorageRoutes(router: Router, workspace: Workspace, storage: StoredFiles): void {
  const add = (method: string, handle: (path: string, request: ApiRequest) => ApiReply): void => {
    router.on(method, '/storage/{path*}', (request) => {
      const refusal = signatureRefusal(workspace, request);
      if (refusal) return refusal;
      try {
        return handle(request.params['path'] ?? '', request);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return storageError(error.status, error.status === 404 ? 'BlobNotFound' : 'InvalidInput', error.message);
      }
    });
  };
  add('GET', (path, request) => downloadReply(storage, path, request));
  add('PUT', (path, request) => put(storage, path, request));
  add('PATCH', (path, request) => patch(storage, path, request));
  add('DELETE', (path) => {
    storage.remove(path);
    return { status: 204 };
  });
}

function put(storage: StoredFiles, path: string, { query, bytes }: ApiRequest): ApiReply {
  if (query.get('resource') === 'file') {
    // Data Lake's create empties the file; what is appended counts only once it has been flushed.
    rmSync(stagedFile(storage, path), { force: true });
    storage.write(path, Buffer.alloc(0));
    return { status: 201 };
  }
  storage.write(path, bytes);
  return { status: 201, headers: { etag: `"${createHash('md5').update(bytes).digest('hex')}"` } };
}

function patch(storage: StoredFiles, path: string, { query, bytes }: ApiRequest): ApiReply {
  if (!storage.find(path)) return storageError(404, 'PathNotFound', 'The specified path does not exist.');
  const position = Number(query.get('position'));
  const action = query.get('action');
  if (!Number.isSafeInteger(position) || position < 0 || !['append', 'flush'].includes(action ?? '')) {
    return storageError(400, 'InvalidQueryParameterValue', 'action and position must be those of append or flush.');
  }
  const staged = stagedFile(storage, path);
  if (action === 'append') appendAt(staged, position, bytes);
  const flushes = action === 'flush' || query.get('flush') === 'true';
  // Nothing has been appended to a file that stays empty.
  if (flushes && existsSync(staged)) storage.adopt(path, staged);
  return { status: flushes ? 200 : 202 };
}

/** Parts of one file may come in any order, so each is written where it belongs. */
function appendAt(file: string, position: number, bytes: Buffer): void {
  const handle = openSync(file, existsSync(file) ? 'r+' : 'w');
  try {
    writeSync(handle, bytes, 0, bytes.length, position);
  } finally {
    closeSync(handle);
  }
}

// Apart from the files, so that a list of those never shows a half-made one.
function stagedFile(storage: StoredFiles, path: string): string {
  const staged = `uploads/appended/${createHash('sha256').update(path).digest('hex')}`;
  storage.makeFolder('uploads/appended');
  return storage.location(staged);
}
