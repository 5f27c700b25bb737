import * as v from 'valibot';
import { plainObject } from './plainObject.ts';
import type { RequestFault } from './requestFault.ts';

/** The resource id of a virtual network: names by Azure's rules (azure-resource-manager, resource-name-rules). */
export const virtualNetworkId = v.pipe(
  v.string(),
  v.regex(
    /^\/subscriptions\/[0-9a-f-]{36}\/resourceGroups\/[-\w.()]{1,90}\/providers\/Microsoft\.Network\/virtualNetworks\/[a-z0-9][-\w.]{0,62}\w$/i,
    'A virtual network is given by its resource id, /subscriptions/…/providers/Microsoft.Network/virtualNetworks/….',
  ),
);

const subnet = v.pipe(
  v.string(),
  v.regex(
    /^[a-z0-9](?:[-\w.]{0,78}\w)?$/i,
    'A subnet has 1 to 80 letters, digits, underscores, periods or hyphens, starts with a letter or digit and ends with one or an underscore.',
  ),
);

/** The network of a workspace as a request or the settings wish it; what is left out is left to the settings or to Azure. */
export const network = v.pipe(
  plainObject,
  v.strictObject({
    virtualNetworkId: v.optional(virtualNetworkId),
    /** Azure Databricks calls it the host subnet, too. */
    publicSubnet: v.optional(subnet),
    /** Or container subnet. */
    privateSubnet: v.optional(subnet),
    noPublicIp: v.optional(v.boolean()),
    publicNetworkAccess: v.optional(v.picklist(['Enabled', 'Disabled'], 'Either "Enabled" or "Disabled".')),
  }),
);

export type Network = v.InferOutput<typeof network>;

/** What the settings say about networks. */
export interface NetworkRules {
  subscriptionId: string;
  /** Holds for each workspace that is made; a request may add to it and tighten it, but not loosen it. */
  network: Network;
  /** Virtual networks that a request may name beside that one. */
  allowed: string[];
}

/** The network of the workspace to be made, or why there can be none such. Without a word from anyone it has no public addresses. */
export function resolveNetwork(
  asked: Network | undefined,
  rules: NetworkRules,
): { network: Network; faults: RequestFault[] } {
  const wish = asked ?? {};
  const elsewhere =
    wish.virtualNetworkId !== undefined && !isSameName(wish.virtualNetworkId, rules.network.virtualNetworkId);
  // The subnets of one virtual network mean nothing in another one.
  const { publicSubnet: _public, privateSubnet: _private, ...withoutSubnets } = rules.network;
  const network = { noPublicIp: true, ...(elsewhere ? withoutSubnets : rules.network), ...wish };
  const faults = [...forbidden(wish, elsewhere, rules), ...impossible(network, rules)];
  // Whoever names no network may mean a workspace that is there already.
  if (asked !== undefined) faults.push(...lackingSubnets(network));
  return { network, faults };
}

function forbidden(asked: Network, elsewhere: boolean, { network, allowed }: NetworkRules): RequestFault[] {
  const faults: RequestFault[] = [];
  if (elsewhere && !allowed.some((one) => isSameName(one, asked.virtualNetworkId)))
    faults.push(fault('virtualNetworkId', 'This virtual network is not allowed.'));
  if (asked.noPublicIp === false && network.noPublicIp === true)
    faults.push(fault('noPublicIp', 'The settings allow no public IP addresses.'));
  if (asked.publicNetworkAccess === 'Enabled' && network.publicNetworkAccess === 'Disabled')
    faults.push(fault('publicNetworkAccess', 'The settings allow no public network access.'));
  return faults;
}

/** By the requirements of Azure Databricks (databricks/security/network/classic: vnet-inject, private-link). */
function impossible(network: Network, { subscriptionId }: NetworkRules): RequestFault[] {
  const { virtualNetworkId: id, publicSubnet, privateSubnet } = network;
  const faults: RequestFault[] = [];
  if (id !== undefined && !isSameName(id.split('/')[2] ?? '', subscriptionId))
    faults.push(fault('virtualNetworkId', 'The virtual network has to be in the subscription of the workspace.'));
  if ((publicSubnet !== undefined || privateSubnet !== undefined) && id === undefined)
    faults.push(fault('virtualNetworkId', 'Subnets need the virtual network that they are in.'));
  if (publicSubnet !== undefined && isSameName(publicSubnet, privateSubnet))
    faults.push(fault('privateSubnet', 'The two subnets have to be different ones.'));
  if (network.publicNetworkAccess === 'Disabled' && (id === undefined || network.noPublicIp === false)) {
    const message =
      'Only a workspace in a virtual network and without public IP addresses can do without public access.';
    faults.push(fault('publicNetworkAccess', message));
  }
  return faults;
}

/** The subnets that the network still needs; they belong to one workspace alone, so the settings cannot give them to all. */
export function lackingSubnets(network: Network): RequestFault[] {
  const injected = network.virtualNetworkId ?? network.publicSubnet ?? network.privateSubnet;
  if (injected === undefined) return [];
  return (['publicSubnet', 'privateSubnet'] as const)
    .filter((name) => network[name] === undefined)
    .map((name) => fault(name, 'A virtual network needs both subnets.'));
}

const fault = (key: keyof Network, message: string): RequestFault => ({ pointer: `/network/${key}`, message });

/** Azure's names do not tell upper from lower case. */
const isSameName = (one: string, other: string | undefined): boolean => one.toLowerCase() === other?.toLowerCase();
