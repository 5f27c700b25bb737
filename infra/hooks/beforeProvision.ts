import { isOn, keep, runHook, subscribing } from './azd.ts';
import { handlerStatus } from './handler.ts';

/**
 * Before the template is deployed: takes events out of it again where the function that receives them is gone, with the app or its
 * group, or is that of another app. Azure would refuse the template; `afterDeploy` turns them on when the code is there.
 */
export async function beforeProvision(): Promise<void> {
  if (!isOn('DEPLOYER_EVENT_GRID_READY') || isOn(subscribing) || !(await isGone())) return;
  keep('DEPLOYER_EVENT_GRID_READY', 'false');
  console.log(
    'Azure does not know the function that receives events: the template is deployed without them, and "azd deploy" adds them.',
  );
}

// Any other answer says nothing about the function.
const isGone = async (): Promise<boolean> => !hasApp() || (await handlerStatus()) === 404;

/** Whether the app of the last deployment is the one that this deployment is about. */
function hasApp(): boolean {
  const { appName = '', AZURE_RESOURCE_GROUP: group, DEPLOYER_NAME: name } = process.env;
  // Prefix, default and length of the end are the template's; a test compares.
  return Boolean(group) && appName.replace(/-[a-z0-9]{13}$/, '') === `func-${name || 'accelerator'}`;
}

if (import.meta.main) await runHook(beforeProvision);
