import * as v from 'valibot';
import type { DatabricksApi } from '../clients/databricks.ts';
import { ownerTag } from '../domain/ids.ts';
import { pagesOf } from './pagesOf.ts';

const page = v.object({
  warehouses: v.optional(
    v.array(
      v.object({
        id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
        name: v.optional(v.string(), ''),
        state: v.optional(v.string(), ''),
        tags: v.optional(
          v.object({
            custom_tags: v.optional(v.array(v.object({ key: v.string(), value: v.optional(v.string(), '') })), []),
          }),
          {},
        ),
      }),
    ),
    [],
  ),
  next_page_token: v.optional(v.string(), ''),
});

/** The SQL warehouses that carry the deployment's tag and are not being deleted. */
export async function seenWarehouses(
  api: DatabricksApi,
  deploymentId: string,
): Promise<{ id: string; name: string }[]> {
  const pages = await pagesOf(api, '/api/2.0/sql/warehouses', {}, page);
  return pages
    .flatMap(({ warehouses }) => warehouses)
    .filter(({ state }) => !state.startsWith('DELET'))
    .filter(({ tags }) => tags.custom_tags.some(({ key, value }) => key === ownerTag && value === deploymentId))
    .map(({ id, name }) => ({ id, name }));
}
