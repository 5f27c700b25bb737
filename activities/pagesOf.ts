import type * as v from 'valibot';
import type { DatabricksApi } from '../clients/databricks.ts';

// Of up to a hundred each: a workspace has at most 12,000 saved jobs.
const mostPages = 120;

/** Every page of a list of the workspace's API, up to a number of pages; at least the first. */
export async function pagesOf<S extends v.GenericSchema<unknown, { next_page_token: string }>>(
  api: DatabricksApi,
  path: string,
  query: Record<string, string>,
  schema: S,
  most = mostPages,
): Promise<v.InferOutput<S>[]> {
  const pages: v.InferOutput<S>[] = [];
  for (let token = ''; pages.length < most;) {
    const page = await api.get(path, { ...query, ...(token !== '' && { page_token: token }) }, schema);
    pages.push(page);
    token = page.next_page_token;
    if (token === '') break;
  }
  return pages;
}
