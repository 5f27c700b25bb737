import type { ApiReply } from '../kit/router.ts';
import type { Access } from './access.ts';
import { ArmError, notImplemented, wrongLocation } from './armError.ts';
import type { ArmApi, ArmRequest } from './armApi.ts';
import { type ArmContext, keyOf, type ResourceGroup } from './armState.ts';
import { locationOf, objectBody, tagsOf } from './requestBody.ts';

const versions = [
  '2020-06-01',
  '2021-04-01',
  '2022-09-01',
  '2023-07-01',
  '2024-03-01',
  '2024-07-01',
  '2024-11-01',
  '2025-04-01',
];
const type = 'Microsoft.Resources/subscriptions/resourceGroups';
const path = '/resourceGroups/{resourceGroupName}';

/** `GET`, `PUT` and list of resource groups. */
export function serveResourceGroups(api: ArmApi, context: ArmContext, access: Access): void {
  const name = (request: ArmRequest): string => request.params['resourceGroupName'] ?? '';
  api.on({ method: 'GET', path, type, versions, handler: (request) => ({ body: shown(api.group(name(request))) }) });
  api.on({ method: 'PUT', path, type, versions, handler: (request) => put(request, context, name(request)) });
  api.on({
    method: 'DELETE',
    path,
    type,
    versions,
    handler: () => {
      throw notImplemented('the deletion of a whole resource group');
    },
  });
  api.on({
    method: 'GET',
    path: '/resourceGroups',
    type,
    versions,
    authorise: 'list',
    handler: ({ caller }) => {
      const visible = context.state.groups.values().filter(({ id }) => access.allows(caller.oid, `${type}/read`, id));
      return { body: { value: visible.map(shown) } };
    },
  });
}

function put(request: ArmRequest, { state, subscriptionId }: ArmContext, name: string): ApiReply {
  if (!/^[\p{L}\p{N}_.()-]{0,89}[\p{L}\p{N}_()-]$/u.test(name)) {
    throw new ArmError(400, 'InvalidResourceGroupName', `The provided resource group name '${name}' is invalid.`);
  }
  const body = objectBody(request.body);
  const location = locationOf(body, 'Microsoft.Resources/resourceGroups');
  const id = `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
  const there = state.groups.get(keyOf(id));
  if (there && there.location !== location) throw wrongLocation(name, there.location, location, name);
  const group: ResourceGroup = { ...(there ?? { id, name, location }), tags: tagsOf(body) };
  state.groups.set(keyOf(id), group);
  return { status: there ? 200 : 201, body: shown(group) };
}

const shown = ({ id, name, location, tags, managedBy }: ResourceGroup) => ({
  id,
  name,
  type: 'Microsoft.Resources/resourceGroups',
  location,
  tags,
  ...(managedBy && { managedBy }),
  properties: { provisioningState: 'Succeeded' },
});
