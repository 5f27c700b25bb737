import type { Simulation } from './simulation.ts';

/** How many there are of everything that a deployment makes. */
export type Counts = Record<string, number>;

const counted = {
  identities: 'azure.identities',
  workspaces: 'azure.workspaces',
  servicePrincipals: 'members',
  gitFolders: 'repos',
  jobs: 'jobs',
  runs: 'runs',
  warehouses: 'warehouses',
  experiments: 'mlflowExperiments',
  models: 'mlflowModels/unity',
} as const;

/** Counts what the emulators hold. */
export function countsIn({ stores }: Simulation): Counts {
  const sizeOf = (name: string): number =>
    [...stores.values()].reduce((sum, { collections }) => sum + (collections.get(name)?.size ?? 0), 0);
  return {
    ...Object.fromEntries(Object.entries(counted).map(([kind, name]) => [kind, sizeOf(name)])),
    roleAssignments: sizeOf('azure.roleAssignments'),
  };
}
