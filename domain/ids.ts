import { createHash } from 'node:crypto';
import type { Accelerator, AcceleratorWish, RepositoryWish } from './accelerator.ts';

/** What a deployment is about: one accelerator in one workspace. */
export interface Target {
  subscriptionId: string;
  resourceGroup: string;
  workspaceName: string;
  /** A name of the catalogue, or a repository: another branch or tag of it is the same target. */
  accelerator: string | Pick<RepositoryWish, 'repositoryUrl' | 'runmePath'>;
}

const idLength = 24;

/** The deployment's id, which is also its durable instance id: the same target always has the same one. */
export function deploymentId(target: Target): string {
  const parts = [target.subscriptionId, target.resourceGroup, target.workspaceName, textOf(target.accelerator)];
  return sha256(parts.join('/').toLowerCase()).slice(0, idLength);
}

const textOf = (accelerator: Target['accelerator']): string =>
  typeof accelerator === 'string' ? accelerator : `${accelerator.repositoryUrl}/${accelerator.runmePath}`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Name of an accelerator by repository. The hash keeps apart repositories of one name, which must not share a Git folder. */
export function repositoryNameFor(repository: Pick<RepositoryWish, 'repositoryUrl' | 'runmePath'>): string {
  const [name = ''] = /[^/]+$/.exec(repository.repositoryUrl.toLowerCase()) ?? [];
  const words = name.replaceAll(/[^a-z0-9]+/g, '-').replace(/^-/, '');
  return `${words.slice(0, 55)}-${sha256(textOf(repository).toLowerCase()).slice(0, 8)}`;
}

/** The accelerator's name, also of a deployment whose input has none. */
export function acceleratorNameOf(deployment: {
  accelerator: Accelerator;
  request: { accelerator: AcceleratorWish };
}): string {
  const { accelerator, request } = deployment;
  if (accelerator.name !== undefined) return accelerator.name;
  return typeof request.accelerator === 'string' ? request.accelerator : repositoryNameFor(request.accelerator);
}

export const isDeploymentId = (text: string): boolean => new RegExp(`^[0-9a-f]{${idLength}}$`).test(text);

/** Durable instance ids of the deployment's children. */
export const storageInstanceId = (id: string, attempt: number): string => `${id}:storage:${attempt}`;
export const watchInstanceId = (id: string, attempt: number): string => `${id}:watch:${attempt}`;

/**
 * What makes a repeated start of RUNME the same one. The stamp of the attempt's start is in it, because the backend forgets
 * finished instances before Databricks forgets their runs, and the attempts are counted anew then. At most 64 characters.
 */
export const idempotencyToken = (id: string, attempt: number, stamp: string): string => `${id}-${attempt}-${stamp}`;

/** By what the notebooks and their results know one start of an attempt: the value of the widget `attempt`. */
export const attemptMark = ({ attempt, stamp }: { attempt: number; stamp: string }): string => `${attempt}-${stamp}`;

/** Name of the identity when the request gives none. */
export const identityNameFor = (workspaceName: string): string => `id-${workspaceName}`;

/** Resource group that Databricks manages; the hash keeps apart workspaces of one name in several groups. At most 90 characters. */
export const managedResourceGroupFor = (workspaceName: string, id: string): string =>
  `databricks-rg-${workspaceName.slice(0, 60)}-${id.slice(0, 8)}`;

/** Job name in the workspace, by which the job is found again. */
export const jobNameFor = (accelerator: string, id: string): string => `accelerator ${accelerator} ${id}`;

/**
 * Names that the job may have in which a RUNME at this path runs its notebooks with the companion library: the library
 * takes the path as the notebook's context tells it, with `/Workspace` or without
 * (databricks-industry-solutions/notebook-solution-companion, solacc/companion).
 */
export function companionJobNamesFor(runmePath: string): string[] {
  const folder = runmePath.replace(/^\/Workspace(?=\/)/, '').replace(/\/[^/]*$/, '');
  const named = (path: string): string => `[RUNNER] ${path.slice(path.lastIndexOf('/') + 1)} | ${sha256(path)}`;
  return [named(folder), named(`/Workspace${folder}`)];
}

/** Name of the SQL warehouse, by which it is found again. */
export const warehouseNameFor = (id: string): string => `accelerator-${id}`;

/** Folder of the accelerator's Git folder in the workspace, in the home of the user who deploys. */
export const repositoryPathFor = (userName: string, accelerator: string): string => `/Users/${userName}/${accelerator}`;

/** Tags and tag names by which a resource says which deployment made it. */
export const ownerTag = 'accelerator-deployment';

/** Contributor: on the workspace alone, where the template that this replaces gave it on the whole resource group. */
export const contributorRole = 'b24988ac-6180-42a0-ab88-20f7382dd24c';

/** A role assignment's name: UUID version 5 (RFC 9562) over scope, principal and role, so that a repeated call writes the same one. */
export function roleAssignmentName(scope: string, principalId: string, roleDefinitionId: string): string {
  const namespace = 'b7a3f0de5d0c4c6e9a4e2f6d2a1c9e57';
  const hash = createHash('sha1')
    .update(namespace, 'hex')
    .update([scope, principalId, roleDefinitionId].join('|').toLowerCase())
    .digest('hex');
  const variant = ((Number.parseInt(hash.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-5${hash.slice(13, 16)}-${variant}${hash.slice(18, 20)}-${hash.slice(20, 32)}`;
}

/** The page of a resource in the Azure portal. */
export const portalLink = (resourceId: string): string => `https://portal.azure.com/#@/resource${resourceId}`;
