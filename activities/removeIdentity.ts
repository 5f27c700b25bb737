import { callArm } from '../clients/arm.ts';
import { isGone } from '../clients/armFailure.ts';
import type { Removed, RemoveInput } from '../domain/removal.ts';
import { seenAzure } from './seenAzure.ts';
import { seenRoles } from './seenRoles.ts';
import { portalLink } from '../domain/ids.ts';

/** Deletes the identities that carry the deployment's tag, except one that another workspace's deployment has its role on. */
export async function removeIdentity({ scope: _scope, ...deployment }: RemoveInput): Promise<Removed> {
  const { own } = await seenAzure(deployment);
  const result: Removed = { removed: [], kept: [] };
  for (const identity of own) {
    const { elsewhere } = await seenRoles(deployment, identity);
    const item = { kind: 'identity', name: identity.name, link: portalLink(identity.resourceId) } as const;
    if (elsewhere.length > 0) {
      const others = elsewhere.map((id) => id.split('/').at(-1)).join(', ');
      result.kept.push({ ...item, why: `deployments in other workspaces use it: ${others}`, inUse: true });
      continue;
    }
    await callArm(
      ({ identities }, options) =>
        identities.userAssignedIdentities.delete(deployment.request.resourceGroup, identity.name, options),
      isGone,
    );
    result.removed.push(item);
  }
  return result;
}
