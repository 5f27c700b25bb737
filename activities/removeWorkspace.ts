import { callArm } from '../clients/arm.ts';
import { isGone } from '../clients/armFailure.ts';
import { retryAfterSeconds } from '../clients/retryAfter.ts';
import type { RemoveInput } from '../domain/removal.ts';
import type { WorkspaceRemoval } from '../domain/steps.ts';
import { isOwn, seenWorkspace } from './seenAzure.ts';

/**
 * Asks Azure to delete the workspace that carries the deployment's tag; one that is being deleted is left to it. By
 * force: otherwise Azure keeps the data of the workspace's own catalog, and with them the managed resource group, whose
 * name the next deployment would need (learn.microsoft.com, "Delete a workspace").
 */
export async function removeWorkspace({ scope: _scope, ...deployment }: RemoveInput): Promise<WorkspaceRemoval> {
  const { resourceGroup, workspaceName } = deployment.request;
  const there = await seenWorkspace(deployment);
  if (!there || !isOwn(there, deployment)) return { state: 'gone' };
  if (there.provisioningState === 'Deleting') return { state: 'deleting' };
  let asked: number | undefined;
  let operationUrl: string | undefined;
  await callArm(async ({ databricks }, options) => {
    const poller = databricks.workspaces.delete(resourceGroup, workspaceName, {
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
