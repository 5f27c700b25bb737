/** A role: the actions that it grants, with `*` for anything. */
export interface Role {
  id: string;
  name: string;
  actions: string[];
  notActions?: string[];
}

export const ownerRole = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
export const contributorRole = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
export const accessAdministratorRole = 'f58310d9-a9f6-439a-9e8d-f62e7b41a168';

export const preflightRole = '3d5d2c0e-6a1b-4a50-9a52-7e0b8c1f4d96';

/** Azure's own, and one that the subscription's administrator has made. */
const known: Role[] = [
  { id: ownerRole, name: 'Owner', actions: ['*'] },
  {
    id: contributorRole,
    name: 'Contributor',
    actions: ['*'],
    notActions: ['Microsoft.Authorization/*/delete', 'Microsoft.Authorization/*/write'],
  },
  { id: 'acdd72a7-3385-48ef-bd42-f606fba81ae7', name: 'Reader', actions: ['*/read'] },
  {
    id: '18d7d88d-d35e-4fb5-a5c3-7773c20a72d9',
    name: 'User Access Administrator',
    actions: ['*/read', 'Microsoft.Authorization/*'],
  },
  {
    id: accessAdministratorRole,
    name: 'Role Based Access Control Administrator',
    actions: [
      '*/read',
      'Microsoft.Authorization/roleAssignments/write',
      'Microsoft.Authorization/roleAssignments/delete',
    ],
  },
  {
    id: 'e40ec5ca-96e0-45a2-b4ff-59039f2c2b59',
    name: 'Managed Identity Contributor',
    actions: [
      'Microsoft.ManagedIdentity/userAssignedIdentities/*',
      'Microsoft.Authorization/*/read',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
    ],
  },
  {
    id: 'f1a07417-d97a-45cb-824c-7a7467783830',
    name: 'Managed Identity Operator',
    actions: [
      'Microsoft.ManagedIdentity/userAssignedIdentities/*/read',
      'Microsoft.ManagedIdentity/userAssignedIdentities/read',
      'Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action',
      'Microsoft.Authorization/*/read',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
    ],
  },
  {
    id: preflightRole,
    name: 'Accelerator preflight',
    actions: ['Microsoft.Resources/subscriptions/providers/read', 'Microsoft.Compute/locations/usages/read'],
  },
  { id: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe', name: 'Storage Blob Data Contributor', actions: [] },
  { id: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b', name: 'Storage Blob Data Owner', actions: [] },
  { id: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', name: 'Storage Blob Data Reader', actions: [] },
];

/** The role that a role definition id (or its last part) names. */
export function roleOf(roleDefinitionId: string): Role | undefined {
  const id = roleDefinitionId.toLowerCase().split('/').at(-1);
  return known.find((role) => role.id === id);
}

/** Whether the role grants the action, such as `Microsoft.Databricks/workspaces/write`. */
export const permits = (role: Role, action: string): boolean =>
  role.actions.some((pattern) => fits(pattern, action)) && !role.notActions?.some((pattern) => fits(pattern, action));

function fits(pattern: string, action: string): boolean {
  const source = pattern.split('*').map((part) => part.replaceAll('.', '\\.'));
  return new RegExp(`^${source.join('.*')}$`, 'i').test(action);
}
