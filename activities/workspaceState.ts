import type { InvocationContext } from '@azure/functions';
import { type AzureWorkspace, readOperation } from '../clients/armResources.ts';
import { allowedHost } from '../clients/databricksHost.ts';
import { policyDenial } from '../clients/policyDenial.ts';
import { RetryableError, TerminalError } from '../domain/errors.ts';
import type { Deployment, WorkspaceState } from '../domain/steps.ts';
import { portalLink } from '../domain/ids.ts';
import { warnOfState } from './warnOfState.ts';

const inProgress = new Set(['Accepted', 'Creating', 'Created', 'Ready', 'Running', 'Updating']);

/** What ARM's view of a workspace means; throws WORKSPACE_FAILED, or POLICY_DENIED, with the creation's own error; WORKSPACE_HOST_REFUSED. */
export async function workspaceState(
  workspace: AzureWorkspace,
  { request }: Deployment,
  created: boolean,
  operationUrl?: string,
  ctx?: Pick<InvocationContext, 'warn'>,
): Promise<WorkspaceState> {
  const resourceId = workspace.id;
  switch (workspace.provisioningState) {
    case 'Succeeded':
      if (!workspace.workspaceUrl)
        throw new RetryableError('ANSWER_INVALID', 'Azure shows the workspace as ready, but without its address.');
      // Before anyone is shown a link to it.
      allowedHost(workspace.workspaceUrl);
      return { resourceId, state: 'ready', created, host: workspace.workspaceUrl };
    case 'Failed':
    case 'Canceled':
    case 'Deleting':
    case 'Deleted':
      throw await creationFailure(request.workspaceName, workspace.provisioningState, resourceId, operationUrl);
    default:
      // Azure may add states; whatever is no end is taken for work in progress.
      warnOfState(ctx, `workspace ${request.workspaceName}`, workspace.provisioningState ?? '', inProgress);
      return { resourceId, state: 'creating', created, ...(operationUrl && { operationUrl }) };
  }
}

async function creationFailure(
  name: string,
  state: string,
  resourceId: string,
  operationUrl?: string,
): Promise<TerminalError> {
  const operation = operationUrl ? await readOperation(operationUrl, () => true) : undefined;
  const { code = '', message = '' } = operation?.error ?? {};
  const details = {
    cause: code ? `${code}: ${message}` : undefined,
    link: portalLink(resourceId),
  };
  // Policies also meet what Databricks makes in the resource group that it manages.
  const denial = policyDenial(operation?.error);
  if (denial) return new TerminalError('POLICY_DENIED', denial, details);
  return new TerminalError('WORKSPACE_FAILED', message || `Azure reports the workspace ${name} as ${state}.`, details);
}
