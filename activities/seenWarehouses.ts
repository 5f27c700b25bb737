import * as v from 'valibot';
import type { DatabricksApi } from '../clients/databricks.ts';
import { ownerTag } from '../domain/ids.ts';

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
  const own = [];
  for (let token = ''; ;) {
    const query: Record<string, string> = token === '' ? {} : { page_token: token };
    const found = await api.get('/api/2.0/sql/warehouses', query, page);
    for (const { id, name, state, tags } of found.warehouses) {
      const isOwn = tags.custom_tags.some(({ key, value }) => key === ownerTag && value === deploymentId);
      if (isOwn && !state.startsWith('DELET')) own.push({ id, name });
    }
    token = found.next_page_token;
    if (token === '') return own;
  }
}
