import type { AzureWorkspace } from '../clients/armResources.ts';
import { TerminalError } from '../domain/errors.ts';
import type { Network } from '../domain/network.ts';
import type { Deployment } from '../domain/steps.ts';

/** Throws WORKSPACE_NETWORK_DIFFERS when the workspace that is there has not the network that the request itself names. */
export function requireNetwork({ request }: Deployment, { parameters, publicNetworkAccess }: AzureWorkspace): void {
  const { network = {} } = request;
  const there: Record<keyof Network, unknown> = {
    virtualNetworkId: parameters?.customVirtualNetworkId?.value ?? 'none',
    publicSubnet: parameters?.customPublicSubnetName?.value ?? 'none',
    privateSubnet: parameters?.customPrivateSubnetName?.value ?? 'none',
    // Older workspaces do not say.
    noPublicIp: parameters?.enableNoPublicIp?.value ?? network.noPublicIp,
    publicNetworkAccess: publicNetworkAccess ?? network.publicNetworkAccess,
  };
  const differing = (Object.keys(network) as (keyof Network)[]).filter(
    (key) => network[key] !== undefined && nameOf(network[key]) !== nameOf(there[key]),
  );
  if (differing.length === 0) return;
  const list = differing.map((key) => `${key} ${String(there[key])}`).join(', ');
  throw new TerminalError(
    'WORKSPACE_NETWORK_DIFFERS',
    `The workspace ${request.workspaceName} has another network than the request: ${list}.`,
  );
}

const nameOf = (value: unknown): string => String(value).toLowerCase();
