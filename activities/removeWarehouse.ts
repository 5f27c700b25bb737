import { databricks } from '../clients/databricks.ts';
import { orUndefined } from '../clients/databricksFailure.ts';
import type { Removed, RemoveInWorkspace } from '../domain/removal.ts';
import { seenWarehouses } from './seenWarehouses.ts';

/** Deletes the SQL warehouses that carry the deployment's tag. */
export async function removeWarehouse({ workspace, ...deployment }: RemoveInWorkspace): Promise<Removed> {
  const api = databricks(workspace);
  const own = await seenWarehouses(api, deployment.id);
  for (const { id } of own) await orUndefined(api.delete(`/api/2.0/sql/warehouses/${id}`));
  return { removed: own.map(({ name }) => ({ kind: 'warehouse', name })), kept: [] };
}
