import { databricks } from '../clients/databricks.ts';
import type { Warehouse, WarehouseState, Workspace } from '../domain/steps.ts';
import { warehouseState } from './warehouseState.ts';

/** How far a warehouse that was started is. Terminal: WAREHOUSE_FAILED with Databricks' reason, WAREHOUSE_LOST. */
export async function readWarehouse({
  workspace,
  warehouse,
}: {
  workspace: Workspace;
  warehouse: Warehouse;
}): Promise<WarehouseState> {
  const { failed, ...state } = await warehouseState(databricks(workspace), warehouse);
  if (failed) throw failed;
  return state;
}
