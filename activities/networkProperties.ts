import type { Workspace } from '@azure/arm-databricks';
import type { Network } from '../domain/network.ts';

/** The network as the properties of a workspace's `PUT`; nothing for an instance that knows no network. */
export function networkProperties(network: Network | undefined): Partial<Workspace> {
  if (!network) return {};
  const { virtualNetworkId, publicSubnet, privateSubnet, noPublicIp, publicNetworkAccess } = network;
  return {
    parameters: {
      ...(noPublicIp !== undefined && { enableNoPublicIp: { value: noPublicIp } }),
      ...(virtualNetworkId !== undefined && { customVirtualNetworkId: { value: virtualNetworkId } }),
      ...(publicSubnet !== undefined && { customPublicSubnetName: { value: publicSubnet } }),
      ...(privateSubnet !== undefined && { customPrivateSubnetName: { value: privateSubnet } }),
    },
    ...(publicNetworkAccess !== undefined && { publicNetworkAccess }),
    // Without public access the clusters reach the control plane by private endpoint, and need no rule for its addresses.
    ...(publicNetworkAccess === 'Disabled' && { requiredNsgRules: 'NoAzureDatabricksRules' }),
  };
}
