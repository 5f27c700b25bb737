import { isAnswered } from '../clients/armFailure.ts';
import { readOperation } from '../clients/armResources.ts';
import { TerminalError } from '../domain/errors.ts';
import type { Deployment, WorkspaceRemoval } from '../domain/steps.ts';
import { isOwn, seenWorkspace } from './seenAzure.ts';
import { portalLink } from '../domain/ids.ts';

/** How an operation of Azure Resource Manager ends that has not done what it was to do. */
const failed = new Set(['Failed', 'Canceled']);

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
  if (!failed.has(there.provisioningState ?? '')) return { state: 'deleting' };
  const { operationUrl } = removal;
  // It may have been so before, so only the operation itself is believed.
  if (!operationUrl) return { state: 'failed' };
  const operation = await readOperation(operationUrl, isAnswered);
  if (!failed.has(operation?.status ?? '')) return { state: 'deleting' };
  const { code = '', message = '' } = operation?.error ?? {};
  throw new TerminalError('REMOVAL_FAILED', message || 'Azure reports the deletion of the workspace as failed.', {
    cause: code ? `${code}: ${message}` : undefined,
    link: portalLink(there.id),
  });
}
