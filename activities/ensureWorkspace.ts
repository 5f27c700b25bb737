import type { Workspace } from '@azure/arm-databricks';
import { callArm } from '../clients/arm.ts';
import { isResourceMissing } from '../clients/armFailure.ts';
import { type AzureWorkspace, getWorkspace } from '../clients/armResources.ts';
import { retryAfterSeconds } from '../clients/retryAfter.ts';
import { TerminalError } from '../domain/errors.ts';
import { managedResourceGroupFor, ownerTag } from '../domain/ids.ts';
import { isMadeAnew } from '../domain/provisioningState.ts';
import { lackingSubnets } from '../domain/network.ts';
import type { Deployment, WorkspaceState } from '../domain/steps.ts';
import { networkProperties } from './networkProperties.ts';
import { requireNetwork } from './requireNetwork.ts';
import { tagsFor } from './tagsFor.ts';
import { workspaceState } from './workspaceState.ts';

/**
 * The workspace of the deployment: an existing premium one, used and never changed, or a new one, whose creation is only
 * asked for. Terminal: WORKSPACE_EXISTS, WORKSPACE_NOT_PREMIUM,
 * WORKSPACE_NETWORK_DIFFERS, NETWORK_INCOMPLETE.
 */
export async function ensureWorkspace(deployment: Deployment): Promise<WorkspaceState> {
  const there = await getWorkspace(deployment.request, isResourceMissing);
  const ours = there?.tags?.[ownerTag] === deployment.id;
  if (!there || isMadeAnew(ours, there.provisioningState)) return create(deployment);
  if (!ours) refuseUnfit(deployment, there);
  requireNetwork(deployment, there);
  return workspaceState(there, deployment, ours);
}

function refuseUnfit({ request }: Deployment, workspace: AzureWorkspace): void {
  if (request.ifExists === 'fail') {
    throw new TerminalError(
      'WORKSPACE_EXISTS',
      `The workspace ${request.workspaceName} exists and the request says "ifExists": "fail".`,
    );
  }
  if (workspace.sku?.name.toLowerCase() !== 'premium') {
    const sku = workspace.sku?.name ?? 'unknown';
    throw new TerminalError(
      'WORKSPACE_NOT_PREMIUM',
      `The workspace ${request.workspaceName} has the pricing tier ${sku}; the accelerator needs premium.`,
    );
  }
}

/** Sends the one PUT that asks for the workspace; the operation's URL comes back, because it alone tells why a creation failed. */
async function create(deployment: Deployment): Promise<WorkspaceState> {
  const { id, subscriptionId, request, location, network } = deployment;
  const { resourceGroup, workspaceName } = request;
  if (lackingSubnets(network ?? {}).length > 0) {
    throw new TerminalError(
      'NETWORK_INCOMPLETE',
      `There is no workspace ${workspaceName}, and to make one in the virtual network takes two subnets of its own.`,
    );
  }
  const wish: Workspace = {
    location,
    sku: { name: 'premium' },
    computeMode: 'Hybrid',
    managedResourceGroupId: `/subscriptions/${subscriptionId}/resourceGroups/${managedResourceGroupFor(workspaceName, id)}`,
    tags: tagsFor(deployment),
    ...networkProperties(network),
  };
  let asked: number | undefined;
  const operation = await callArm(async ({ databricks }, options) => {
    const poller = databricks.workspaces.createOrUpdate(resourceGroup, workspaceName, wish, {
      ...options,
      onResponse: ({ headers }) => {
        asked = retryAfterSeconds(headers.get('retry-after'));
      },
    });
    await poller.submitted();
    return poller.serialize();
  });
  const operationUrl = operationUrlIn(operation ?? '');
  const resourceId = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Databricks/workspaces/${workspaceName}`;
  return {
    resourceId,
    state: 'creating',
    created: true,
    ...(operationUrl && { operationUrl }),
    ...(asked !== undefined && { retryAfterSeconds: asked }),
  };
}

function operationUrlIn(serialized: string): string | undefined {
  const url = /"operationLocation":("(?:[^"\\]|\\.)*")/.exec(serialized)?.[1];
  return url ? (JSON.parse(url) as string) : undefined;
}
