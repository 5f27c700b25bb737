import { anything, databricks } from '../clients/databricks.ts';
import type { Warehouse, WarehouseState, Workspace } from '../domain/steps.ts';
import { lostIfMissing, warehouseState } from './warehouseState.ts';

/** Starts a warehouse that is stopped, also one whose last start failed. Terminal: WAREHOUSE_LOST. */
export async function startWarehouse({
  workspace,
  warehouse,
}: {
  workspace: Workspace;
  warehouse: Warehouse;
}): Promise<WarehouseState> {
  const api = databricks(workspace);
  const { failed: _earlier, ...state } = await warehouseState(api, warehouse);
  if (state.state !== 'stopped') return state;
  await api.post(`/api/2.0/sql/warehouses/${warehouse.id}/start`, {}, anything).catch(lostIfMissing(warehouse));
  return { state: 'waiting' };
}
