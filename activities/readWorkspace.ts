import { callArm } from '../clients/arm.ts';
import { RetryableError } from '../domain/errors.ts';
import type { Deployment, WorkspaceState } from '../domain/steps.ts';
import { stateOf } from './workspaceState.ts';

/** Looks whether the workspace is ready; throws WORKSPACE_FAILED when its creation failed. */
export async function readWorkspace({
  workspace,
  ...deployment
}: Deployment & { workspace: WorkspaceState }): Promise<WorkspaceState> {
  const { resourceGroup, workspaceName } = deployment.request;
  const seen = await callArm(({ databricks }, options) =>
    databricks.workspaces.get(resourceGroup, workspaceName, options),
  );
  if (!seen) throw new RetryableError('ANSWER_INVALID', 'Azure answered without a workspace.');
  return stateOf(seen, deployment, workspace.created, workspace.operationUrl);
}
