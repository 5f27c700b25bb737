import { ApiError, doesNotExist, invalidParameter, permissionDenied } from '../apiError.ts';
import type { Workspace } from '../workspace.ts';
import type { Pair } from './entities.ts';
import { type ModelVersion, Models, type NewVersion, type RegisteredModel } from './models.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';
import { type UnityName, parseUnityName, requireSchema } from '../unity/unityNames.ts';

/** Models in Unity Catalog: under three-level names, with files that are uploaded before a version becomes READY. */
export class UnityModels extends Models {
  readonly #workspace: Workspace;
  readonly #storage: StoredFiles;

  constructor(workspace: Workspace, storage: StoredFiles) {
    super(workspace, 'unity', {
      modelMissing: (name) => doesNotExist(`Routine or Model '${name}' does not exist.`),
      versionMissing: (name, version) => doesNotExist(`Version '${version}' of model '${name}' does not exist.`),
      aliasMissing: (name, alias) => doesNotExist(`Alias '${alias}' of model '${name}' does not exist.`),
      // 409, other than the registry of the workspace (mlflow pull request 8219).
      modelExists: (name) => new ApiError(409, 'ALREADY_EXISTS', `Routine or Model '${name}' already exists.`),
    });
    this.#workspace = workspace;
    this.#storage = storage;
  }

  createIn(name: UnityName, userId: string, description: string, tags: Pair[]): RegisteredModel {
    requireSchema(this.#workspace, name);
    return this.create(name.full, userId, description, tags);
  }

  renameTo(from: UnityName, given: string): RegisteredModel {
    // A new name may be given without catalog and schema, which stay.
    const to = parseUnityName(given.includes('.') ? given : `${from.catalog}.${from.schema}.${given}`);
    requireSchema(this.#workspace, to);
    const model = this.rename(from.full, to.full);
    this.#storage.move(modelFolder(from.full), modelFolder(to.full));
    return model;
  }

  override delete(name: string): void {
    super.delete(name);
    this.#storage.remove(modelFolder(name));
  }

  override deleteVersion(name: string, version: string): void {
    super.deleteVersion(name, version);
    this.#storage.remove(`${modelFolder(name)}/${version}`);
  }

  register(given: Omit<NewVersion, 'status'>): ModelVersion {
    const version = this.createVersion({ ...given, status: 'PENDING_REGISTRATION' });
    this.#storage.makeFolder(versionFolder(version));
    return version;
  }

  /** Ends the upload: from now on the version can be loaded and no longer written. Needs an MLmodel file with a signature. */
  finalize(name: string, version: string): ModelVersion {
    const found = this.version(name, version);
    if (found.status === 'READY') return found;
    const description = `${versionFolder(found)}/MLmodel`;
    if (!this.#storage.find(description))
      throw invalidParameter(`No MLmodel file has been uploaded for ${name}/${version}.`);
    // YAML, of which JSON is a part.
    if (!/(?:^|[{,]\s*)["']?signature["']?\s*:/m.test(this.#storage.read(description).toString())) {
      throw invalidParameter(
        `Model passed for registration did not contain any signature metadata: ${name}/${version}.`,
      );
    }
    return this.changeVersion(name, version, { status: 'READY' });
  }

  /** Refuses to write files of a version that is not there or is READY. */
  requirePending(name: string, version: string): void {
    if (this.version(name, version).status === 'PENDING_REGISTRATION') return;
    throw permissionDenied(`The files of model version ${name}/${version} can no longer be changed.`);
  }
}

const modelFolder = (name: string): string => `Models/${name.replaceAll('.', '/')}`;

/** Where a version's files are in the workspace's storage; with a slash in front, their path in the Files API. */
export const versionFolder = ({ name, version }: ModelVersion): string => `${modelFolder(name)}/${version}`;
