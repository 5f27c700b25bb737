import { createHash } from 'node:crypto';
import type { TokenClaims } from '../kit/tokens.ts';
import type { AskedPermissions, AssignmentAttributes } from './askedPermissions.ts';
import { conditionHolds } from './assignmentCondition.ts';
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
  /**
   * Throws `AuthorizationFailed` unless a role of the caller at or above `scope` grants the action, under the condition
   * of its assignment.
   */
  require(caller: TokenClaims, action: string, scope: string, assignment?: AssignmentAttributes): void;
  allows(objectId: string, action: string, scope: string): boolean;
  /** The same, noted as a call's need. */
  asks(objectId: string, action: string, scope: string, how?: { list: true }): boolean;
  /** The roles that the principal has at the scope or above it. */
  rolesOf(objectId: string, scope: string): Role[];
  mayAdminister(resourceId: string, objectId: string): boolean;
}

export interface AccessOptions {
  subscriptionId: string;
  appObjectId: string;
  groupIds: string[];
  ownerIds: string[];
  /** The condition under which the app may assign roles; none when left out. */
  delegation?: string;
  asked: AskedPermissions;
}

/**
 * The app gets Contributor and the right to assign roles on each of the groups, and may read providers and quotas of the
 * subscription, as its own deployment gives it; whoever made the groups owns them. All this once, so that what is taken
 * away again stays away. A scenario takes a role of the app's away until it is cleared.
 */
export function access(state: ArmState, options: AccessOptions): Access {
  const { subscriptionId, appObjectId, groupIds, ownerIds, delegation, asked } = options;
  const subscription = `/subscriptions/${subscriptionId}`;
  grantOnce(state, assignmentFor(subscription, preflightRole, subscriptionId, appObjectId, 'ServicePrincipal'));
  for (const scope of groupIds) {
    grantOnce(state, assignmentFor(scope, contributorRole, subscriptionId, appObjectId, 'ServicePrincipal'));
    grantOnce(state, {
      ...assignmentFor(scope, accessAdministratorRole, subscriptionId, appObjectId, 'ServicePrincipal'),
      ...(delegation !== undefined && { condition: delegation, conditionVersion: '2.0' }),
    });
    for (const id of ownerIds) grantOnce(state, assignmentFor(scope, ownerRole, subscriptionId, id, 'User'));
  }
  const isTaken = ({ principalId, roleDefinitionId }: RoleAssignment): boolean =>
    principalId === appObjectId && isTakenAway(state.scenarios, roleOf(roleDefinitionId)?.name ?? '');
  const assignments = (): RoleAssignment[] => state.assignments.values().filter((assignment) => !isTaken(assignment));
  const assignedTo = (objectId: string, scope: string): RoleAssignment[] =>
    assignments().filter((each) => each.principalId === objectId && isWithin(scope, each.scope));
  const rolesOf = (objectId: string, scope: string): Role[] =>
    assignedTo(objectId, scope).flatMap(({ roleDefinitionId }) => roleOf(roleDefinitionId) ?? []);
  const allows = (objectId: string, action: string, scope: string, assignment?: AssignmentAttributes): boolean =>
    assignedTo(objectId, scope).some((each) => grantsBy(each, action, assignment));
  return {
    assignments,
    rolesOf,
    allows,
    asks(principalId, action, scope, how) {
      const granted = allows(principalId, action, scope);
      asked.note({ principalId, action, scope, ...how, granted });
      return granted;
    },
    require(caller, action, scope, assignment) {
      const granted = allows(caller.oid, action, scope, assignment);
      asked.note({ principalId: caller.oid, action, scope, ...(assignment && { assignment }), granted });
      if (granted) return;
      throw new ArmError(
        403,
        'AuthorizationFailed',
        `The client '${caller.appid}' with object id '${caller.oid}' does not have authorization to perform action '${action}' over scope '${scope}' or the scope is invalid. If access was recently granted, please refresh your credentials.`,
      );
    },
    mayAdminister(resourceId, principalId) {
      const granted = rolesOf(principalId, resourceId).some(({ id }) => id === ownerRole || id === contributorRole);
      asked.note({ principalId, action: becomeAdministrator, scope: resourceId, granted });
      return granted;
    },
  };
}

/** What lets a principal enrol in a workspace as its administrator. */
const becomeAdministrator = 'Microsoft.Databricks/workspaces/assignWorkspaceAdmin/action';

/** Whether an assignment grants the action; its condition is held against the role assignment that the action is about. */
export function grantsBy(
  { roleDefinitionId, condition }: Pick<RoleAssignment, 'roleDefinitionId' | 'condition'>,
  action: string,
  about?: AssignmentAttributes,
): boolean {
  const role = roleOf(roleDefinitionId);
  if (!role || !permits(role, action)) return false;
  if (condition === undefined || !about) return true;
  const source = action.endsWith('/delete') ? 'resource' : 'request';
  return conditionHolds(condition, { action, [source]: about });
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
