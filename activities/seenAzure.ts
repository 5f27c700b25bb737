import * as v from 'valibot';
import { listArm } from '../clients/arm.ts';
import { isGone } from '../clients/armFailure.ts';
import { type AzureWorkspace, getWorkspace } from '../clients/armResources.ts';
import { identityNameFor, ownerTag } from '../domain/ids.ts';
import type { SeenIdentity } from '../domain/removal.ts';
import type { Deployment } from '../domain/steps.ts';

/** The deployment's workspace and identities as Azure shows them now. */
export interface SeenAzure {
  /** Undefined when it is gone. */
  workspace: AzureWorkspace | undefined;
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
export const seenWorkspace = ({ request }: Deployment): Promise<AzureWorkspace | undefined> =>
  getWorkspace(request, isGone);

/** Whether a resource carries the deployment's tag. */
export const isOwn = (
  resource: { tags?: Record<string, string> | undefined } | undefined,
  { id }: Deployment,
): boolean => resource?.tags?.[ownerTag] === id;

const text = v.nullish(v.string());
const identity = v.object({
  id: v.string(),
  name: v.string(),
  tags: v.nullish(v.record(v.string(), v.string())),
  properties: v.nullish(v.object({ principalId: text, clientId: text })),
});

async function seenIdentities({ request, subscriptionId }: Deployment): Promise<SeenIdentity[]> {
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${request.resourceGroup}`;
  const path = `${group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`;
  const found = await listArm(path, '2024-11-30', identity, isGone);
  return (found ?? []).flatMap(({ id: resourceId, name, tags, properties }) => {
    const { principalId, clientId } = properties ?? {};
    if (!principalId || !clientId) return [];
    const owner = tags?.[ownerTag];
    return [{ resourceId, name, principalId, clientId, ...(owner !== undefined && { owner }) }];
  });
}
