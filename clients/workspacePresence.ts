import { type DeploymentError, TerminalError } from '../domain/errors.ts';
import type { Workspace } from '../domain/steps.ts';
import { isGone } from './armFailure.ts';
import { getWorkspace } from './armResources.ts';
import { DatabricksError } from './databricksFailure.ts';
import { portalLink } from '../domain/ids.ts';

/** While a workspace goes on failing, Azure is asked at every so many failures. */
const failuresPerLook = 4;

/** Failures of calls to a host since its last answer. */
const failures = new Map<string, number>();

/** Notes that the workspace's API answers. */
export const answered = ({ host }: Workspace): void => void failures.delete(host);

/**
 * The failure of a call to a workspace, or WORKSPACE_GONE when Azure says that there is none any more. Azure is asked only
 * about failures that this could explain: at the first one after an answer, and at every fourth while they go on.
 */
export async function explained(workspace: Workspace, failure: DeploymentError): Promise<DeploymentError> {
  if (!isDoubtful(failure)) {
    if (failure instanceof DatabricksError && failure.remoteCode !== '') answered(workspace);
    return failure;
  }
  const count = failures.get(workspace.host) ?? 0;
  failures.set(workspace.host, count + 1);
  if (count % failuresPerLook !== 0) return failure;
  const seen = await look(workspace);
  if (seen === 'there') return failure;
  failures.delete(workspace.host);
  return workspaceGone(workspace.resourceId, seen === 'gone' ? 'has been' : 'is being', failure.failure.message);
}

/** WORKSPACE_GONE, with a link to the group that the workspace was in: its own page is gone too. */
export function workspaceGone(resourceId: string, state: 'has been' | 'is being', cause: string): TerminalError {
  const name = resourceId.split('/').at(-1) ?? '';
  const [group = ''] = resourceId.split('/providers/');
  const link = portalLink(group);
  return new TerminalError('WORKSPACE_GONE', `The workspace ${name} ${state} deleted.`, { cause, link });
}

/** Whether a host without a workspace behind it could give such a failure: none answers, or something that is not the API, or nobody is known there. */
function isDoubtful(failure: DeploymentError): boolean {
  if (!(failure instanceof DatabricksError))
    return failure.failure.code === 'DATABRICKS_UNAVAILABLE' || failure.failure.code === 'SQL_DENIED';
  const { status, remoteCode } = failure;
  if (status === 401 || status === 403) return true;
  return remoteCode === '' && status < 500 && status !== 429;
}

/** What Azure says of the workspace at this host; `there` when it cannot say, because a doubt ends no deployment. */
async function look({ resourceId, host }: Workspace): Promise<'there' | 'leaving' | 'gone'> {
  const [, resourceGroup = '', workspaceName = ''] =
    /\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Databricks\/workspaces\/([^/]+)$/i.exec(resourceId) ?? [];
  try {
    const seen = await getWorkspace({ resourceGroup, workspaceName }, isGone);
    if (!seen || seen.provisioningState === 'Deleted') return 'gone';
    // Another one of its name has an address of its own.
    if (seen.workspaceUrl && seen.workspaceUrl !== host) return 'gone';
    return seen.provisioningState === 'Deleting' ? 'leaving' : 'there';
  } catch {
    return 'there';
  }
}
