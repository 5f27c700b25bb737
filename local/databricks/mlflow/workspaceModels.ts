import { type ApiError, alreadyExists, doesNotExist, invalidParameter, invalidState } from '../apiError.ts';
import type { Workspace } from '../workspace.ts';
import { storagePath } from './artifactRoutes.ts';
import { type ModelStage, type ModelVersion, Models, type NewVersion, type RegisteredModel } from './models.ts';
import type { StoredFiles } from '../storage/storedFiles.ts';

const stages: ModelStage[] = ['None', 'Staging', 'Production', 'Archived'];

/** Models in the workspace's own registry: plain names, stages, and a copy of the files that a version was made of. */
export class WorkspaceModels extends Models {
  readonly #storage: StoredFiles;

  constructor(workspace: Workspace, storage: StoredFiles) {
    super(workspace, 'workspace', {
      modelMissing: (name) => doesNotExist(`RegisteredModel '${name}' does not exist. It might have been deleted.`),
      versionMissing: (name, version) => doesNotExist(`ModelVersion '${name}/${version}' does not exist.`),
      modelExists: (name) => alreadyExists(`RegisteredModel '${name}' already exists.`),
      aliasMissing: (name, alias) => doesNotExist(`Alias '${alias}' of RegisteredModel '${name}' does not exist.`),
    });
    this.#storage = storage;
  }

  /** Registers what an artifact URI leads to; when nothing is there, the version says so (mlflow issue 4630). */
  register(given: Omit<NewVersion, 'status'>): ModelVersion {
    const source = storagePath(given.source);
    const isThere = this.#storage.find(source)?.isFolder === true;
    const version = this.createVersion({ ...given, status: isThere ? 'READY' : 'FAILED_REGISTRATION' });
    if (isThere) {
      this.#storage.copy(source, registryFolder(version));
      return version;
    }
    const statusMessage = 'Failed registration. The given source path does not exist.';
    return this.changeVersion(version.name, String(version.version), { statusMessage });
  }

  renameTo(name: string, newName: string): RegisteredModel {
    const model = this.rename(name, newName);
    this.#storage.move(modelFolder(name), modelFolder(newName));
    return model;
  }

  override delete(name: string): void {
    const active = this.versionsOf(name).filter(isServed);
    if (active.length > 0) throw stillServed(`RegisteredModel '${name}'`);
    super.delete(name);
    this.#storage.remove(modelFolder(name));
  }

  override deleteVersion(name: string, version: string): void {
    if (isServed(this.version(name, version))) throw stillServed(`ModelVersion '${name}/${version}'`);
    super.deleteVersion(name, version);
    this.#storage.remove(`${modelFolder(name)}/${version}`);
  }

  transition(name: string, version: string, stage: ModelStage, archiveOthers: boolean): ModelVersion {
    const found = this.version(name, version);
    if (archiveOthers && stage !== 'Staging' && stage !== 'Production') {
      throw invalidParameter(
        `Model version transition cannot archive existing model versions because '${stage}' is not an Active stage.`,
      );
    }
    const others = this.versionsOf(name).filter((other) => other.stage === stage && other.version !== found.version);
    for (const other of archiveOthers ? others : []) {
      this.changeVersion(name, String(other.version), { stage: 'Archived' });
    }
    return this.changeVersion(name, version, { stage });
  }

  /** The newest READY version of each stage. */
  latest(name: string, wanted: ModelStage[] = stages): ModelVersion[] {
    const ready = this.versionsOf(this.get(name).name).filter(({ status }) => status === 'READY');
    return wanted.flatMap((stage) => ready.find((version) => version.stage === stage) ?? []);
  }
}

/** The stage in its usual spelling; 400 for an unknown one. */
export function readStage(given: string): ModelStage {
  const stage = stages.find((known) => known.toLowerCase() === given.toLowerCase());
  if (stage) return stage;
  throw invalidParameter(`Invalid Model Version stage: ${given}. Value must be one of ${stages.join(', ')}.`);
}

/** Where a version's copy is in the workspace's storage. */
export const registryFolder = ({ name, version }: ModelVersion): string => `${modelFolder(name)}/${version}`;

const modelFolder = (name: string): string => `registry/${encodeURIComponent(name)}`;
const isServed = ({ stage }: ModelVersion): boolean => stage === 'Staging' || stage === 'Production';
const stillServed = (what: string): ApiError =>
  invalidState(`Cannot delete ${what} while a version is in the stage 'Staging' or 'Production'. Archive it first.`);
