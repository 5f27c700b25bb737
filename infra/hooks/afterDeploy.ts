import { setTimeout as pause } from 'node:timers/promises';
import { arm } from './arm.ts';
import { isOn, keep, runHook, setting, showAzd, targetGroups } from './azd.ts';

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
  const site = `/resourceGroups/${setting('AZURE_RESOURCE_GROUP')}/providers/Microsoft.Web/sites/${setting('appName')}`;
  for (let look = 1; ; look++) {
    const { status } = await arm('GET', `${site}/functions/onSubscriptionEvent?api-version=2025-03-01`);
    if (status === 200) return;
    if (look === looks)
      throw new Error(`Azure does not list the function onSubscriptionEvent (${status}): run "azd deploy" once more.`);
    await pause(pauseMs);
  }
}

function subscribe(): void {
  keep('DEPLOYER_EVENT_GRID_READY', 'true');
  try {
    showAzd('provision', '--no-prompt');
  } catch {
    // The next deployment tries again.
    keep('DEPLOYER_EVENT_GRID_READY', 'false');
    throw new Error('Event Grid could not be turned on; the app runs without it. Run "azd deploy" to try again.');
  }
}

function nextSteps(): string {
  const [startUrl, group] = [setting('startUrl'), setting('AZURE_RESOURCE_GROUP')];
  const key = `az functionapp keys list --resource-group ${group} --name ${setting('appName')} --query functionKeys.default --output tsv`;
  const [target] = targetGroups();
  const assigned = process.platform === 'win32' ? `$KEY = ${key}` : `KEY=$(${key})`;
  return `
Start   POST ${startUrl}
Health  ${setting('healthUrl')}

What a deployment would do; nothing is started or written:
  ${assigned}
  curl -s -X POST "${startUrl}?dryRun=true" -H "x-functions-key: $KEY" -H "content-type: application/json" -d '{"resourceGroup": "${target}", "workspaceName": "dbw-volatility"}'
The same without dryRun deploys.`;
}

if (import.meta.main) await runHook(afterDeploy);
