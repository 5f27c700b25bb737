import { callArm } from '../clients/arm.ts';
import { isResourceMissing } from '../clients/armFailure.ts';
import { RetryableError } from '../domain/errors.ts';
import { identityNameFor } from '../domain/ids.ts';
import type { Deployment, Identity } from '../domain/steps.ts';
import { tagsFor } from './tagsFor.ts';

/** The managed identity of the deployment: the one that is there, used as it is, or a new one with our tag. */
export async function ensureIdentity(deployment: Deployment): Promise<Identity> {
  const { request, location } = deployment;
  const name = request.identityName ?? identityNameFor(request.workspaceName);
  const group = request.resourceGroup;
  const there = await callArm(
    ({ identities }, options) => identities.userAssignedIdentities.get(group, name, options),
    isResourceMissing,
  );
  const tags = tagsFor(deployment);
  const identity =
    there ??
    (await callArm(({ identities }, options) =>
      identities.userAssignedIdentities.createOrUpdate(group, name, { location, tags }, options),
    ));
  if (!identity?.id || !identity.principalId || !identity.clientId) {
    throw new RetryableError('ANSWER_INVALID', `Azure\u2019s answer about the identity ${name} lacks its ids.`);
  }
  return { resourceId: identity.id, name, principalId: identity.principalId, clientId: identity.clientId };
}
