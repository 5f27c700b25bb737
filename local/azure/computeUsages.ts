import { ArmError } from './armError.ts';
import type { ArmApi } from './armApi.ts';
import type { ArmContext } from './armState.ts';
import { regions } from './regions.ts';
import { quotaFor } from './scenarios.ts';

const versions = ['2023-07-01', '2024-03-01', '2024-07-01', '2024-11-01', '2025-04-01'];

/** Names as Azure spells them, which follows no rule: the T4 family has blanks where others have none. */
const families: [name: string, localName: string, limit: number][] = [
  ['availabilitySets', 'Availability Sets', 2500],
  ['cores', 'Total Regional vCPUs', 200],
  ['virtualMachines', 'Virtual Machines', 25_000],
  ['lowPriorityCores', 'Total Regional Low-priority vCPUs', 200],
  ['standardDv2Family', 'Standard Dv2 Family vCPUs', 100],
  ['standardDSv2Family', 'Standard DSv2 Family vCPUs', 100],
  ['standardDSv3Family', 'Standard DSv3 Family vCPUs', 100],
  ['standardDDSv5Family', 'Standard DDSv5 Family vCPUs', 100],
  ['standardDADSv5Family', 'Standard DADSv5 Family vCPUs', 100],
  ['standardEDSv4Family', 'Standard EDSv4 Family vCPUs', 100],
  ['standardEDSv5Family', 'Standard EDSv5 Family vCPUs', 100],
  ['standardEADSv5Family', 'Standard EADSv5 Family vCPUs', 100],
  ['standardFSv2Family', 'Standard FSv2 Family vCPUs', 100],
  ['standardNCSv3Family', 'Standard NCSv3 Family vCPUs', 0],
  ['Standard NCASv3_T4 Family', 'Standard NCASv3_T4 Family vCPUs', 64],
  ['StandardNCADSA100v4Family', 'Standard NCADS_A100_v4 Family vCPUs', 0],
];

/** `GET` of a location's quotas of cores and how much of each is taken; the clusters here take none. */
export function serveComputeUsages(api: ArmApi, { state }: ArmContext): void {
  const type = 'Microsoft.Compute/locations/usages';
  api.on({
    method: 'GET',
    path: '/providers/Microsoft.Compute/locations/{location}/usages',
    type,
    versions,
    handler: ({ params: { location = '' }, apiVersion }) => {
      if (!regions.includes(location.toLowerCase())) throw unknownLocation(location, apiVersion);
      const value = families.map(([name, localizedValue, usual]) => {
        const { limit, currentValue } = quotaFor(state.scenarios, name) ?? { limit: usual, currentValue: 0 };
        return { unit: 'Count', currentValue, limit, name: { value: name, localizedValue } };
      });
      return { body: { value } };
    },
  });
}

const unknownLocation = (location: string, version: string): ArmError =>
  new ArmError(
    400,
    'NoRegisteredProviderFound',
    `No registered resource provider found for location '${location}' and API version '${version}' for type 'locations/usages'. The supported api-versions are '${versions.join(', ')}'. The supported locations are '${regions.join(', ')}'.`,
  );
