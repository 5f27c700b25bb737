import { randomUUID } from 'node:crypto';
import type { ApiReply } from '../kit/router.ts';
import type { Access } from './access.ts';
import { ArmError, resourceNotFound, wrongLocation } from './armError.ts';
import type { ArmApi, ArmRequest } from './armApi.ts';
import { type ArmContext, type Identity, isWithin, keyOf } from './armState.ts';
import { requireCompliant } from './policies.ts';
import { locationOf, objectBody, tagsOf } from './requestBody.ts';
import { isHidden, requireRegistered, requireUnlocked } from './scenarios.ts';

export const identityVersions = ['2018-11-30', '2023-01-31', '2024-11-30'];
const type = 'Microsoft.ManagedIdentity/userAssignedIdentities';
const inGroup = `/resourceGroups/{resourceGroupName}/providers/${type}`;
const path = `${inGroup}/{name}`;
const route = { type, versions: identityVersions };

/** User-assigned identities: synchronous `PUT`, `GET`, `DELETE`, lists by group and subscription. */
export function serveUserAssignedIdentities(api: ArmApi, context: ArmContext, access: Access): void {
  const idFor = ({ params }: ArmRequest): string =>
    `${api.group(params['resourceGroupName'] ?? '').id}/providers/${type}/${params['name'] ?? ''}`;
  const list = ({ caller, path }: ArmRequest): ApiReply => {
    const scope = path.replace(/\/providers\/[^/]+\/[^/]+\/?$/, '');
    const visible = context.state.identities
      .values()
      .filter(({ id }) => isWithin(id, scope) && access.allows(caller.oid, `${type}/read`, id))
      .filter((identity) => !isUnseen(context, identity));
    return { body: { value: visible.map((identity) => shown(identity, context.tenantId)) } };
  };
  api.on({ ...route, method: 'GET', path, handler: (request) => get(context, idFor(request)) });
  api.on({ ...route, method: 'PUT', path, handler: (request) => put(context, request, idFor(request)) });
  api.on({ ...route, method: 'DELETE', path, handler: (request) => remove(context, idFor(request)) });
  api.on({ ...route, method: 'GET', path: inGroup, authorise: 'list', handler: list });
  api.on({ ...route, method: 'GET', path: `/providers/${type}`, authorise: 'list', handler: list });
}

const isUnseen = ({ state, clock }: ArmContext, identity: Identity): boolean =>
  isHidden(state.scenarios, identity, clock.now());

function get(context: ArmContext, id: string): ApiReply {
  const { state, tenantId } = context;
  const identity = state.identities.get(keyOf(id));
  if (!identity || isUnseen(context, identity)) throw resourceNotFound(id);
  return { body: shown(identity, tenantId) };
}

function put(context: ArmContext, request: ArmRequest, id: string): ApiReply {
  const { state, tenantId, clock } = context;
  requireRegistered(state.scenarios, 'Microsoft.ManagedIdentity');
  const { name = '', resourceGroupName = '' } = request.params;
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{2,127}$/.test(name)) {
    throw new ArmError(
      400,
      'InvalidResourceName',
      `The name '${name}' of the identity must be 3 to 128 letters, digits, hyphens and underscores and start with a letter or digit.`,
    );
  }
  const body = objectBody(request.body);
  const location = locationOf(body, type);
  const there = state.identities.get(keyOf(id));
  if (there && there.location !== location) throw wrongLocation(name, there.location, location, resourceGroupName);
  const tags = tagsOf(body);
  requireCompliant(context, { type, name, groupId: id.slice(0, id.indexOf('/providers/')), tags });
  const identity: Identity = {
    ...(there ?? { id, name, location, principalId: randomUUID(), clientId: randomUUID(), createdMs: clock.now() }),
    tags,
  };
  state.identities.set(keyOf(id), identity);
  return { status: there ? 200 : 201, body: shown(identity, tenantId) };
}

// What is assigned to a deleted identity stays behind, as in Azure; what is assigned on it goes.
function remove({ state }: ArmContext, id: string): ApiReply {
  if (state.identities.get(keyOf(id))) requireUnlocked(state.scenarios, id, 'delete');
  if (!state.identities.delete(keyOf(id))) return { status: 204 };
  dropAssignmentsOn(state, id);
  return { status: 200 };
}

/** Removes the role assignments whose scope is the resource, which ends. */
export function dropAssignmentsOn({ assignments }: ArmContext['state'], id: string): void {
  for (const each of assignments.values()) if (isWithin(each.scope, id)) assignments.delete(keyOf(each.id));
}

const shown = ({ id, name, location, tags, principalId, clientId }: Identity, tenantId: string) => ({
  id,
  name,
  type,
  location,
  tags,
  properties: { tenantId, principalId, clientId },
});
