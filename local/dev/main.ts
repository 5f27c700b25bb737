import { readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ensureSpark } from '../setup/spark.ts';
import { sendJson } from '../stack/sendJson.ts';
import { type Stack, startStack } from '../stack/startStack.ts';
import { devFolder } from './devFolder.ts';
import { eventWebhook } from './eventWebhook.ts';

const { values } = parseArgs({ options: { fresh: { type: 'boolean', default: false } } });

/** Keeps the local cloud and the function app up until Ctrl-C, and says how to use them. */
async function dev(): Promise<void> {
  await ensureSpark();
  if (values.fresh) rmSync(devFolder, { recursive: true, force: true });
  console.log('Starting the local cloud and the function app …');
  const stack = await startStack({ folder: devFolder, ports: { host: 7071, azure: 8443, identity: 8081 } });
  await subscribe(stack);
  console.log(`
Function app   ${stack.url}   process ${stack.host.pid}
Azure          ${stack.settings['AZURE_RESOURCE_MANAGER_URL']}   managed identity ${stack.settings['IDENTITY_ENDPOINT']}
Function key   ${stack.functionKey}
Logs           ${stack.logs.host}
               ${stack.logs.cloud}

export URL=${stack.url} KEY=${stack.functionKey}

Start a deployment:
  curl -i -X POST "$URL/api/deployments" -H "x-functions-key: $KEY" -H 'content-type: application/json' \\
    -d '{"resourceGroup": "rg-volatility", "workspaceName": "dbw-volatility", "parameters": {"profile": "small"}}'
then follow its statusQueryGetUri. List them:
  curl -s "$URL/api/deployments" -H "x-functions-key: $KEY"
Kill the function app and start it again; deployments go on where they were:
  kill -9 ${stack.host.pid}
  npm run dev:host

Make a tagged workspace, whose events start a deployment, and send a sample event:
  npm run dev:event -- --create

Use the workspace with the Databricks SDK, MLflow or a SQL driver:
  npm run -s dev:databricks

Ctrl-C stops everything. State is kept in ${devFolder}; npm run dev -- --fresh starts from nothing.`);
  let stopping = false;
  const stop = (): void => {
    stopping = true;
    void stack.stop().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const howToGoOn = (how: number | string): void => {
    if (!stopping) console.log(`\nThe function app has ended (${how}). Start it again with: npm run dev:host`);
  };
  void stack.host.ended.then(howToGoOn);
  const how = await stack.cloud.ended;
  if (stopping) return;
  console.error(`The local cloud has ended (${how}); see ${stack.logs.cloud}.`);
  process.exit(1);
}

/** Has the local Azure send the subscription's events to the app. */
async function subscribe({ settings, url }: Stack): Promise<void> {
  const events = `${settings['AZURE_RESOURCE_MANAGER_URL']}/__events`;
  const ca = readFileSync(settings['NODE_EXTRA_CA_CERTS'] ?? '');
  await sendJson('DELETE', events, ca);
  await sendJson('POST', events, ca, {}, { webhook: eventWebhook(devFolder, url) });
}

await dev().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
