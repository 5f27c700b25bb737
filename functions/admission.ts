import { type Accelerator, type AcceleratorWish, isAllowedRepository } from '../domain/accelerator.ts';
import { repositoryNameFor } from '../domain/ids.ts';
import { type Network, resolveNetwork } from '../domain/network.ts';
import type { DeploymentRequest, RequestFault } from '../domain/request.ts';
import { type Tags, withRequiredTags } from '../domain/tags.ts';
import { type DeployerSettings, deployerSettings } from './settings.ts';

/** What the settings make of a request. */
export interface Admission {
  accelerator: Accelerator;
  location: string;
  /** Of the workspace, if it is made. */
  network: Network;
  /** Of all that is created in Azure. */
  tags: Tags;
}

/** What the settings make of a request, or what they do not allow. */
export function admit(request: DeploymentRequest): Admission | { faults: RequestFault[] } {
  const settings = deployerSettings();
  const admitted = admitAccelerator(request.accelerator, settings);
  const location = request.location ?? settings.ALLOWED_LOCATIONS[0] ?? '';
  const faults: RequestFault[] = [];
  if ('fault' in admitted) faults.push(admitted.fault);
  if (!includes(settings.ALLOWED_RESOURCE_GROUPS, request.resourceGroup)) {
    faults.push({ pointer: '/resourceGroup', message: 'This resource group is not allowed.' });
  }
  if (!includes(settings.ALLOWED_LOCATIONS, location)) {
    faults.push({ pointer: '/location', message: `Allowed: ${settings.ALLOWED_LOCATIONS.join(', ')}.` });
  }
  const { nodeType } = request.compute;
  if (nodeType && !includes(settings.ALLOWED_NODE_TYPES, nodeType)) {
    faults.push({ pointer: '/compute/nodeType', message: `Allowed: ${settings.ALLOWED_NODE_TYPES.join(', ')}.` });
  }
  const { network, tags } = corporate(request, faults);
  return 'accelerator' in admitted && faults.length === 0
    ? { accelerator: admitted.accelerator, location, network, tags }
    : { faults };
}

/** The catalogue's entry of a name; of a repository what was asked for, when the allow-list has it. */
function admitAccelerator(
  wish: AcceleratorWish,
  { ACCELERATORS: catalogue, ALLOWED_REPOSITORIES: allowed }: DeployerSettings,
): { accelerator: Accelerator } | { fault: RequestFault } {
  if (typeof wish === 'string') {
    const entry = Object.hasOwn(catalogue, wish) ? catalogue[wish] : undefined;
    if (entry) return { accelerator: { ...entry, name: wish } };
    return {
      fault: { pointer: '/accelerator', message: `Not in the catalogue: ${Object.keys(catalogue).join(', ')}.` },
    };
  }
  if (isAllowedRepository(wish.repositoryUrl, allowed))
    return { accelerator: { ...wish, name: repositoryNameFor(wish) } };
  return {
    fault: {
      pointer: '/accelerator/repositoryUrl',
      message: allowed.length === 0 ? 'No repository is allowed.' : `Allowed: ${allowed.join(', ')}.`,
    },
  };
}

/** What a deletion needs of a target that its caller names: the accelerator, in a group that is allowed. */
export function admitTarget({
  accelerator: wish,
  resourceGroup,
}: DeploymentRequest): { accelerator: Accelerator; location: string } | { faults: RequestFault[] } {
  const settings = deployerSettings();
  const admitted = admitAccelerator(wish, settings);
  const faults = 'fault' in admitted ? [admitted.fault] : [];
  if (!includes(settings.ALLOWED_RESOURCE_GROUPS, resourceGroup))
    faults.push({ pointer: '/resourceGroup', message: 'This resource group is not allowed.' });
  const [location = ''] = settings.ALLOWED_LOCATIONS;
  return 'accelerator' in admitted && faults.length === 0
    ? { accelerator: admitted.accelerator, location }
    : { faults };
}

/** What the organisation asks of networks and tags; adds to the faults what the request may not do. */
function corporate(request: DeploymentRequest, faults: RequestFault[]): Pick<Admission, 'network' | 'tags'> {
  const settings = deployerSettings();
  const networking = resolveNetwork(request.network, {
    subscriptionId: settings.AZURE_SUBSCRIPTION_ID,
    network: settings.NETWORK,
    allowed: settings.ALLOWED_VIRTUAL_NETWORKS,
  });
  const tagging = withRequiredTags(request.tags, settings.REQUIRED_TAGS);
  faults.push(...networking.faults, ...tagging.faults);
  return { network: networking.network, tags: tagging.tags };
}

/** Azure's names do not tell upper from lower case. */
const includes = (allowed: string[], value: string): boolean =>
  allowed.some((one) => one.toLowerCase() === value.toLowerCase());
