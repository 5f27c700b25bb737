import type { InvocationContext } from '@azure/functions';
import { databricks } from '../clients/databricks.ts';
import type { Warehouse, WarehouseState, Workspace } from '../domain/steps.ts';
import { warehouseState } from './warehouseState.ts';

/**
 * How far a warehouse that was started is. Terminal: WAREHOUSE_LOST, and WAREHOUSE_FAILED with Databricks' reason; where
 * the reason may pass, the warehouse has only stopped.
 */
export async function readWarehouse(
  { workspace, warehouse }: { workspace: Workspace; warehouse: Warehouse },
  ctx?: Pick<InvocationContext, 'warn'>,
): Promise<WarehouseState> {
  const { failed, ...state } = await warehouseState(databricks(workspace), warehouse, ctx);
  if (failed?.failure.retryable) return { state: 'stopped', failure: failed.failure };
  if (failed) throw failed;
  return state;
}
