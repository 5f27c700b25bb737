import { ownerTag } from '../../domain/ids.ts';
import { type Listed, listAll } from './arm.ts';
import { isOn, keep, runHook, setting, targetGroups } from './azd.ts';

/**
 * Before azd deletes the app's resource group: stops while there is something that the app has deployed. A workspace that
 * goes with its group leaves its managed group behind, and what is in other groups would stay and be paid.
 */
export async function beforeDown(): Promise<void> {
  const principal = process.env['identityPrincipalId'];
  // The template was never deployed to its end, so the app has never deployed anything.
  if (!principal) return;
  // azd forgets the template's outputs with the resources.
  keep('DEPLOYER_PRINCIPAL_ID', principal);
  if (isOn('DEPLOYER_KEEP_DEPLOYMENTS')) return;
  const marked = await markedResources();
  if (marked.length === 0) return;
  throw new Error(`These were made by deployments, and "azd down" would not remove them cleanly:
${marked.map(({ id }) => `  ${id}`).join('\n')}

Delete each deployment through the app first, with the function key in KEY, then run "azd down" again:
${deletionsOf(marked).join('\n')}

To leave them: azd env set DEPLOYER_KEEP_DEPLOYMENTS true`);
}

const groupOf = ({ id }: Listed): string => id.split('/')[4] ?? '';

/** What this app may have made. The whole groups are listed, because Azure leaves the tags out where it filters by one. */
async function markedResources(): Promise<Listed[]> {
  const found: Listed[] = [];
  for (const group of new Set(targetGroups().map((name) => name.toLowerCase())))
    found.push(...(await listAll(`/resourceGroups/${group}/resources?api-version=2021-04-01`)));
  return found.filter(({ tags }) => tags?.[ownerTag]);
}

/** The calls that delete their deployments; a target stands in each where it is known, because the app may have forgotten the deployment. */
function deletionsOf(resources: Listed[]): string[] {
  const targets = new Map<string, string>();
  for (const resource of resources) {
    const id = resource.tags?.[ownerTag] ?? '';
    const isWorkspace = resource.type?.toLowerCase() === 'microsoft.databricks/workspaces';
    if (isWorkspace) targets.set(id, `?resourceGroup=${groupOf(resource)}&workspaceName=${resource.name}`);
    else if (!targets.has(id)) targets.set(id, '');
  }
  const startUrl = setting('startUrl');
  return [...targets].map(([id, target]) => `  curl -X DELETE "${startUrl}/${id}${target}" -H "x-functions-key: $KEY"`);
}

if (import.meta.main) await runHook(beforeDown);
