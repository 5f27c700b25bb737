import { readFileSync } from 'node:fs';
import { localResourceGroup } from '../cloud/localNames.ts';
import { getJson } from '../stack/getJson.ts';
import { readStack } from '../stack/startStack.ts';
import { devFolder } from './devFolder.ts';

const databricksResource = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';

interface Workspace {
  name: string;
  properties: { workspaceUrl?: string };
}

/** Prints what the official clients (Databricks SDK, MLflow, SQL drivers) need of the workspaces that `npm run dev` serves, as shell exports. */
async function printClientSettings(): Promise<void> {
  const { settings } = readStack(devFolder);
  const caFile = settings['NODE_EXTRA_CA_CERTS'] ?? '';
  const management = await tokenFor(settings, 'https://management.azure.com/');
  const subscription = `${settings['AZURE_RESOURCE_MANAGER_URL']}/subscriptions/${settings['AZURE_SUBSCRIPTION_ID']}`;
  const path = `/resourceGroups/${localResourceGroup}/providers/Microsoft.Databricks/workspaces?api-version=2026-01-01`;
  const headers = { authorization: `Bearer ${management}` };
  const { value } = (await getJson(subscription + path, readFileSync(caFile), headers)) as { value: Workspace[] };
  const hosts = value.flatMap(({ name, properties }) =>
    properties.workspaceUrl ? [[name, properties.workspaceUrl]] : [],
  );
  if (hosts.length === 0) throw new Error('There is no workspace yet: start a deployment first.');
  for (const [name, host] of hosts) console.log(`export DATABRICKS_HOST=https://${host}  # ${name}`);
  console.log(`export DATABRICKS_TOKEN=${await tokenFor(settings, databricksResource)}`);
  console.log(`export REQUESTS_CA_BUNDLE=${caFile} NODE_EXTRA_CA_CERTS=${caFile}`);
}

/** A token of the function app's identity, which is a member of each workspace that it has deployed to. */
async function tokenFor(settings: Record<string, string>, resource: string): Promise<string> {
  const query = new URLSearchParams({
    'api-version': '2019-08-01',
    resource,
    client_id: settings['AZURE_CLIENT_ID'] ?? '',
  });
  const headers = { 'x-identity-header': settings['IDENTITY_HEADER'] ?? '' };
  const response = await fetch(`${settings['IDENTITY_ENDPOINT']}?${query.toString()}`, { headers }).catch(() => {
    throw new Error('The local cloud does not answer: start it with npm run dev.');
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  return token;
}

await printClientSettings().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
