import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { bodyOf } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import type { Workspace } from '../workspace.ts';
import { type Warehouse, warehouseView } from './warehouse.ts';
import { readWarehouseSettings } from './warehouseSettings.ts';
import type { Warehouses } from './warehouses.ts';

const root = '/api/2.0/sql/warehouses';

/** SQL warehouses: create, get, list, edit, delete, start, stop. */
export function addWarehouseRoutes(
  on: AddRoute,
  workspace: Workspace,
  warehouses: Warehouses,
  activeSessions: (warehouseId: string) => number,
): void {
  const view = (warehouse: Warehouse): object => warehouseView(warehouse, workspace, activeSessions(warehouse.id));
  const about =
    (act: (warehouse: Warehouse, request: ApiRequest) => void) =>
    (request: ApiRequest): ApiReply => {
      act(warehouses.require(request.params['id'] ?? ''), request);
      return { body: {} };
    };
  on('POST', root, (request, caller) => {
    const { id } = warehouses.create(readWarehouseSettings(bodyOf(request)), caller.applicationId);
    return { body: { id } };
  });
  on('GET', root, () => ({ body: { warehouses: warehouses.all().map(view) } }));
  on('GET', `${root}/{id}`, ({ params }) => ({ body: view(warehouses.require(params['id'] ?? '')) }));
  on(
    'POST',
    `${root}/{id}/edit`,
    about((warehouse, request) =>
      warehouses.edit(warehouse, readWarehouseSettings(bodyOf(request), warehouse.settings)),
    ),
  );
  on(
    'DELETE',
    `${root}/{id}`,
    about((warehouse) => warehouses.delete(warehouse)),
  );
  on(
    'POST',
    `${root}/{id}/start`,
    about((warehouse) => warehouses.start(warehouse)),
  );
  on(
    'POST',
    `${root}/{id}/stop`,
    about((warehouse) => warehouses.stop(warehouse)),
  );
}
