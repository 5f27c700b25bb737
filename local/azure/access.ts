import { createHash } from 'node:crypto';
import type { TokenClaims } from '../kit/tokens.ts';
import { ArmError } from './armError.ts';
import { type ArmState, isWithin, keyOf, type RoleAssignment } from './armState.ts';
import {
  accessAdministratorRole,
  contributorRole,
  ownerRole,
  permits,
  preflightRole,
  type Role,
  roleOf,
} from './roles.ts';
import { isTakenAway } from './scenarios.ts';

/** Who may do what, by the role assignments. */
export interface Access {
  /** Every assignment, the app's own first. */
  assignments(): RoleAssignment[];
  /** Throws `AuthorizationFailed` unless a role of the caller at or above `scope` grants the action. */
  require(caller: TokenClaims, action: string, scope: string): void;
  allows(objectId: string, action: string, scope: string): boolean;
  /** The roles that the principal has at the scope or above it. */
  rolesOf(objectId: string, scope: string): Role[];
  mayAdminister(resourceId: string, objectId: string): boolean;
}

/**
 * The app gets Contributor and the right to assign roles on each of the groups, and may read providers and quotas of the
 * subscription, as its own deployment gives it; whoever made the groups owns them. All this once, so that what is taken
 * away again stays away. A scenario takes a role of the app's away until it is cleared.
 */
export function access(
  state: ArmState,
  subscriptionId: string,
  appObjectId: string,
  groupIds: string[],
  ownerIds: string[],
): Access {
  const subscription = `/subscriptions/${subscriptionId}`;
  grantOnce(state, assignmentFor(subscription, preflightRole, subscriptionId, appObjectId, 'ServicePrincipal'));
  for (const scope of groupIds) {
    for (const role of [contributorRole, accessAdministratorRole])
      grantOnce(state, assignmentFor(scope, role, subscriptionId, appObjectId, 'ServicePrincipal'));
    for (const id of ownerIds) grantOnce(state, assignmentFor(scope, ownerRole, subscriptionId, id, 'User'));
  }
  const isTaken = ({ principalId, roleDefinitionId }: RoleAssignment): boolean =>
    principalId === appObjectId && isTakenAway(state.scenarios, roleOf(roleDefinitionId)?.name ?? '');
  const assignments = (): RoleAssignment[] => state.assignments.values().filter((assignment) => !isTaken(assignment));
  const rolesOf = (objectId: string, scope: string): Role[] =>
    assignments()
      .filter((assignment) => assignment.principalId === objectId && isWithin(scope, assignment.scope))
      .flatMap((assignment) => roleOf(assignment.roleDefinitionId) ?? []);
  const allows = (objectId: string, action: string, scope: string): boolean =>
    rolesOf(objectId, scope).some((role) => permits(role, action));
  return {
    assignments,
    rolesOf,
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

function grantOnce({ assignments, granted }: ArmState, assignment: RoleAssignment): void {
  const key = keyOf(assignment.id);
  if (granted.get(key)) return;
  granted.set(key, true);
  assignments.set(key, assignment);
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
