import { createHash } from 'node:crypto';
import type { TokenClaims } from '../kit/tokens.ts';
import { ArmError } from './armError.ts';
import { type ArmState, isWithin, type RoleAssignment } from './armState.ts';
import { accessAdministratorRole, contributorRole, ownerRole, permits, roleOf } from './roles.ts';

/** Who may do what, by the assignments of the configuration and those made over the API. */
export interface Access {
  /** Every assignment, the configured ones first. */
  assignments(): RoleAssignment[];
  /** Throws `AuthorizationFailed` unless a role of the caller at or above `scope` grants the action. */
  require(caller: TokenClaims, action: string, scope: string): void;
  allows(objectId: string, action: string, scope: string): boolean;
  mayAdminister(resourceId: string, objectId: string): boolean;
}

/**
 * The app gets Contributor and the right to assign roles on each of the groups, as its own deployment gives it; whoever made
 * the groups is their owner.
 */
export function access(
  state: ArmState,
  subscriptionId: string,
  appObjectId: string,
  groupIds: string[],
  ownerIds: string[],
): Access {
  const configured = groupIds.flatMap((scope) => [
    ...[contributorRole, accessAdministratorRole].map((role) =>
      assignmentFor(scope, role, subscriptionId, appObjectId, 'ServicePrincipal'),
    ),
    ...ownerIds.map((id) => assignmentFor(scope, ownerRole, subscriptionId, id, 'User')),
  ]);
  const assignments = (): RoleAssignment[] => [...configured, ...state.assignments.values()];
  const rolesOf = (objectId: string, scope: string) =>
    assignments()
      .filter((assignment) => assignment.principalId === objectId && isWithin(scope, assignment.scope))
      .flatMap((assignment) => roleOf(assignment.roleDefinitionId) ?? []);
  const allows = (objectId: string, action: string, scope: string): boolean =>
    rolesOf(objectId, scope).some((role) => permits(role, action));
  return {
    assignments,
    allows,
    require(caller, action, scope) {
      if (allows(caller.oid, action, scope)) return;
      throw new ArmError(
        403,
        'AuthorizationFailed',
        `The client '${caller.appid}' with object id '${caller.oid}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      );
    },
    mayAdminister: (resourceId, objectId) =>
      rolesOf(objectId, resourceId).some((role) => role.id === ownerRole || role.id === contributorRole),
  };
}

function assignmentFor(
  scope: string,
  role: string,
  subscriptionId: string,
  principalId: string,
  principalType: string,
): RoleAssignment {
  const hash = createHash('sha256').update(`${scope}|${role}|${principalId}`).digest('hex');
  const name = hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5');
  return {
    id: `${scope}/providers/Microsoft.Authorization/roleAssignments/${name}`,
    name,
    scope,
    roleDefinitionId: `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    principalId,
    principalType,
    createdBy: principalId,
    createdMs: 0,
  };
}
