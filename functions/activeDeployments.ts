import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import type { DeployInput } from '../domain/steps.ts';
import { activeStates, isDeployment } from './statusResource.ts';

/** The deployments of whatever accelerator that are running, or being deleted, in a workspace. */
export async function activeDeployments(
  client: DurableClient,
  { resourceGroup, workspaceName }: { resourceGroup: string; workspaceName: string },
): Promise<DurableOrchestrationStatus[]> {
  const all = await client.getStatusBy({ runtimeStatus: activeStates });
  return all.filter(isDeployment).filter(({ input }) => {
    const { request } = (input as DeployInput).deployment;
    return isSame(request.resourceGroup, resourceGroup) && isSame(request.workspaceName, workspaceName);
  });
}

/** Azure's names do not tell upper from lower case. */
const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
