import { databricks, type DatabricksApi } from '../clients/databricks.ts';
import { managedResourceGroupFor, portalLink } from '../domain/ids.ts';
import {
  because,
  type ExplainedItem,
  type RemovalLook,
  type RemovalPlan,
  type RemovalQuestion,
  type RemovalScope,
} from '../domain/removal.ts';
import type { Deployment, Workspace } from '../domain/steps.ts';
import { plannedData } from './plannedData.ts';
import { seenAzure, type SeenAzure } from './seenAzure.ts';
import { homeOf, seenFolder } from './seenFolder.ts';
import { seenJobs, type SeenJobs } from './seenJobs.ts';
import { seenRoles } from './seenRoles.ts';
import { seenWarehouses } from './seenWarehouses.ts';

/** What a deletion would remove and leave, by the marks on the things themselves; `data`: with the results. Only reads. */
export async function readRemoval({ data, neighbours = [], ...deployment }: RemovalQuestion): Promise<RemovalLook> {
  const azure = await seenAzure(deployment);
  const scope = scopeOf(azure, deployment);
  const plan: RemovalPlan = { remove: [], keep: [], warnings: [] };
  const others = new Set(neighbours);
  let jobs: SeenJobs | undefined;
  if (scope.workspace) {
    const api = databricks(scope.workspace);
    const home = await homeOf(api);
    jobs = await seenJobs(api, home, deployment);
    for (const other of jobs.others) others.add(other);
    planJobs(plan, jobs, scope.workspace);
    if (!scope.ownsWorkspace) await planContents(plan, api, home, deployment);
    await plannedData(plan, api, deployment, { data, goesAlong: scope.ownsWorkspace });
  }
  scope.shared = others.size > 0;
  planWorkspace(plan, azure, scope, jobs);
  await planIdentities(plan, azure, scope, deployment);
  const refusal = refusalOf(azure, [...others].toSorted());
  if (refusal) plan.warnings.push(`The deletion would be refused: ${refusal}`);
  return { plan, scope, ...(refusal && { refusal }) };
}

function scopeOf({ workspace, ownsWorkspace }: SeenAzure, { id, request, subscriptionId }: Deployment): RemovalScope {
  const isDeleting = workspace?.provisioningState === 'Deleting';
  const host = isDeleting ? undefined : workspace?.workspaceUrl;
  const derived = `/subscriptions/${subscriptionId}/resourceGroups/${managedResourceGroupFor(request.workspaceName, id)}`;
  const managedGroupId = ownsWorkspace ? workspace?.managedResourceGroupId : workspace ? undefined : derived;
  return {
    ...(workspace?.id && host && { workspace: { resourceId: workspace.id, host } }),
    ownsWorkspace,
    ...(managedGroupId && { managedGroupId }),
    shared: false,
  };
}

function planJobs({ remove }: RemovalPlan, { own }: SeenJobs, { host }: Workspace): void {
  for (const { jobId, name } of own)
    remove.push({ kind: 'job', name, link: `https://${host}/jobs/${jobId}`, why: because.tag });
}

async function planContents(
  { remove, keep }: RemovalPlan,
  api: DatabricksApi,
  home: string,
  deployment: Deployment,
): Promise<void> {
  const { path, own, other } = await seenFolder(api, home, deployment);
  if (own) remove.push({ kind: 'gitFolder', name: path, why: because.path });
  if (other) keep.push({ kind: 'gitFolder', name: path, why: `it is ${other}` });
  for (const { name } of await seenWarehouses(api, deployment.id))
    remove.push({ kind: 'warehouse', name, why: because.tag });
}

function planWorkspace(
  { remove, keep, warnings }: RemovalPlan,
  { workspace, ownsWorkspace }: SeenAzure,
  { managedGroupId }: RemovalScope,
  jobs: SeenJobs | undefined,
): void {
  if (!workspace) return;
  const item = { kind: 'workspace', name: workspace.name ?? '', link: portalLink(workspace.id ?? '') } as const;
  if (!ownsWorkspace) {
    keep.push({ ...item, why: because.used });
    return;
  }
  remove.push({ ...item, why: because.tag });
  const group = managedGroupId?.split('/').at(-1);
  if (group)
    remove.push({ kind: 'managedResourceGroup', name: group, why: 'Databricks deletes it with the workspace' });
  warnings.push(
    'The workspace is deleted with everything in it: notebooks, experiments, and the tables and models of its own catalog; those in other catalogs stay unless ?data=true.',
  );
  if (jobs && jobs.foreign > 0) warnings.push(`${jobs.foreign} job(s) of people are in the workspace and go along.`);
}

async function planIdentities(
  { remove, keep }: RemovalPlan,
  { own, used, ownsWorkspace }: SeenAzure,
  { workspace, shared }: RemovalScope,
  deployment: Deployment,
): Promise<void> {
  for (const identity of [...own, ...(used ? [used] : [])]) {
    const isOwn = identity !== used;
    const { own: role, elsewhere } = await seenRoles(deployment, identity);
    const item = { kind: 'identity', name: identity.name, link: portalLink(identity.resourceId) } as const;
    const assignment: Omit<ExplainedItem, 'why'> = { kind: 'roleAssignment', name: identity.name };
    if (role && shared) keep.push({ ...assignment, why: 'other deployments work in the workspace and may use it' });
    else if (role) remove.push({ ...assignment, why: because.role });
    if (!isOwn)
      keep.push({ ...item, why: identity.owner ? `it is of the deployment ${identity.owner}` : because.used });
    else if (elsewhere.length > 0) keep.push({ ...item, why: 'deployments in other workspaces use it' });
    else remove.push({ ...item, why: because.tag });
    if (isOwn && workspace && !ownsWorkspace)
      remove.push({
        kind: 'servicePrincipal',
        name: identity.name,
        why: 'its identity carries this deployment\u2019s tag',
      });
  }
}

/** Who else would lose what they use. */
function refusalOf({ ownsWorkspace, own }: SeenAzure, others: string[]): string | undefined {
  if (others.length === 0 || (!ownsWorkspace && own.length === 0)) return undefined;
  const what = ownsWorkspace ? 'workspace' : 'identity';
  return `this deployment made the ${what} that others use too: ${others.slice(0, 5).join(', ')}.`;
}
