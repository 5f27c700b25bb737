import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError, invalidParameter, notEmulated } from '../apiError.ts';
import type { Workspace } from '../workspace.ts';
import { type DeltaTable, holdsTable, readDeltaTable } from './deltaLog.ts';

/** A schema of a catalog, or a catalog. */
export interface Place {
  name: string;
  comment?: string;
  properties: Record<string, string>;
  createdMs: number;
}

export interface FoundTable {
  catalog: string;
  schema: string;
  name: string;
  folder: string;
  table: DeltaTable;
}

// The rule of Unity Catalog for the names of its objects; FolderCatalog.scala has the same.
const nameRule = /^[^./ \p{Cc}]{1,255}$/u;

/** The catalogs, schemas and tables of a workspace: the folders in which Spark keeps them, and nothing beside. */
export class CatalogTree {
  readonly #workspace: Workspace;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  catalogs(): Place[] {
    return this.#workspace.lakehouse().catalogs.map((name) => this.catalog(name));
  }

  /** 404 when there is none. */
  catalog(name: string): Place {
    const folder = this.#existing([name]);
    if (folder === undefined) throw absent('CATALOG', name);
    return readPlace(folder, name.toLowerCase());
  }

  schemas(catalog: string): Place[] {
    this.catalog(catalog);
    return this.#foldersIn([catalog]).map((name) => this.schema(catalog, name));
  }

  schema(catalog: string, name: string): Place {
    this.catalog(catalog);
    const folder = this.#existing([catalog, name]);
    if (folder === undefined) throw absent('SCHEMA', `${catalog}.${name}`);
    return readPlace(folder, name.toLowerCase());
  }

  tableNames(catalog: string, schema: string): string[] {
    this.schema(catalog, schema);
    return this.#foldersIn([catalog, schema]).filter((name) => this.hasTable(catalog, schema, name));
  }

  hasTable(catalog: string, schema: string, name: string): boolean {
    this.schema(catalog, schema);
    const folder = this.#existing([catalog, schema, name]);
    return folder !== undefined && holdsTable(folder);
  }

  table(catalog: string, schema: string, name: string): FoundTable {
    const fullName = [catalog, schema, name].join('.');
    if (!this.hasTable(catalog, schema, name)) throw absent('TABLE', fullName);
    const folder = this.#folderOf([catalog, schema, name]);
    const table = readDeltaTable(folder);
    if (!table)
      throw notEmulated(`reading the table ${fullName} from a checkpoint: its oldest commits were cleaned up`);
    const [inCatalog, inSchema, own] = [catalog, schema, name].map((part) => part.toLowerCase()) as [
      string,
      string,
      string,
    ];
    return { catalog: inCatalog, schema: inSchema, name: own, folder, table };
  }

  createCatalog(name: string, comment: string | undefined): Place {
    if (this.#existing([name]) !== undefined) throw exists('CATALOG', name);
    this.#create([name], '.catalog.json', comment);
    mkdirSync(this.#folderOf([name, 'default']));
    return this.catalog(name);
  }

  createSchema(catalog: string, name: string, comment?: string, properties: Record<string, string> = {}): Place {
    this.catalog(catalog);
    if (this.#existing([catalog, name]) !== undefined) throw exists('SCHEMA', `${catalog}.${name}`);
    this.#create([catalog, name], '.schema.json', comment, properties);
    return this.schema(catalog, name);
  }

  /** Takes the table away at once, then deletes its files. */
  dropTable(catalog: string, schema: string, name: string): void {
    if (!this.hasTable(catalog, schema, name)) throw absent('TABLE', [catalog, schema, name].join('.'));
    const trash = join(this.#folderOf([catalog]), '.dropped');
    mkdirSync(trash, { recursive: true });
    const dropped = join(trash, randomUUID());
    renameSync(this.#folderOf([catalog, schema, name]), dropped);
    rmSync(dropped, { recursive: true });
  }

  #create(parts: string[], file: string, comment?: string, properties: Record<string, string> = {}): void {
    const name = parts.at(-1) ?? '';
    if (!nameRule.test(name)) throw invalidParameter(`'${name}' is not a valid name.`);
    const folder = this.#folderOf(parts);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, file), JSON.stringify({ ...properties, ...(comment !== undefined && { comment }) }));
  }

  #foldersIn(parts: string[]): string[] {
    const entries = readdirSync(this.#folderOf(parts), { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && nameRule.test(entry.name))
      .map(({ name }) => name)
      .toSorted();
  }

  #existing(parts: string[]): string | undefined {
    const folder = this.#folderOf(parts);
    return parts.every((part) => nameRule.test(part)) && existsSync(folder) ? folder : undefined;
  }

  // Names know no case and are kept in lower case.
  #folderOf(parts: string[]): string {
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

const absent = (kind: string, name: string): ApiError =>
  new ApiError(404, `${kind}_DOES_NOT_EXIST`, `${nameOf(kind)} '${name}' does not exist.`);
const exists = (kind: string, name: string): ApiError =>
  new ApiError(400, `${kind}_ALREADY_EXISTS`, `${nameOf(kind)} '${name}' already exists`);
const nameOf = (kind: string): string => `${kind[0] ?? ''}${kind.slice(1).toLowerCase()}`;
