import { isAnswered } from '../clients/armFailure.ts';
import { readOperation } from '../clients/armResources.ts';
import { TerminalError } from '../domain/errors.ts';
import { portalLink } from '../domain/ids.ts';
import { hasFailed } from '../domain/provisioningState.ts';
import type { Deployment, WorkspaceRemoval } from '../domain/steps.ts';
import { isOwn, seenWorkspace } from './seenAzure.ts';

/**
 * How far the deletion of the workspace is; with the address of the operation, why it has failed: throws REMOVAL_FAILED.
 * A workspace of the same name that does not carry the tag is another one.
 */
export async function readRemovedWorkspace({
  removal,
  ...deployment
}: Deployment & { removal: WorkspaceRemoval }): Promise<WorkspaceRemoval> {
  const there = await seenWorkspace(deployment);
  if (!there || !isOwn(there, deployment)) return { state: 'gone' };
  if (!hasFailed(there.provisioningState)) return { state: 'deleting' };
  const { operationUrl } = removal;
  // It may have been so before, so only the operation itself is believed.
  if (!operationUrl) return { state: 'failed' };
  const operation = await readOperation(operationUrl, isAnswered);
  if (!hasFailed(operation?.status)) return { state: 'deleting' };
  const { code = '', message = '' } = operation?.error ?? {};
  throw new TerminalError('REMOVAL_FAILED', message || 'Azure reports the deletion of the workspace as failed.', {
    cause: code ? `${code}: ${message}` : undefined,
    link: portalLink(there.id),
  });
}
