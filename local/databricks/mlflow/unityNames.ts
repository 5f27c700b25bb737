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

/** Reads `catalog.schema.name`; 400 when it is not of three levels or a level has characters that names cannot have. */
export function parseUnityName(given: string): UnityName {
  const [catalog, schema, name, more] = given.toLowerCase().split('.');
  const isName = (part: string | undefined): part is string =>
    part !== undefined && /^[^\s/.\p{Cc}]{1,255}$/u.test(part);
  if (!isName(catalog) || !isName(schema) || !isName(name) || more !== undefined) {
    throw invalidParameter(`'${given}' is not a valid name: it must be of the form <catalog>.<schema>.<name>.`);
  }
  return { catalog, schema, name, full: `${catalog}.${schema}.${name}` };
}

export const unityNameOf = (fields: Fields, field = 'name'): UnityName => parseUnityName(requiredText(fields, field));

/** Refuses a name whose catalog or schema is not there. */
export function requireSchema(workspace: Workspace, { catalog, schema }: UnityName): void {
  const { tablesRoot, catalogs } = workspace.lakehouse();
  if (!catalogs.includes(catalog)) throw doesNotExist(`Catalog '${catalog}' does not exist.`);
  if (existsSync(join(tablesRoot, catalog, schema))) return;
  throw doesNotExist(`Schema '${catalog}.${schema}' does not exist.`);
}
