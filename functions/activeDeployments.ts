import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import type { DeployInput } from '../domain/steps.ts';
import { activeStates, isDeployment } from './statusResource.ts';

interface WorkspaceName {
  resourceGroup: string;
  workspaceName: string;
}

/** All deployments that are running, or being deleted. */
export const allActive = async (client: DurableClient): Promise<DurableOrchestrationStatus[]> =>
  (await client.getStatusBy({ runtimeStatus: activeStates })).filter(isDeployment);

/** Those of them in a workspace, of whatever accelerator. */
export const thoseIn = (
  { resourceGroup, workspaceName }: WorkspaceName,
  active: DurableOrchestrationStatus[],
): DurableOrchestrationStatus[] =>
  active.filter(({ input }) => {
    const { request } = (input as DeployInput).deployment;
    return isSame(request.resourceGroup, resourceGroup) && isSame(request.workspaceName, workspaceName);
  });

/** The deployments of whatever accelerator that are running, or being deleted, in a workspace. */
export const activeDeployments = async (
  client: DurableClient,
  workspace: WorkspaceName,
): Promise<DurableOrchestrationStatus[]> => thoseIn(workspace, await allActive(client));

/** Azure's names do not tell upper from lower case. */
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
