import type { Collection } from '../../kit/store.ts';
import type { Workspace } from '../workspace.ts';
import { type Pair, withPairs } from './entities.ts';

export type ModelStage = 'None' | 'Staging' | 'Production' | 'Archived';

export interface Alias {
  alias: string;
  version: number;
}

export interface RegisteredModel {
  name: string;
  userId: string;
  createdMs: number;
  updatedMs: number;
  description: string;
  tags: Pair[];
  aliases: Alias[];
  /** The highest number so far; a deleted version's is not given again. */
  lastVersion: number;
}

export interface ModelVersion {
  name: string;
  version: number;
  userId: string;
  createdMs: number;
  updatedMs: number;
  description: string;
  source: string;
  runId?: string;
  runLink?: string;
  /** The workspace of the run, as the client names it. */
  runWorkspaceId?: string;
  stage: ModelStage;
  status: 'PENDING_REGISTRATION' | 'FAILED_REGISTRATION' | 'READY';
  statusMessage: string;
  tags: Pair[];
  /** Jobs and notebooks that have loaded the version, as clients report them. */
  readers: object[];
}

/** What a registry answers for its own kind of models. */
export interface RegistryErrors {
  modelMissing(name: string): Error;
  versionMissing(name: string, version: string): Error;
  modelExists(name: string): Error;
  aliasMissing(name: string, alias: string): Error;
}

export type NewVersion = Pick<ModelVersion, 'name' | 'userId' | 'description' | 'source' | 'status' | 'tags'> &
  Partial<Pick<ModelVersion, 'runId' | 'runLink' | 'runWorkspaceId'>>;

/** Registered models and their versions: the data that the workspace's registry and Unity Catalog's have in common. */
export class Models {
  readonly #workspace: Workspace;
  readonly #models: Collection<RegisteredModel>;
  readonly #versions: Collection<ModelVersion>;
  readonly #errors: RegistryErrors;

  constructor(workspace: Workspace, kind: 'workspace' | 'unity', errors: RegistryErrors) {
    this.#workspace = workspace;
    this.#models = workspace.store.collection(`mlflowModels/${kind}`);
    this.#versions = workspace.store.collection(`mlflowVersions/${kind}`);
    this.#errors = errors;
  }

  all(): RegisteredModel[] {
    return this.#models.values();
  }

  allVersions(): ModelVersion[] {
    return this.#versions.values();
  }

  find(name: string): RegisteredModel | undefined {
    return this.#models.get(name);
  }

  get(name: string): RegisteredModel {
    const model = this.find(name);
    if (!model) throw this.#errors.modelMissing(name);
    return model;
  }

  /** The model's versions, the newest first. */
  versionsOf(name: string): ModelVersion[] {
    const own = this.allVersions().filter((version) => version.name === name);
    return own.toSorted((a, b) => b.version - a.version);
  }

  version(name: string, version: string): ModelVersion {
    this.get(name);
    const found = this.#versions.get(versionKey(name, version));
    if (!found) throw this.#errors.versionMissing(name, version);
    return found;
  }

  aliasesOf({ name, version }: ModelVersion): Alias[] {
    return this.get(name).aliases.filter((alias) => alias.version === version);
  }

  create(name: string, userId: string, description: string, tags: Pair[]): RegisteredModel {
    if (this.find(name)) throw this.#errors.modelExists(name);
    const model = { name, userId, ...this.#times(), description, tags, aliases: [], lastVersion: 0 };
    this.#models.set(name, model);
    return model;
  }

  change(name: string, changes: Partial<RegisteredModel>): RegisteredModel {
    const model = { ...this.get(name), ...changes, updatedMs: this.#workspace.clock.now() };
    this.#models.set(name, model);
    return model;
  }

  /** Gives the model and its versions another name. */
  rename(name: string, newName: string): RegisteredModel {
    if (this.find(newName)) throw this.#errors.modelExists(newName);
    const versions = this.versionsOf(name);
    const model = { ...this.get(name), name: newName, updatedMs: this.#workspace.clock.now() };
    this.#drop(name);
    this.#models.set(newName, model);
    for (const version of versions) this.#putVersion({ ...version, name: newName });
    return model;
  }

  delete(name: string): void {
    this.#drop(name);
  }

  #drop(name: string): void {
    for (const { version } of this.versionsOf(name)) this.#versions.delete(versionKey(name, version));
    this.#models.delete(this.get(name).name);
  }

  createVersion(given: NewVersion): ModelVersion {
    const version = this.get(given.name).lastVersion + 1;
    this.change(given.name, { lastVersion: version });
    return this.#putVersion({ ...given, ...this.#times(), version, stage: 'None', statusMessage: '', readers: [] });
  }

  changeVersion(name: string, version: string, changes: Partial<ModelVersion>): ModelVersion {
    const changed = { ...this.version(name, version), ...changes, updatedMs: this.#workspace.clock.now() };
    return this.#putVersion(changed);
  }

  deleteVersion(name: string, version: string): void {
    const found = this.version(name, version);
    this.#versions.delete(versionKey(name, version));
    this.change(name, { aliases: this.get(name).aliases.filter((alias) => alias.version !== found.version) });
  }

  setAlias(name: string, alias: string, version: string): void {
    const found = this.version(name, version);
    const others = this.get(name).aliases.filter((known) => known.alias !== alias);
    this.change(name, { aliases: [...others, { alias, version: found.version }] });
  }

  /** Removes an alias; one that is not there is no error. */
  removeAlias(name: string, alias: string): void {
    this.change(name, { aliases: this.get(name).aliases.filter((known) => known.alias !== alias) });
  }

  byAlias(name: string, alias: string): ModelVersion {
    const found = this.get(name).aliases.find((known) => known.alias === alias);
    if (!found) throw this.#errors.aliasMissing(name, alias);
    return this.version(name, String(found.version));
  }

  setTag(name: string, version: string | undefined, tag: Pair): void {
    if (version === undefined) this.change(name, { tags: withPairs(this.get(name).tags, [tag]) });
    else this.changeVersion(name, version, { tags: withPairs(this.version(name, version).tags, [tag]) });
  }

  /** Removes a tag; one that is not there is no error. */
  removeTag(name: string, version: string | undefined, key: string): void {
    const without = (tags: Pair[]): Pair[] => tags.filter((tag) => tag.key !== key);
    if (version === undefined) this.change(name, { tags: without(this.get(name).tags) });
    else this.changeVersion(name, version, { tags: without(this.version(name, version).tags) });
  }

  #times(): { createdMs: number; updatedMs: number } {
    const now = this.#workspace.clock.now();
    return { createdMs: now, updatedMs: now };
  }

  #putVersion(version: ModelVersion): ModelVersion {
    this.#versions.set(versionKey(version.name, version.version), version);
    return version;
  }
}

const versionKey = (name: string, version: number | string): string => `${version} ${name}`;
