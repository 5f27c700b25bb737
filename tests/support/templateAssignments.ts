import { roleOf } from '../../local/azure/roles.ts';
import { ofType, type PredictedResource, type Snapshot } from './infra.ts';

/** A role that the template gives to the app's identity. */
export interface TemplateAssignment {
  role: string;
  roleDefinitionId: string;
  scope: string;
  /** The type of what it is given on. */
  on: string;
  condition?: string;
}

const assignments = 'Microsoft.Authorization/roleAssignments';
const groups = 'Microsoft.Resources/subscriptions/resourceGroups';

/** Every role assignment of a snapshot; throws for one to somebody else than the app's identity, or of an unknown role. */
export function assignmentsIn({ predictedResources: resources }: Snapshot): TemplateAssignment[] {
  const [identity] = ofType(resources, 'Microsoft.ManagedIdentity/userAssignedIdentities');
  return ofType(resources, assignments).map((assignment) => assignmentOf(assignment, identity?.id ?? ''));
}

function assignmentOf({ id, properties }: PredictedResource, identityId: string): TemplateAssignment {
  const { roleDefinitionId = '', principalId = '', principalType, condition } = properties as Record<string, string>;
  if (!principalId.startsWith(`[reference('${identityId}', `) || principalType !== 'ServicePrincipal')
    throw new Error(`${id} is given to ${principalId} (${principalType ?? 'no type'}).`);
  const role = roleOf(roleDefinitionId);
  if (!role) throw new Error(`${id} gives a role that is not known: ${roleDefinitionId}.`);
  const scope = scopeOf(id);
  return { role: role.name, roleDefinitionId, scope, on: typeOf(scope), ...(condition !== undefined && { condition }) };
}

/** The name of an assignment depends on the identity, which Azure makes, so its id is an expression. */
function scopeOf(id: string): string {
  const [, resource] = /^\[extensionResourceId\('([^']+)'/.exec(id) ?? [];
  if (resource) return resource;
  const [, subscription, group] = /^\[(?:subscriptionR|r)esourceId\('([^']+)', '([^']+)'/.exec(id) ?? [];
  if (!subscription || !group) throw new Error(`The scope of ${id} cannot be read.`);
  const inGroup = group === assignments ? '' : `/resourceGroups/${group}`;
  return `/subscriptions/${subscription}${inGroup}`;
}

function typeOf(scope: string): string {
  const [, resource] = /\/providers\/(.+)$/.exec(scope) ?? [];
  if (!resource) return scope.includes('/resourceGroups/') ? groups : 'Microsoft.Resources/subscriptions';
  const [namespace, ...rest] = resource.split('/');
  return [namespace, ...rest.filter((_, at) => at % 2 === 0)].join('/');
}
