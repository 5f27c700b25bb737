import { arm, listAll } from './arm.ts';
import { keep, runHook, setting } from './azd.ts';

/** After azd has deleted the app's resource group: removes the rights of its identity elsewhere, which would stay as rights of nobody. */
export async function afterDown(): Promise<void> {
  // Somebody may have said no, and then the app needs its rights.
  const group = await arm('GET', `/resourceGroups/${setting('AZURE_RESOURCE_GROUP')}?api-version=2021-04-01`);
  if (group.status !== 404) return;
  keep('DEPLOYER_EVENT_GRID_READY', 'false');
  const principal = process.env['DEPLOYER_PRINCIPAL_ID'];
  if (!principal) return;
  const roles = '/providers/Microsoft.Authorization/roleAssignments';
  const left = await listAll(`${roles}?$filter=principalId eq '${principal}'&api-version=2022-04-01`);
  for (const { id } of left.filter(({ properties }) => properties?.principalId === principal)) {
    const path = id.replace(/^\/subscriptions\/[^/]+/i, '');
    const { ok, status } = await arm('DELETE', `${path}?api-version=2022-04-01`);
    console.log(ok ? `Removed the role assignment ${id}` : `The role assignment ${id} is left (${status}).`);
  }
}

if (import.meta.main) await runHook(afterDown);
