import type { DeploymentRequest, RequestFault } from '../domain/request.ts';
import type { Accelerator } from '../domain/steps.ts';
import { deployerSettings } from './settings.ts';

/** What the settings make of a request: the catalogue's entry and the location, or what they do not allow. */
export function admit(
  request: DeploymentRequest,
): { accelerator: Accelerator; location: string } | { faults: RequestFault[] } {
  const settings = deployerSettings();
  const accelerator = Object.hasOwn(settings.ACCELERATORS, request.accelerator)
    ? settings.ACCELERATORS[request.accelerator]
    : undefined;
  const location = request.location ?? settings.ALLOWED_LOCATIONS[0] ?? '';
  const faults: RequestFault[] = [];
  if (!accelerator)
    faults.push({
      pointer: '/accelerator',
      message: `Not in the catalogue: ${Object.keys(settings.ACCELERATORS).join(', ')}.`,
    });
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
  return accelerator && faults.length === 0 ? { accelerator, location } : { faults };
}

/** Azure's names do not tell upper from lower case. */
const includes = (allowed: string[], value: string): boolean =>
  allowed.some((one) => one.toLowerCase() === value.toLowerCase());
