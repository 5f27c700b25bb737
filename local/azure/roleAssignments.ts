import type { ApiReply, ApiRequest, Handler } from '../kit/router.ts';
import type { Access } from './access.ts';
import type { AssignmentAttributes } from './askedPermissions.ts';
import { ArmError, invalidContent, resourceNotFound } from './armError.ts';
import type { ArmApi, ArmRequest } from './armApi.ts';
import { type ArmContext, isoTime, isWithin, keyOf, type RoleAssignment } from './armState.ts';
import { objectBody, objectField, textField } from './requestBody.ts';
import { assignmentFilter } from './assignmentFilter.ts';
import { roleOf } from './roles.ts';

export const assignmentVersions = ['2022-04-01'];
const type = 'Microsoft.Authorization/roleAssignments';

interface Services {
  context: ArmContext;
  access: Access;
  appObjectId: string;
}

/** Role assignments at any scope of the subscription: `PUT`, `GET`, `DELETE`, list. */
export function serveRoleAssignments(api: ArmApi, services: Services): void {
  const at =
    (verb: 'read' | 'write' | 'delete', handler: (request: ArmRequest, scope: string) => ApiReply): Handler =>
    (request) => {
      const apiVersion = api.requireVersion(request, type, assignmentVersions);
      const caller = api.authenticate(request);
      const scope = knownScope(request, api, services.context);
      services.access.require(caller, `${type}/${verb}`, scope, aboutAssignment(services, request, verb, scope));
      return handler({ ...request, caller, apiVersion }, scope);
    };
  const one = `/{scope*}/providers/${type}/{name}`;
  api.router
    .on(
      'GET',
      one,
      at('read', (request, scope) => get(services, assignmentId(request, scope))),
    )
    .on(
      'PUT',
      one,
      at('write', (request, scope) => put(services, request, scope)),
    )
    .on(
      'DELETE',
      one,
      at('delete', (request, scope) => remove(services, assignmentId(request, scope))),
    )
    .on(
      'GET',
      `/{scope*}/providers/${type}`,
      at('read', (request, scope) => list(services, request, scope)),
    );
}

/** What a condition on the right to assign roles can ask for; a deletion of what is not there is about nothing. */
function aboutAssignment(
  { access }: Services,
  request: ApiRequest,
  verb: 'read' | 'write' | 'delete',
  scope: string,
): AssignmentAttributes | undefined {
  if (verb === 'delete') {
    const there = access.assignments().find((each) => keyOf(each.id) === keyOf(assignmentId(request, scope)));
    return there && attributesOf(there);
  }
  return verb === 'write' ? attributesOf(read(request, scope)) : undefined;
}

const attributesOf = ({
  roleDefinitionId,
  principalId,
  principalType,
}: AssignmentAttributes): AssignmentAttributes => ({
  roleDefinitionId,
  principalId,
  principalType,
});

const assignmentId = ({ params }: ApiRequest, scope: string): string =>
  `${scope}/providers/${type}/${params['name'] ?? ''}`;

/** The scope with the casing that ARM keeps; throws when nothing is there. */
export function knownScope({ params }: ApiRequest, api: ArmApi, { state, subscriptionId }: ArmContext): string {
  const scope = `/${params['scope'] ?? ''}`;
  const parts = /^\/subscriptions\/([^/]+)(?:\/resourceGroups\/([^/]+)(\/.+)?)?$/i.exec(scope);
  if (!parts) {
    throw new ArmError(404, 'MissingSubscription', `The scope '${scope}' is not within a subscription.`);
  }
  const [, subscription = '', group, resource] = parts;
  api.requireSubscription(subscription);
  if (!group) return `/subscriptions/${subscriptionId}`;
  const { id } = api.group(group);
  if (!resource) return id;
  const found = state.workspaces.get(keyOf(scope)) ?? state.identities.get(keyOf(scope));
  if (!found) throw resourceNotFound(scope);
  return found.id;
}

function get({ access }: Services, id: string): ApiReply {
  const found = access.assignments().find((each) => keyOf(each.id) === keyOf(id));
  if (found) return { body: shown(found) };
  const name = id.split('/').at(-1) ?? '';
  throw new ArmError(404, 'RoleAssignmentNotFound', `The role assignment '${name}' is not found.`);
}

function put(services: Services, request: ArmRequest, scope: string): ApiReply {
  const { name = '' } = request.params;
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name)) {
    throw new ArmError(
      400,
      'InvalidRoleAssignmentId',
      `The role assignment ID '${name}' is not valid. The role assignment ID must be a GUID.`,
    );
  }
  const { state, clock } = services.context;
  const wanted: RoleAssignment = {
    ...read(request, scope),
    createdBy: request.caller.oid,
    createdMs: clock.now(),
  };
  requirePrincipal(services, wanted);
  const there = services.access.assignments().find((each) => keyOf(each.id) === keyOf(wanted.id));
  if (there) return again(there, wanted);
  const twin = services.access.assignments().find((each) => isSameGrant(each, wanted));
  if (twin) {
    throw new ArmError(
      409,
      'RoleAssignmentExists',
      `The role assignment already exists. The ID of the existing role assignment is ${twin.name.replaceAll('-', '')}.`,
    );
  }
  state.assignments.set(keyOf(wanted.id), wanted);
  return { status: 201, body: shown(wanted) };
}

function read(request: ApiRequest, scope: string): Omit<RoleAssignment, 'createdBy' | 'createdMs'> {
  const properties = objectField(objectBody(request.body), 'properties');
  const roleDefinitionId = textField(properties, 'roleDefinitionId');
  const principalId = textField(properties, 'principalId');
  if (!roleDefinitionId || !principalId) throw invalidContent('roleDefinitionId and principalId are required');
  if (!roleOf(roleDefinitionId)) {
    throw new ArmError(
      404,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${roleDefinitionId.split('/').at(-1) ?? ''}' does not exist.`,
    );
  }
  const told = ['description', 'condition', 'conditionVersion'].map(
    (key) => [key, textField(properties, key)] as const,
  );
  return {
    id: assignmentId(request, scope),
    name: request.params['name'] ?? '',
    scope,
    roleDefinitionId,
    principalId,
    principalType: textField(properties, 'principalType') ?? 'ServicePrincipal',
    ...Object.fromEntries(told.filter(([, text]) => text !== undefined)),
  };
}

/** A new identity is unknown to the directory for a while, whatever type the request claims for it. */
function requirePrincipal({ context, appObjectId }: Services, { principalId, principalType }: RoleAssignment): void {
  const identity = context.state.identities.values().find((each) => each.principalId === principalId);
  const replicatedMs = identity && identity.createdMs + context.replicationSeconds * 1000;
  const known = principalId === appObjectId || (replicatedMs !== undefined && context.clock.now() >= replicatedMs);
  if (!known) {
    throw new ArmError(
      400,
      'PrincipalNotFound',
      `Principal ${principalId.replaceAll('-', '')} does not exist in the directory ${context.tenantId}. Check that you have the correct principal ID. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype`,
    );
  }
  if (principalType !== 'ServicePrincipal') {
    throw new ArmError(
      400,
      'UnmatchedPrincipalType',
      `The PrincipalId '${principalId.replaceAll('-', '')}' has type 'ServicePrincipal' , which is different from specified PrinciaplType '${principalType}'.`,
    );
  }
}

function again(there: RoleAssignment, wanted: RoleAssignment): ApiReply {
  if (isSameGrant(there, wanted)) return { status: 200, body: shown(there) };
  throw new ArmError(
    400,
    'RoleAssignmentUpdateNotPermitted',
    'Tenant ID, application ID, principal ID, and scope are not allowed to be updated.',
  );
}

const isSameGrant = (one: RoleAssignment, other: RoleAssignment): boolean =>
  one.principalId === other.principalId &&
  roleOf(one.roleDefinitionId) === roleOf(other.roleDefinitionId) &&
  keyOf(one.scope) === keyOf(other.scope);

function remove({ context }: Services, id: string): ApiReply {
  const found = context.state.assignments.get(keyOf(id));
  if (!found) return { status: 204 };
  context.state.assignments.delete(keyOf(id));
  return { body: shown(found) };
}

/** Those at, above and below the scope, as far as the filter lets them through. */
function list({ access }: Services, request: ArmRequest, scope: string): ApiReply {
  const passes = assignmentFilter(request.query.get('$filter') ?? '', scope);
  const found = access
    .assignments()
    .filter((each) => (isWithin(scope, each.scope) || isWithin(each.scope, scope)) && passes(each));
  return { body: { value: found.map(shown) } };
}

const shown = ({ id, name, createdMs, createdBy, ...rest }: RoleAssignment) => ({
  id,
  name,
  type,
  properties: {
    condition: null,
    conditionVersion: null,
    description: null,
    ...rest,
    createdOn: isoTime(createdMs),
    updatedOn: isoTime(createdMs),
    createdBy,
    updatedBy: createdBy,
    delegatedManagedIdentityResourceId: null,
  },
});
