import { callArm } from '../clients/arm.ts';
import { isGone } from '../clients/armFailure.ts';
import { contributorRole, roleAssignmentName } from '../domain/ids.ts';
import type { SeenIdentity } from '../domain/removal.ts';
import type { Deployment } from '../domain/steps.ts';

/** Roles of one identity that have the name which this deployer gives: on the deployment's workspace, and on others. */
export interface SeenRoles {
  own: { name: string; scope: string } | undefined;
  /** Resource ids of other workspaces on which a deployment gave the identity its role. */
  elsewhere: string[];
}

/**
 * Looks an identity's roles up. An assignment carries no tags: its mark is its name, a hash over scope, principal and
 * role that nothing else gives.
 */
export async function seenRoles({ request, subscriptionId }: Deployment, identity: SeenIdentity): Promise<SeenRoles> {
  const filter = `principalId eq '${identity.principalId}'`;
  const found = await callArm(async ({ authorization }, options) => {
    const all = [];
    // With a principal in the filter the list has what is above and below the group too.
    const list = authorization.roleAssignments.listForResourceGroup(request.resourceGroup, { ...options, filter });
    for await (const one of list) all.push(one);
    return all;
  }, isGone);
  const ours = (found ?? []).flatMap(({ name = '', scope = '', principalId = '' }) =>
    name.toLowerCase() === roleAssignmentName(scope.replace(/^\//, ''), principalId, contributorRole)
      ? [{ name, scope }]
      : [],
  );
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${request.resourceGroup}`;
  const workspace = `${group}/providers/Microsoft.Databricks/workspaces/${request.workspaceName}`.toLowerCase();
  return {
    own: ours.find(({ scope }) => scope.toLowerCase() === workspace),
    elsewhere: ours.map(({ scope }) => scope).filter((scope) => scope.toLowerCase() !== workspace),
  };
}
