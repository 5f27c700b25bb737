import type { Access } from './access.ts';
import { ArmError, invalidContent } from './armError.ts';
import { type Json, objectField, textField } from './requestBody.ts';

type Kind = 'String' | 'Bool' | 'Object';

/** The custom parameters of a workspace and their types (azure-rest-api-specs, Databricks 2026-01-01). */
const kinds = new Map<string, Kind>([
  ['amlWorkspaceId', 'String'],
  ['customVirtualNetworkId', 'String'],
  ['customPublicSubnetName', 'String'],
  ['customPrivateSubnetName', 'String'],
  ['enableNoPublicIp', 'Bool'],
  ['loadBalancerBackendPoolName', 'String'],
  ['loadBalancerId', 'String'],
  ['natGatewayName', 'String'],
  ['publicIpName', 'String'],
  ['prepareEncryption', 'Bool'],
  ['encryption', 'Object'],
  ['requireInfrastructureEncryption', 'Bool'],
  ['storageAccountName', 'String'],
  ['storageAccountSkuName', 'String'],
  ['vnetAddressPrefix', 'String'],
]);

const jsTypes = { String: 'string', Bool: 'boolean', Object: 'object' } as const;

const networkPattern =
  /^\/subscriptions\/([^/]+)\/resourceGroups\/[\w.()-]{1,90}\/providers\/Microsoft\.Network\/virtualNetworks\/[\w.-]{2,64}$/i;

const onlyOf: Record<string, string[]> = {
  publicNetworkAccess: ['Enabled', 'Disabled'],
  requiredNsgRules: ['AllRules', 'NoAzureDatabricksRules', 'NoAzureServiceRules'],
};

/** The properties of a workspace that are about its network, with the types and the default that Azure shows; throws where they do not fit. */
export function networkOf(wanted: Json, subscriptionId: string): Json {
  for (const [key, allowed] of Object.entries(onlyOf)) {
    const value = textField(wanted, key);
    if (value !== undefined && !allowed.includes(value))
      throw invalidContent(`Error converting value "${value}" to type '${key}'`);
  }
  const given = objectField(wanted, 'parameters');
  const parameters = Object.fromEntries(Object.keys(given).map((name) => [name, typed(given, name)]));
  requireWholeNetwork(parameters, subscriptionId);
  return { parameters: { enableNoPublicIp: { type: 'Bool', value: true }, ...parameters } };
}

function typed(given: Json, name: string): { type: Kind; value: unknown } {
  const kind = kinds.get(name);
  if (!kind) throw invalidContent(`Could not find member '${name}' on object of type 'WorkspaceCustomParameters'.`);
  const { value } = objectField(given, name);
  if (typeof value === jsTypes[kind]) return { type: kind, value };
  throw invalidContent(`The value of the parameter '${name}' must be of type '${kind}'`);
}

function requireWholeNetwork(parameters: Record<string, { value: unknown }>, subscriptionId: string): void {
  const [id, publicSubnet, privateSubnet] = [
    'customVirtualNetworkId',
    'customPublicSubnetName',
    'customPrivateSubnetName',
  ].map((name) => parameters[name]?.value as string | undefined);
  if (id === undefined && publicSubnet === undefined && privateSubnet === undefined) return;
  if (!id || !publicSubnet || !privateSubnet)
    throw refused('A custom virtual network needs its id and the names of its public and private subnets.');
  if (networkPattern.exec(id)?.[1]?.toLowerCase() !== subscriptionId.toLowerCase())
    throw refused(`The virtual network '${id}' must be one of the subscription of the workspace.`);
  if (publicSubnet.toLowerCase() === privateSubnet.toLowerCase())
    throw refused(`The public and the private subnet must be different ones, but both are '${publicSubnet}'.`);
}

const refused = (why: string): ArmError => new ArmError(400, 'InvalidVirtualNetworkParameters', why);

/** Throws `LinkedAuthorizationFailed` unless the caller may put something into the subnets that the workspace asks for. */
export function requireJoin(
  access: Access,
  caller: { oid: string; appid: string },
  properties: Json,
  id: string,
): void {
  const parameters = objectField(properties, 'parameters');
  const virtualNetwork = textField(objectField(parameters, 'customVirtualNetworkId'), 'value');
  const action = 'Microsoft.Network/virtualNetworks/subnets/join/action';
  if (virtualNetwork === undefined || access.asks(caller.oid, action, virtualNetwork)) return;
  throw new ArmError(
    403,
    'LinkedAuthorizationFailed',
    `The client '${caller.appid}' with object id '${caller.oid}' has permission to perform action 'Microsoft.Databricks/workspaces/write' on scope '${id}'; however, it does not have permission to perform action(s) '${action}' on the linked scope(s) '${virtualNetwork}' (respectively) or the linked scope(s) are invalid.`,
  );
}
