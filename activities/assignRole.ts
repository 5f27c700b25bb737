import { isRestError } from '@azure/core-rest-pipeline';
import * as v from 'valibot';
import { callArm } from '../clients/arm.ts';
import { isResourceMissing, remoteCodeOf } from '../clients/armFailure.ts';
import { checkedAnswer } from '../clients/checkedAnswer.ts';
import { workspaceGone } from '../clients/workspacePresence.ts';
import { contributorRole, roleAssignmentName } from '../domain/ids.ts';
import type { Deployment, Identity, Workspace } from '../domain/steps.ts';

/** Gives the identity its role on the workspace; an assignment that exists under any name will do. */
export async function assignRole({
  subscriptionId,
  identity,
  workspace,
}: Deployment & { identity: Identity; workspace: Workspace }): Promise<{ name: string }> {
  // The client puts its own slash before the scope.
  const scope = workspace.resourceId.replace(/^\//, '');
  const roleDefinitionId = `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${contributorRole}`;
  const name = roleAssignmentName(scope, identity.principalId, contributorRole);
  const made = await callArm(
    ({ authorization }, options) =>
      authorization.roleAssignments
        .create(
          scope,
          name,
          // The type spares Azure the look-up in a directory that may not know the identity yet.
          { roleDefinitionId, principalId: identity.principalId, principalType: 'ServicePrincipal' },
          options,
        )
        .catch((error: unknown) => {
          if (!isResourceMissing(error)) throw error;
          throw workspaceGone(workspace.resourceId, 'has been', 'Azure does not know it as the scope of a role.');
        }),
    (error) => isRestError(error) && remoteCodeOf(error) === 'RoleAssignmentExists',
  );
  if (made) checkedAnswer(v.object({ id: v.string() }), made, 'The role assignment');
  return { name };
}
