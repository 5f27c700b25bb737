import { arm } from './arm.ts';
import { setting } from './azd.ts';

/** How Azure Resource Manager answers to the function that receives events: 200 when it knows it. */
export async function handlerStatus(): Promise<number> {
  const { status } = await arm('GET', `${appPath()}/functions/onSubscriptionEvent?api-version=2025-03-01`);
  return status;
}

/** The app's path in its subscription. */
export const appPath = (): string =>
  `/resourceGroups/${setting('AZURE_RESOURCE_GROUP')}/providers/Microsoft.Web/sites/${setting('appName')}`;
