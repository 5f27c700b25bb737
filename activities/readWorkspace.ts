import type { InvocationContext } from '@azure/functions';
import { isResourceMissing } from '../clients/armFailure.ts';
import { getWorkspace } from '../clients/armResources.ts';
import { RetryableError } from '../domain/errors.ts';
import type { Deployment, WorkspaceState } from '../domain/steps.ts';
import { workspaceState } from './workspaceState.ts';

/** Looks whether the workspace is ready; throws WORKSPACE_FAILED when its creation failed. */
export async function readWorkspace(
  { workspace, ...deployment }: Deployment & { workspace: WorkspaceState },
  ctx?: Pick<InvocationContext, 'warn'>,
): Promise<WorkspaceState> {
  const { request } = deployment;
  const seen = await getWorkspace(request, isResourceMissing);
  // A read soon after the creation may come from a region that does not know of it yet.
  if (!seen) throw new RetryableError('NOT_SHOWN_YET', `Azure does not show the workspace ${request.workspaceName}.`);
  return workspaceState(seen, deployment, workspace.created, workspace.operationUrl, ctx);
}
