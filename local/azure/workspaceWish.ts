import { ArmError, invalidContent, notImplemented } from './armError.ts';
import { locationOf, type Json, objectBody, objectField, tagsOf, textField } from './requestBody.ts';
import { networkOf } from './workspaceParameters.ts';

/** The API versions of `Microsoft.Databricks/workspaces` that are served. */
export const workspaceVersions = ['2024-05-01', '2026-01-01'];

/** A valid request for a workspace. */
export interface WorkspaceWish {
  location: string;
  sku: string;
  tags: Record<string, string>;
  managedResourceGroupId: string;
  properties: Json;
}

const properties = new Set([
  'accessConnector',
  'authorizations',
  'computeMode',
  'createdBy',
  'defaultCatalog',
  'defaultStorageFirewall',
  'encryption',
  'enhancedSecurityCompliance',
  'managedDiskIdentity',
  'managedResourceGroupId',
  'parameters',
  'publicNetworkAccess',
  'requiredNsgRules',
  'storageAccountIdentity',
  'uiDefinitionUri',
  'updatedBy',
]);

const classicOnly = [
  'managedResourceGroupId',
  'parameters',
  'requiredNsgRules',
  'defaultStorageFirewall',
  'accessConnector',
];

/** Reads the body of a workspace's `PUT`; throws as the resource provider refuses. */
export function readWish(body: unknown, name: string, subscriptionId: string, apiVersion: string): WorkspaceWish {
  if (!/^[A-Za-z0-9_-]{3,64}$/.test(name)) {
    throw new ArmError(
      400,
      'InvalidResourceName',
      `The workspace name '${name}' must be 3 to 64 letters, digits, hyphens and underscores.`,
    );
  }
  const given = objectBody(body);
  const wanted = objectField(given, 'properties');
  const unknown = Object.keys(wanted).find((key) => !properties.has(key));
  if (unknown) throw invalidContent(`Could not find member '${unknown}' on object of type 'WorkspaceProperties'.`);
  requireClassic(wanted, apiVersion);
  return {
    location: locationOf(given, 'Microsoft.Databricks/workspaces'),
    sku: skuOf(given),
    tags: tagsOf(given),
    managedResourceGroupId: managedGroupOf(wanted, subscriptionId),
    properties: { ...wanted, ...networkOf(wanted, subscriptionId) },
  };
}

function skuOf(body: Json): string {
  const sku = textField(objectField(body, 'sku'), 'name') ?? '';
  if (['standard', 'premium', 'trial'].includes(sku.toLowerCase())) return sku;
  throw new ArmError(
    400,
    'InvalidDatabricksSku',
    `The SKU '${sku}' is not valid. The allowed SKUs are: 'Standard','Premium','Trial'.`,
  );
}

function requireClassic(wanted: Json, apiVersion: string): void {
  // The property came with the version 2026-01-01; before, every workspace was a hybrid one.
  const mode = textField(wanted, 'computeMode') ?? (apiVersion < '2026' ? 'Hybrid' : undefined);
  if (mode === 'Hybrid') return;
  if (mode !== 'Serverless') {
    throw new ArmError(400, 'InvalidComputeMode', `The compute mode '${mode ?? ''}' must be 'Hybrid' or 'Serverless'.`);
  }
  const classic = classicOnly.find((key) => wanted[key] !== undefined);
  if (!classic) throw notImplemented('serverless workspaces');
  throw new ArmError(
    400,
    'FeatureNotSupportedForServerlessWorkspace',
    `The property '${classic}' is not supported for a serverless workspace.`,
  );
}

function managedGroupOf(wanted: Json, subscriptionId: string): string {
  const id = textField(wanted, 'managedResourceGroupId') ?? '';
  const { subscription } =
    /^\/subscriptions\/(?<subscription>[^/]+)\/resourceGroups\/[\w.()-]{1,90}$/i.exec(id)?.groups ?? {};
  if (subscription?.toLowerCase() === subscriptionId.toLowerCase()) return id;
  throw new ArmError(
    400,
    'InvalidManagedResourceGroupId',
    `The managed resource group id '${id}' must be that of a resource group of this subscription; a hybrid workspace requires it.`,
  );
}
