import { callArm } from '../clients/arm.ts';
import { isGone } from '../clients/armFailure.ts';
import type { Removed, RemoveInput } from '../domain/removal.ts';
import { seenAzure } from './seenAzure.ts';
import { seenRoles } from './seenRoles.ts';

/** Takes the role away that this deployment gave its identity on the workspace. One of another name was there before. */
export async function removeRole({ scope, ...deployment }: RemoveInput): Promise<Removed> {
  const { own, used } = await seenAzure(deployment);
  const result: Removed = { removed: [], kept: [] };
  for (const identity of [...own, ...(used ? [used] : [])]) {
    const { own: role } = await seenRoles(deployment, identity);
    if (!role) continue;
    const item = { kind: 'roleAssignment', name: identity.name } as const;
    if (scope.shared) {
      result.kept.push({ ...item, why: 'other deployments work in the workspace and may use it', inUse: true });
      continue;
    }
    await callArm(
      ({ authorization }, options) =>
        authorization.roleAssignments.delete(role.scope.replace(/^\//, ''), role.name, options),
      isGone,
    );
    result.removed.push(item);
  }
  return result;
}
