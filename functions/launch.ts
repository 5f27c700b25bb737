import type { DurableClient } from 'durable-functions';
import { deploymentId } from '../domain/ids.ts';
import type { DeploymentRequest } from '../domain/request.ts';
import { admit } from './admission.ts';
import { deployerSettings } from './settings.ts';
import { inputOf, refuseTooMany, start } from './startDeployment.ts';
import { statusOf } from './statusResource.ts';

/** Starts a deployment. */
export async function launch(
  client: DurableClient,
  request: DeploymentRequest,
  _by: string,
): Promise<{ started: boolean }> {
  const admitted = admit(request);
  if ('faults' in admitted) throw new Error('x');
  const { AZURE_SUBSCRIPTION_ID: subscriptionId } = deployerSettings();
  const id = deploymentId({ subscriptionId, ...request });
  await refuseTooMany(client);
  const known = await statusOf(client, id);
  await start(client, id, inputOf(id, subscriptionId, request, admitted, known));
  return { started: true };
}
