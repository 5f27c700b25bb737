import * as v from 'valibot';
import { databricks, type DatabricksApi } from '../clients/databricks.ts';
import { isExisting, orUndefined } from '../clients/databricksFailure.ts';
import { RetryableError } from '../domain/errors.ts';
import { ownerTag, warehouseNameFor } from '../domain/ids.ts';
import type { Deployment, Warehouse, Workspace } from '../domain/steps.ts';
import { pagesOf } from './pagesOf.ts';

const path = '/api/2.0/sql/warehouses';
const id = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/));
const tag = v.object({ key: v.string(), value: v.optional(v.string(), '') });
const warehouses = v.object({
  warehouses: v.optional(
    v.array(
      v.object({
        id,
        name: v.optional(v.string()),
        state: v.optional(v.string()),
        tags: v.optional(v.object({ custom_tags: v.optional(v.array(tag), []) })),
      }),
    ),
    [],
  ),
  next_page_token: v.optional(v.string(), ''),
});

/**
 * The deployment's own SQL warehouse: the smallest, which stops by itself after ten idle minutes. The API has no token
 * for a creation, so: find by name and tag, create, find again, keep the lowest id and remove the others.
 */
export async function ensureWarehouse({
  id: deploymentId,
  workspace,
}: Deployment & { workspace: Workspace }): Promise<Warehouse> {
  const api = databricks(workspace);
  let own = await findOwn(api, deploymentId);
  if (own.length === 0) {
    const made = await create(api, deploymentId);
    own = await findOwn(api, deploymentId);
    // The list may lag behind the creation.
    if (own.length === 0) own = [made];
  }
  const [kept = '', ...others] = own;
  for (const other of others) await remove(api, other);
  return { id: kept, url: `https://${workspace.host}/sql/warehouses/${kept}` };
}

async function create(api: DatabricksApi, deploymentId: string): Promise<string> {
  try {
    return (await api.post(path, settingsFor(deploymentId), v.object({ id }))).id;
  } catch (error) {
    if (!isExisting(error)) throw error;
    // One that is being deleted keeps its name until it is gone.
    throw new RetryableError(
      'DATABRICKS_UNAVAILABLE',
      `The name is still taken; if it stays so, rename or delete the SQL warehouse ${warehouseNameFor(deploymentId)}.`,
    );
  }
}

const settingsFor = (deploymentId: string): object => ({
  name: warehouseNameFor(deploymentId),
  cluster_size: '2X-Small',
  warehouse_type: 'PRO',
  // Serverless is not to be had in every region and has its own network rules; the workspace's default would decide else.
  enable_serverless_compute: false,
  min_num_clusters: 1,
  max_num_clusters: 1,
  auto_stop_mins: 10,
  tags: { custom_tags: [{ key: ownerTag, value: deploymentId }] },
});

/** Ids of the warehouses that this deployment made and nobody has deleted, the lowest first. */
async function findOwn(api: DatabricksApi, deploymentId: string): Promise<string[]> {
  return (await pagesOf(api, path, {}, warehouses))
    .flatMap((page) => page.warehouses)
    .filter(
      ({ name, state = '', tags }) =>
        name === warehouseNameFor(deploymentId) &&
        !state.startsWith('DELET') &&
        tags?.custom_tags.some(({ key, value }) => key === ownerTag && value === deploymentId),
    )
    .map(({ id }) => id)
    .toSorted();
}

async function remove(api: DatabricksApi, warehouseId: string): Promise<void> {
  await orUndefined(api.delete(`${path}/${warehouseId}`));
}
