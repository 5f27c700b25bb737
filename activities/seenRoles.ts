import * as v from 'valibot';
import { listArm } from '../clients/arm.ts';
import { isGone } from '../clients/armFailure.ts';
import { contributorRole, roleAssignmentName } from '../domain/ids.ts';
import type { SeenIdentity } from '../domain/removal.ts';
import type { Deployment } from '../domain/steps.ts';

const assignment = v.object({
  name: v.string(),
  properties: v.object({ scope: v.string(), principalId: v.string() }),
});

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
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${request.resourceGroup}`;
  // With a principal in the filter the list has what is above and below the group too.
  const filter = encodeURIComponent(`principalId eq '${identity.principalId}'`);
  const path = `${group}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}`;
  const found = await listArm(path, '2022-04-01', assignment, isGone);
  const ours = (found ?? []).flatMap(({ name, properties: { scope, principalId } }) =>
    name.toLowerCase() === roleAssignmentName(scope.replace(/^\//, ''), principalId, contributorRole)
      ? [{ name, scope }]
      : [],
  );
  const workspace = `${group}/providers/Microsoft.Databricks/workspaces/${request.workspaceName}`.toLowerCase();
  return {
    own: ours.find(({ scope }) => scope.toLowerCase() === workspace),
    elsewhere: ours.map(({ scope }) => scope).filter((scope) => scope.toLowerCase() !== workspace),
  };
}
