import { callArm } from '../clients/arm.ts';
import { isGone } from '../clients/armFailure.ts';
import { databricks } from '../clients/databricks.ts';
import { retryAfterSeconds } from '../clients/retryAfter.ts';
import { TerminalError } from '../domain/errors.ts';
import type { RemoveInput } from '../domain/removal.ts';
import type { Deployment, Workspace, WorkspaceRemoval } from '../domain/steps.ts';
import { isOwn, seenWorkspace } from './seenAzure.ts';
import { homeOf } from './seenFolder.ts';
import { seenJobs } from './seenJobs.ts';

/**
 * Asks Azure to delete the workspace that carries the deployment's tag; one that is being deleted is left to it. By
 * force: otherwise Azure keeps the data of the workspace's own catalog, and with them the managed resource group, whose
 * name the next deployment would need (learn.microsoft.com, "Delete a workspace").
 */
export async function removeWorkspace({ scope, ...deployment }: RemoveInput): Promise<WorkspaceRemoval> {
  const { resourceGroup, workspaceName } = deployment.request;
  const there = await seenWorkspace(deployment);
  if (!there || !isOwn(there, deployment)) return { state: 'gone' };
  if (there.provisioningState === 'Deleting') return { state: 'deleting' };
  if (scope.workspace) await requireUnused(deployment, scope.workspace);
  let asked: number | undefined;
  let operationUrl: string | undefined;
  await callArm(async (arm, options) => {
    const poller = arm.databricks.workspaces.delete(resourceGroup, workspaceName, {
      ...options,
      forceDeletion: true,
      onResponse: ({ headers }) => {
        asked ??= retryAfterSeconds(headers.get('retry-after'));
        operationUrl ??= headers.get('azure-asyncoperation');
      },
    });
    await poller.submitted();
  }, isGone);
  return {
    state: 'deleting',
    ...(operationUrl && { operationUrl }),
    ...(asked !== undefined && { retryAfterSeconds: asked }),
  };
}

/** Others may have begun to work in it since the deletion's first look, which is minutes ago. */
async function requireUnused(deployment: Deployment, workspace: Workspace): Promise<void> {
  const api = databricks(workspace);
  const { others } = await seenJobs(api, await homeOf(api), deployment);
  if (others.length === 0) return;
  const list = others.slice(0, 5).join(', ');
  throw new TerminalError('WORKSPACE_SHARED', `The workspace stays: others have begun to use it meanwhile: ${list}.`);
}
