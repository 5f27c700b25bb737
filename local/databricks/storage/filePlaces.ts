import type { ApiRequest } from '../../kit/router.ts';
import { ApiError, invalidParameter } from '../apiError.ts';
import { optionalFlag } from '../requestFields.ts';
import { type StoredFiles, relativePath } from './storedFiles.ts';
import type { UnityModels } from '../mlflow/unityModels.ts';

/** Which absolute paths of the Files API may be read and written, and where they are in the workspace's storage. */
export class FilePlaces {
  readonly #models: UnityModels;
  readonly #storage: StoredFiles;

  constructor(models: UnityModels, storage: StoredFiles) {
    this.#models = models;
    this.#storage = storage;
  }

  /** 404 when the model version or the volume is not there. */
  readable(given: string): string {
    return this.#place(given).path;
  }

  /** Also 403 for a model version that is READY. */
  writable(given: string): string {
    const { path, model, version } = this.#place(given);
    if (model && version) this.#models.requirePending(model, version);
    return path;
  }

  #place(given: string): { path: string; model?: string; version?: string } {
    if (!given.startsWith('/')) throw invalidParameter(`Invalid path: ${given}`);
    const path = relativePath(given.replace(/^\/+/, ''));
    const [kind, catalog = '', schema = '', name = '', version = ''] = path.split('/');
    if (kind === 'Volumes' && name) {
      if (!this.#storage.find(`Volumes/${catalog}/${schema}/${name}`)?.isFolder) {
        throw missing(`Volume '${catalog}.${schema}.${name}'`);
      }
      return { path };
    }
    if (kind !== 'Models' || !version)
      throw invalidParameter(`Invalid path: unsupported first path component: ${given}`);
    const model = this.#models.version(`${catalog}.${schema}.${name}`, version).name;
    return { path, model, version };
  }
}

/** Refuses to replace a file unless the request allows it, as it does when it does not say. */
export function refuseOverwrite(storage: StoredFiles, path: string, { query }: ApiRequest): void {
  const keeps = query.has('overwrite') && !optionalFlag(Object.fromEntries(query), 'overwrite');
  if (keeps && storage.find(path)) throw new ApiError(409, 'ALREADY_EXISTS', 'The file being created already exists.');
}

/** What the Files API answers for what is not there. */
export const missing = (what: string): ApiError => new ApiError(404, 'NOT_FOUND', `${what} does not exist.`);
