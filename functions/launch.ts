import type { DurableClient } from 'durable-functions';
import { deploymentId } from '../domain/ids.ts';
import type { DeploymentRequest } from '../domain/request.ts';
import type { Accelerator } from '../domain/steps.ts';
import { deployerSettings } from './settings.ts';
import { inputOf, refuseTooMany, start } from './startDeployment.ts';
import { statusOf } from './statusResource.ts';

/** Starts a deployment. */
export async function launch(
  client: DurableClient,
  request: DeploymentRequest,
  admitted: { accelerator: Accelerator; location: string },
): Promise<void> {
  const { AZURE_SUBSCRIPTION_ID: subscriptionId } = deployerSettings();
  const id = deploymentId({ subscriptionId, ...request });
  await refuseTooMany(client);
  await start(client, id, inputOf(id, subscriptionId, request, admitted, await statusOf(client, id)));
}
