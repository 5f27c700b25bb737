import { isResourceMissing } from '../clients/armFailure.ts';
import { getWorkspace } from '../clients/armResources.ts';
import { ownerTag } from '../domain/ids.ts';
import { isUnusable } from '../domain/provisioningState.ts';

/** A workspace as it is now, as far as its tags may ask for a deployment. */
export interface TaggedWorkspace {
  /** With the casing that Azure keeps. */
  resourceGroup: string;
  workspaceName: string;
  location: string;
  /** Whether it is there to stay: created or in creation, and not failed or on its way out. */
  usable: boolean;
  /** Whether a deployment made it. */
  ours: boolean;
  /** The value of the tag `accelerator`. */
  accelerator?: string;
  tags: Record<string, string>;
  /** Notebook parameters: the values of tags such as `accelerator.profile`. */
  parameters: Record<string, string>;
}

const acceleratorTag = 'accelerator';

/** The present state of a workspace, undefined when there is none; throws a `DeploymentError` when Azure does not tell. */
export async function readTaggedWorkspace(
  resourceGroup: string,
  workspaceName: string,
): Promise<TaggedWorkspace | undefined> {
  const workspace = await getWorkspace({ resourceGroup, workspaceName }, isResourceMissing);
  if (!workspace) return undefined;
  const { tags = {}, id, name = workspaceName, location = '' } = workspace;
  const accelerator = tagIn(tags, acceleratorTag);
  return {
    resourceGroup: /\/resourceGroups\/([^/]+)\//i.exec(id)?.[1] ?? resourceGroup,
    workspaceName: name,
    location: location.replaceAll(' ', '').toLowerCase(),
    usable: !isUnusable(workspace.provisioningState),
    ours: tagIn(tags, ownerTag) !== undefined,
    ...(accelerator !== undefined && { accelerator }),
    tags,
    parameters: parametersIn(tags),
  };
}

function parametersIn(tags: Record<string, string>): Record<string, string> {
  const prefix = `${acceleratorTag}.`;
  return Object.fromEntries(
    Object.entries(tags)
      .map(([name, value]) => [name.toLowerCase(), value] as const)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
}

/** Azure's tag names do not tell upper from lower case. */
const tagIn = (tags: Record<string, string>, wanted: string): string | undefined =>
  Object.entries(tags).find(([name]) => name.toLowerCase() === wanted)?.[1];
