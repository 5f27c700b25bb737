import * as v from 'valibot';
import { callArm } from '../clients/arm.ts';
import { isResourceMissing } from '../clients/armFailure.ts';
import { checkedAnswer } from '../clients/checkedAnswer.ts';
import { identityNameFor } from '../domain/ids.ts';
import type { Deployment, Identity } from '../domain/steps.ts';
import { tagsFor } from './tagsFor.ts';

const filled = v.pipe(v.string(), v.nonEmpty());
const answer = v.object({ id: filled, principalId: filled, clientId: filled });

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
  const { id: resourceId, principalId, clientId } = checkedAnswer(answer, identity, `The identity ${name}`);
  return { resourceId, name, principalId, clientId };
}
