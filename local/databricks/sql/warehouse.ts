import type { Fields } from '../requestFields.ts';
import type { Workspace } from '../workspace.ts';
import type { WarehouseSettings } from './warehouseSettings.ts';

/** A SQL warehouse as the workspace remembers it. */
export interface Warehouse {
  id: string;
  settings: WarehouseSettings;
  creator: string;
  state: 'STARTING' | 'RUNNING' | 'STOPPING' | 'STOPPED' | 'DELETING';
  /** When the state that passes by itself may end. */
  dueMs: number;
  /** Since when no statement has run. */
  idleSinceMs: number;
  /** Why the last start failed, or the engine ended. */
  failure?: WarehouseFailure;
}

export interface WarehouseFailure {
  code: string;
  type: string;
  message: string;
}

/** The warehouse as `GET /api/2.0/sql/warehouses/{id}` shows it. */
export function warehouseView(warehouse: Warehouse, workspace: Workspace, activeSessions: number): Fields {
  const { id, settings, state } = warehouse;
  const path = `/sql/1.0/warehouses/${id}`;
  const health = healthView(warehouse);
  return {
    id,
    ...settings,
    state,
    creator_name: warehouse.creator,
    num_clusters: state === 'RUNNING' ? 1 : 0,
    num_active_sessions: activeSessions,
    jdbc_url: `jdbc:spark://${workspace.host()}/default;transportMode=http;ssl=1;AuthMech=3;httpPath=${path};`,
    odbc_params: { hostname: 'localhost', path, port: workspace.record.port, protocol: 'https' },
    ...(health && { health }),
  };
}

function healthView({ state, failure }: Warehouse): Fields | undefined {
  if (state === 'RUNNING') return { status: 'HEALTHY' };
  if (!failure) return undefined;
  const { code, type, message } = failure;
  return {
    status: 'FAILED',
    summary: `The warehouse did not start: ${code} (${type}).`,
    details: message,
    failure_reason: { code, type, parameters: { databricks_error_message: message } },
  };
}
