import { setTimeout as pause } from 'node:timers/promises';
import { isOn, keep, provision, runHook, setting, targetGroups } from './azd.ts';
import { appPath, handlerStatus } from './handler.ts';

const patience = { looks: 30, pauseMs: 10_000 };

/**
 * After the code is there: turns Event Grid on where it is wanted, and says how to go on. A subscription needs the function
 * that it calls, so the template is deployed once more, now with it.
 */
export async function afterDeploy({ looks, pauseMs } = patience): Promise<void> {
  if (isOn('DEPLOYER_ENABLE_EVENT_GRID') && !isOn('DEPLOYER_EVENT_GRID_READY')) {
    console.log('Waiting until Azure knows the function that receives events …');
    await functionKnown(looks, pauseMs);
    subscribe();
  }
  console.log(nextSteps());
}

/** Code is in place some moments before Resource Manager lists its functions. */
async function functionKnown(looks: number, pauseMs: number): Promise<void> {
  for (let look = 1; ; look++) {
    const status = await handlerStatus();
    if (status === 200) return;
    if (look === looks)
      throw new Error(`Azure does not list the function onSubscriptionEvent (${status}): run "azd deploy" once more.`);
    await pause(pauseMs);
  }
}

function subscribe(): void {
  keep('DEPLOYER_EVENT_GRID_READY', 'true');
  try {
    provision();
  } catch {
    // The next deployment tries again.
    keep('DEPLOYER_EVENT_GRID_READY', 'false');
    throw new Error('Event Grid could not be turned on; the app runs without it. Run "azd deploy" to try again.');
  }
}

function nextSteps(): string {
  const [startUrl, group] = [setting('startUrl'), setting('AZURE_RESOURCE_GROUP')];
  const key = `az functionapp keys list --resource-group ${group} --name ${setting('appName')} --query functionKeys.default --output tsv`;
  const page = `https://portal.azure.com/#@/resource/subscriptions/${setting('AZURE_SUBSCRIPTION_ID')}${appPath()}`;
  const [target] = targetGroups();
  const assigned = process.platform === 'win32' ? `$KEY = ${key}` : `KEY=$(${key})`;
  return `
Start   POST ${startUrl}
Health  ${setting('healthUrl')}

What a deployment would do; nothing is started or written. The first line takes the function key by the Azure CLI; without it,
take it from "App keys" of the app: ${page}
  ${assigned}
  curl -s -X POST "${startUrl}?dryRun=true" -H "x-functions-key: $KEY" -H "content-type: application/json" -d '{"resourceGroup": "${target}", "workspaceName": "dbw-volatility"}'
The same without dryRun deploys.`;
}

if (import.meta.main) await runHook(afterDeploy);
