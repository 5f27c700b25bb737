import type { Workspace } from '@azure/arm-databricks';
import { callArm } from '../clients/arm.ts';
import { isGone } from '../clients/armFailure.ts';
import { identityNameFor, ownerTag } from '../domain/ids.ts';
import type { SeenIdentity } from '../domain/removal.ts';
import type { Deployment } from '../domain/steps.ts';

/** The deployment's workspace and identities as Azure shows them now. */
export interface SeenAzure {
  /** Undefined when it is gone. */
  workspace: Workspace | undefined;
  /** Whether the workspace carries the deployment's tag. */
  ownsWorkspace: boolean;
  /** Those that carry the deployment's tag, whatever their name. */
  own: SeenIdentity[];
  /** The one that the request names, when it is not among them. */
  used?: SeenIdentity;
}

/** Looks for what a deletion would touch in Azure: by the tags, and never by what some record says. */
export async function seenAzure(deployment: Deployment): Promise<SeenAzure> {
  const workspace = await seenWorkspace(deployment);
  const identities = await seenIdentities(deployment);
  const name = deployment.request.identityName ?? identityNameFor(deployment.request.workspaceName);
  const own = identities.filter(({ owner }) => owner === deployment.id);
  const used = identities.find((one) => !own.includes(one) && one.name.toLowerCase() === name.toLowerCase());
  return { workspace, ownsWorkspace: isOwn(workspace, deployment), own, ...(used && { used }) };
}

/** The workspace; undefined when it is gone. */
export const seenWorkspace = ({ request }: Deployment): Promise<Workspace | undefined> =>
  callArm(
    ({ databricks }, options) => databricks.workspaces.get(request.resourceGroup, request.workspaceName, options),
    isGone,
  );

/** Whether a resource carries the deployment's tag. */
export const isOwn = (resource: { tags?: Record<string, string> } | undefined, { id }: Deployment): boolean =>
  resource?.tags?.[ownerTag] === id;

async function seenIdentities({ request }: Deployment): Promise<SeenIdentity[]> {
  const found = await callArm(async ({ identities }, options) => {
    const all = [];
    for await (const one of identities.userAssignedIdentities.listByResourceGroup(request.resourceGroup, options))
      all.push(one);
    return all;
  }, isGone);
  return (found ?? []).flatMap(({ id: resourceId, name, principalId, clientId, tags }) => {
    if (!resourceId || !name || !principalId || !clientId) return [];
    const owner = tags?.[ownerTag];
    return [{ resourceId, name, principalId, clientId, ...(owner !== undefined && { owner }) }];
  });
}
