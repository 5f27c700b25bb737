import * as v from 'valibot';
import type { DatabricksApi } from '../clients/databricks.ts';
import { orUndefined } from '../clients/databricksFailure.ts';
import { ownerTag } from '../domain/ids.ts';
import { pagesOf } from './pagesOf.ts';

export const unity = '/api/2.1/unity-catalog';

/** A table or a schema, as far as its owner goes. */
export const owned = v.object({ properties: v.optional(v.record(v.string(), v.string()), {}) });

const page = v.object({
  tables: v.optional(v.array(v.object({ full_name: v.string(), ...owned.entries })), []),
  next_page_token: v.optional(v.string(), ''),
});

/** A schema into which the notebooks may have written. */
export interface Place {
  catalog: string;
  schema: string;
}

export interface SeenTables {
  /** Full names of the tables whose property says that the deployment wrote them last. */
  own: string[];
  /** Tables that another deployment wrote last. */
  others: { name: string; owner: string }[];
  /** Whether the deployment made the schema. */
  ownsSchema: boolean;
}

/** The tables of a schema, by the property that the notebooks set with each write of a whole table. */
export async function seenTables(
  api: DatabricksApi,
  { catalog, schema }: Place,
  deploymentId: string,
): Promise<SeenTables> {
  const place = await orUndefined(api.get(`${unity}/schemas/${pathPart(`${catalog}.${schema}`)}`, {}, owned));
  const seen: SeenTables = { own: [], others: [], ownsSchema: place?.properties[ownerTag] === deploymentId };
  if (!place) return seen;
  const query = { catalog_name: catalog, schema_name: schema, omit_columns: 'true' };
  const pages = await pagesOf(api, `${unity}/tables`, query, page);
  for (const { full_name: name, properties } of pages.flatMap(({ tables }) => tables)) {
    const owner = properties[ownerTag];
    if (owner === deploymentId) seen.own.push(name);
    else if (owner !== undefined) seen.others.push({ name, owner });
  }
  return seen;
}

/** A name as a part of a path. */
export const pathPart = (name: string): string => encodeURIComponent(name);
