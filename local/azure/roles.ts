/** A role: the actions that it grants, with `*` for anything. */
export interface Role {
  id: string;
  name: string;
  actions: string[];
  notActions?: string[];
  /** What it grants on the data of a resource, which Resource Manager knows nothing of. */
  dataActions?: string[];
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
  {
    id: '4d97b98b-1d4f-4787-a291-c67834d212e7',
    name: 'Network Contributor',
    actions: [
      'Microsoft.Authorization/*/read',
      'Microsoft.Insights/alertRules/*',
      'Microsoft.Network/*',
      'Microsoft.ResourceHealth/availabilityStatuses/read',
      'Microsoft.Resources/deployments/*',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
      'Microsoft.Support/*',
    ],
  },
  { id: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe', name: 'Storage Blob Data Contributor', actions: [] },
  {
    id: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b',
    name: 'Storage Blob Data Owner',
    actions: [
      'Microsoft.Storage/storageAccounts/blobServices/containers/*',
      'Microsoft.Storage/storageAccounts/blobServices/generateUserDelegationKey/action',
    ],
    dataActions: ['Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*'],
  },
  { id: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1', name: 'Storage Blob Data Reader', actions: [] },
  {
    id: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3',
    name: 'Storage Table Data Contributor',
    actions: [
      'Microsoft.Storage/storageAccounts/tableServices/tables/read',
      'Microsoft.Storage/storageAccounts/tableServices/tables/write',
      'Microsoft.Storage/storageAccounts/tableServices/tables/delete',
    ],
    dataActions: [
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/read',
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/write',
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/delete',
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action',
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/update/action',
    ],
  },
  {
    id: '0ad04412-c4d5-4796-b79c-f76d14c8d402',
    name: 'Durable Task Data Contributor',
    actions: [],
    dataActions: ['Microsoft.DurableTask/*'],
  },
  {
    id: '3913510d-42f4-4e42-8a64-420c390055eb',
    name: 'Monitoring Metrics Publisher',
    actions: [
      'Microsoft.Insights/Register/Action',
      'Microsoft.Support/*',
      'Microsoft.Resources/subscriptions/resourceGroups/read',
    ],
    dataActions: ['Microsoft.Insights/Metrics/Write', 'Microsoft.Insights/Telemetry/Write'],
  },
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
