import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { doesNotExist, invalidParameter } from '../apiError.ts';
import { type Fields, requiredText } from '../requestFields.ts';
import type { Workspace } from '../workspace.ts';

/** A three-level name; Unity Catalog keeps names in lower case. */
export interface UnityName {
  catalog: string;
  schema: string;
  name: string;
  full: string;
}

// The rule of Unity Catalog for the names of its objects; FolderCatalog.scala has the same.
const nameRule = /^[^ /.\p{Cc}]{1,255}$/u;

/** Whether Unity Catalog takes this as the name of an object, within its parent. */
export const isUnityName = (part: string): boolean => nameRule.test(part);

/** Reads `catalog.schema.name`; 400 when it is not of three levels or a level has characters that names cannot have. */
export function parseUnityName(given: string): UnityName {
  const [catalog = '', schema = '', name = ''] = partsOf(given, ['catalog', 'schema', 'name']);
  return { catalog, schema, name, full: `${catalog}.${schema}.${name}` };
}

/** Reads `catalog.schema`, otherwise as `parseUnityName`. */
export function parseSchemaName(given: string): { catalog: string; schema: string } {
  const [catalog = '', schema = ''] = partsOf(given, ['catalog', 'schema']);
  return { catalog, schema };
}

export const unityNameOf = (fields: Fields, field = 'name'): UnityName => parseUnityName(requiredText(fields, field));

function partsOf(given: string, levels: string[]): string[] {
  const parts = given.toLowerCase().split('.');
  if (parts.length === levels.length && parts.every(isUnityName)) return parts;
  const form = levels.map((level) => `<${level}>`).join('.');
  throw invalidParameter(`'${given}' is not a valid name: it must be of the form ${form}.`);
}

/** Refuses a name whose catalog or schema is not there. */
export function requireSchema(workspace: Workspace, { catalog, schema }: UnityName): void {
  const { tablesRoot, catalogs } = workspace.lakehouse();
  if (!catalogs.includes(catalog)) throw doesNotExist(`Catalog '${catalog}' does not exist.`);
  if (existsSync(join(tablesRoot, catalog, schema))) return;
  throw doesNotExist(`Schema '${catalog}.${schema}' does not exist.`);
}
