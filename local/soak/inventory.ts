import type { Cloud } from '../cloud/startCloud.ts';
import { assignmentsVersion, cloudCaller, identitiesVersion, workspacesVersion } from './cloudCaller.ts';
import { findWorkspace } from '../cloud/findWorkspace.ts';

/** How many there are of everything that a deployment makes. */
export interface Inventory {
  identities: number;
  roleAssignments: number;
  workspaces: number;
  servicePrincipals: number;
  gitFolders: number;
  jobs: number;
  runs: number;
  childJobs: number;
  childRuns: number;
  warehouses: number;
}

/** What one deployment leaves behind when each of its effects happened exactly once. */
export const oneOfEach: Inventory = {
  identities: 1,
  roleAssignments: 1,
  workspaces: 1,
  servicePrincipals: 1,
  gitFolders: 1,
  jobs: 1,
  runs: 1,
  childJobs: 1,
  childRuns: 1,
  warehouses: 1,
};

interface Named {
  name: string;
  properties: { principalId: string; clientId: string };
}
interface Listed {
  value?: Named[];
  Resources?: { applicationId: string }[];
  repos?: unknown[];
  jobs?: { job_id: bigint; settings: { name: string } }[];
  runs?: unknown[];
  warehouses?: unknown[];
}

/** Counts what the cloud has for one workspace; faults that are left there are taken away first. */
export async function inventoryOf(cloud: Cloud, workspaceName: string): Promise<Inventory> {
  findWorkspace(cloud, workspaceName).faults.clear();
  const caller = cloudCaller(cloud);
  const inWorkspace = async (path: string): Promise<Listed> =>
    (await caller.databricks(workspaceName, 'GET', path)).body;
  const inGroup = async (path: string, version: string): Promise<Named[]> =>
    ((await caller.arm('GET', path, version)).body as Listed).value ?? [];
  const workspacesPath = '/providers/Microsoft.Databricks/workspaces';
  const identitiesPath = '/providers/Microsoft.ManagedIdentity/userAssignedIdentities';
  const assignmentsPath = `${workspacesPath}/${workspaceName}/providers/Microsoft.Authorization/roleAssignments`;

  const identities = (await inGroup(identitiesPath, identitiesVersion)).filter(
    ({ name }) => name === `id-${workspaceName}`,
  );
  const workspaces = await inGroup(workspacesPath, workspacesVersion);
  const assignments = await inGroup(assignmentsPath, assignmentsVersion);
  const { Resources: principals = [] } = await inWorkspace('/api/2.0/preview/scim/v2/ServicePrincipals');
  const { repos = [] } = await inWorkspace('/api/2.0/repos?path_prefix=/Users');
  const { warehouses = [] } = await inWorkspace('/api/2.0/sql/warehouses');
  const { jobs = [] } = await inWorkspace('/api/2.2/jobs/list?limit=100');
  const runsOf = async (found: typeof jobs): Promise<number> => {
    let count = 0;
    for (const { job_id: job } of found)
      count += (await inWorkspace(`/api/2.2/jobs/runs/list?job_id=${job}`)).runs?.length ?? 0;
    return count;
  };
  const ours = jobs.filter(({ settings }) => settings.name.startsWith('accelerator '));
  const children = jobs.filter(({ settings }) => settings.name.startsWith('[RUNNER] '));
  return {
    identities: identities.length,
    roleAssignments: assignments.filter(
      ({ properties }) => properties.principalId === identities[0]?.properties.principalId,
    ).length,
    workspaces: workspaces.filter(({ name }) => name === workspaceName).length,
    servicePrincipals: principals.filter(({ applicationId }) => applicationId === identities[0]?.properties.clientId)
      .length,
    gitFolders: repos.length,
    jobs: ours.length,
    runs: await runsOf(ours),
    childJobs: children.length,
    childRuns: await runsOf(children),
    warehouses: warehouses.length,
  };
}
