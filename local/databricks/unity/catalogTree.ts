import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError, invalidParameter, notEmulated } from '../apiError.ts';
import type { Workspace } from '../workspace.ts';
import { type DeltaTable, holdsTable, readDeltaTable } from './deltaLog.ts';
import { isUnityName } from './unityNames.ts';

/** A schema of a catalog, or a catalog. */
export interface Place {
  name: string;
  comment?: string;
  properties: Record<string, string>;
  createdMs: number;
}

/** What a new schema or catalog is made of. */
export type NewPlace = Pick<Place, 'name'> & Partial<Pick<Place, 'comment' | 'properties'>>;

/** A table's place; `table` is undefined when its log does not describe it, see `readDeltaTable`. */
export interface ListedTable {
  catalog: string;
  schema: string;
  name: string;
  folder: string;
  table: DeltaTable | undefined;
}

export type FoundTable = ListedTable & { table: DeltaTable };

/**
 * The catalogs, schemas and tables of a workspace: the folders in which Spark keeps them, and nothing beside. What is not there
 * is 404, a name that cannot be one 400.
 */
export class CatalogTree {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  catalogs(): Place[] {
    return this.#workspace.lakehouse().catalogs.map((name) => this.catalog(name));
  }

  catalog(name: string): Place {
    const folder = this.#folderOf([name]);
    if (!existsSync(folder)) throw absent('CATALOG', name);
    return readPlace(folder, name.toLowerCase());
  }

  schemas(catalog: string): Place[] {
    this.catalog(catalog);
    return this.#foldersIn([catalog]).map((name) => this.schema(catalog, name));
  }

  schema(catalog: string, name: string): Place {
    this.catalog(catalog);
    const folder = this.#folderOf([catalog, name]);
    if (!existsSync(folder)) throw absent('SCHEMA', `${catalog}.${name}`);
    return readPlace(folder, name.toLowerCase());
  }

  tableNames(catalog: string, schema: string): string[] {
    this.schema(catalog, schema);
    return this.#foldersIn([catalog, schema]).filter((name) => this.hasTable(catalog, schema, name));
  }

  hasTable(catalog: string, schema: string, name: string): boolean {
    this.schema(catalog, schema);
    return holdsTable(this.#folderOf([catalog, schema, name]));
  }

  /** The tables of these names, without those that are gone meanwhile. */
  tables(catalog: string, schema: string, names: string[]): ListedTable[] {
    return names.flatMap((name) => this.#find(catalog, schema, name) ?? []);
  }

  /** 501 for a table that the commits of its log no longer describe. */
  table(catalog: string, schema: string, name: string): FoundTable {
    const fullName = [catalog, schema, name].join('.');
    const found = this.#find(catalog, schema, name);
    if (!found) throw absent('TABLE', fullName);
    const { table } = found;
    if (table) return { ...found, table };
    throw notEmulated(`reading the table ${fullName} from a checkpoint: its oldest commits were cleaned up`);
  }

  createCatalog(given: NewPlace): Place {
    const folder = this.#folderOf([given.name]);
    // Every Spark session has one of this name, in which Delta lives.
    if (existsSync(folder) || given.name.toLowerCase() === 'spark_catalog') throw exists('CATALOG', given.name);
    // Spark's settings are named after it, and given to Java as `name=value`.
    if (given.name.includes('=')) throw invalidParameter(`'${given.name}' is not a valid name.`);
    mkdirSync(join(folder, 'default'), { recursive: true });
    return writePlace(folder, '.catalog.json', given);
  }

  createSchema(catalog: string, given: NewPlace): Place {
    this.catalog(catalog);
    const folder = this.#folderOf([catalog, given.name]);
    if (existsSync(folder)) throw exists('SCHEMA', given.name);
    mkdirSync(folder);
    return writePlace(folder, '.schema.json', given);
  }

  dropSchema(catalog: string, name: string): void {
    this.schema(catalog, name);
    this.#drop(catalog, this.#folderOf([catalog, name]));
  }

  dropTable(catalog: string, schema: string, name: string): void {
    if (!this.hasTable(catalog, schema, name)) throw absent('TABLE', [catalog, schema, name].join('.'));
    this.#drop(catalog, this.#folderOf([catalog, schema, name]));
  }

  #find(catalog: string, schema: string, name: string): ListedTable | undefined {
    if (!this.hasTable(catalog, schema, name)) return undefined;
    const folder = this.#folderOf([catalog, schema, name]);
    try {
      const table = readDeltaTable(folder);
      return { catalog: catalog.toLowerCase(), schema: schema.toLowerCase(), name: name.toLowerCase(), folder, table };
    } catch (error) {
      // Spark has dropped or renamed it while it was read.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Takes a folder away at once, then deletes it. */
  #drop(catalog: string, folder: string): void {
    const trash = join(this.#folderOf([catalog]), '.dropped');
    mkdirSync(trash, { recursive: true });
    const dropped = join(trash, randomUUID());
    renameSync(folder, dropped);
    rmSync(dropped, { recursive: true });
  }

  #foldersIn(parts: string[]): string[] {
    const entries = readdirSync(this.#folderOf(parts), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && isUnityName(entry.name))
      .map(({ name }) => name)
      .toSorted();
  }

  // Names know no case and are kept in lower case.
  #folderOf(parts: string[]): string {
    const wrong = parts.find((part) => !isUnityName(part));
    if (wrong !== undefined) throw invalidParameter(`'${wrong}' is not a valid name.`);
    return join(this.#workspace.lakehouse().tablesRoot, ...parts.map((part) => part.toLowerCase()));
  }
}

/** A folder's time, and what Spark (`FolderCatalog.scala`) or the API has written of it. */
function readPlace(folder: string, name: string): Place {
  const file = ['.schema.json', '.catalog.json'].map((name) => join(folder, name)).find((path) => existsSync(path));
  const written = file === undefined ? {} : (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>);
  const { comment, owner: _systemUser, ...properties } = written;
  const createdMs = Math.round(statSync(folder).birthtimeMs);
  return { name, createdMs, properties, ...(comment !== undefined && { comment }) };
}

function writePlace(folder: string, file: string, { name, comment, properties }: NewPlace): Place {
  writeFileSync(join(folder, file), JSON.stringify({ ...properties, ...(comment !== undefined && { comment }) }));
  return readPlace(folder, name.toLowerCase());
}

const absent = (kind: string, name: string): ApiError =>
  new ApiError(404, `${kind}_DOES_NOT_EXIST`, `${nameOf(kind)} '${name}' does not exist.`);
// Worded as in databricks/bundle-examples pull request 51.
const exists = (kind: string, name: string): ApiError =>
  new ApiError(400, `${kind}_ALREADY_EXISTS`, `${nameOf(kind)} '${name}' already exists`);
const nameOf = (kind: string): string => `${kind[0] ?? ''}${kind.slice(1).toLowerCase()}`;
