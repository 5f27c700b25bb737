import { callArm } from '../clients/arm.ts';
import { isResourceMissing } from '../clients/armFailure.ts';
import { RetryableError } from '../domain/errors.ts';
import type { Deployment, WorkspaceState } from '../domain/steps.ts';
import { workspaceState } from './workspaceState.ts';

/** Looks whether the workspace is ready; throws WORKSPACE_FAILED when its creation failed. */
export async function readWorkspace({
  workspace,
  ...deployment
}: Deployment & { workspace: WorkspaceState }): Promise<WorkspaceState> {
  const { resourceGroup, workspaceName } = deployment.request;
  const seen = await callArm(
    ({ databricks }, options) => databricks.workspaces.get(resourceGroup, workspaceName, options),
    isResourceMissing,
  );
  // A read soon after the creation may come from a region that does not know of it yet.
  if (!seen) throw new RetryableError('NOT_SHOWN_YET', `Azure does not show the workspace ${workspaceName}.`);
  return workspaceState(seen, deployment, workspace.created, workspace.operationUrl);
}
