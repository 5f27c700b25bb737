import { errorIn, type Finding, notChecked, type Read } from './preflight.ts';
import type { PreflightContext, SubscriptionFacts } from './preflightSubscription.ts';

/** What one role lets its holder do at a scope, with `*` for anything (Microsoft.Authorization/permissions). */
export interface Permission {
  actions: string[];
  notActions: string[];
}

/** Whether one of the roles grants the action; conditions of an assignment are not known here. */
export const grants = (permissions: Permission[], action: string): boolean =>
  permissions.some(
    ({ actions, notActions }) =>
      actions.some((pattern) => fits(pattern, action)) && !notActions.some((pattern) => fits(pattern, action)),
  );

function fits(pattern: string, action: string): boolean {
  const source = pattern
    .split('*')
    .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.*');
  return new RegExp(`^${source}$`, 'i').test(action);
}

const roleAssignments = 'Microsoft.Authorization/roleAssignments/write';
const readWorkspace = 'Microsoft.Databricks/workspaces/read';

/** Actions that a role on the workspace itself grants as well as one on its group. */
export const workspaceActions: readonly string[] = [readWorkspace, roleAssignments];

/** What the deployment will do that needs a role, and whether the app's identity has it. */
export function judgeRoles(
  {
    permissions,
    workspacePermissions,
    workspace,
    identityExists,
  }: Pick<SubscriptionFacts, 'permissions' | 'workspacePermissions' | 'workspace' | 'identityExists'>,
  { deployment, clientId }: PreflightContext,
  { makesWorkspace, makesIdentity }: { makesWorkspace: boolean; makesIdentity: boolean },
): Finding[] {
  const group = `/subscriptions/${deployment.subscriptionId}/resourceGroups/${deployment.request.resourceGroup}`;
  if ('unread' in permissions) {
    const command = `az role assignment list --assignee ${clientId} --include-inherited --scope ${group}`;
    return [notChecked('the roles of the app\u2019s identity', permissions, command)];
  }
  const identities = 'Microsoft.ManagedIdentity/userAssignedIdentities';
  // What could be read may be read, also by a role on the thing itself.
  const needed = [
    ...('value' in workspace && workspace.value ? [] : [readWorkspace]),
    ...('value' in identityExists && identityExists.value ? [] : [`${identities}/read`]),
    ...(makesWorkspace ? ['Microsoft.Databricks/workspaces/write'] : []),
    ...(makesIdentity ? [`${identities}/write`] : []),
    roleAssignments,
  ];
  const onWorkspace = grantedOnWorkspace(workspacePermissions);
  const missing = needed.filter((action) => !grants(permissions.value, action) && !onWorkspace(action));
  const resourceId = 'value' in workspace && !makesWorkspace ? workspace.value?.resourceId : undefined;
  return ['Contributor', 'Role Based Access Control Administrator'].flatMap((role) => {
    const actions = missing.filter((action) => (action === roleAssignments) === (role !== 'Contributor'));
    if (actions.length === 0) return [];
    const scope = role !== 'Contributor' && resourceId ? resourceId : group;
    const message = `The app\u2019s identity may not do ${actions.join(', ')} in the resource group ${deployment.request.resourceGroup}.`;
    const command = `az role assignment create --assignee ${clientId} --role "${role}" --scope ${scope}`;
    return [errorIn('ROLE_MISSING', message, command, '/resourceGroup')];
  });
}

/** A role on the workspace that could not be read may be there: what it could grant is not held to be missing. */
function grantedOnWorkspace(read: Read<Permission[]> | undefined): (action: string) => boolean {
  if (!read) return () => false;
  return (action) => workspaceActions.includes(action) && ('unread' in read || grants(read.value, action));
}
