import { request } from 'node:https';
import type { Simulation } from './simulation.ts';

/** Asks Resource Manager as the owner of the resource group; gives the status. `path` is below the subscription. */
export function personCall(
  { cloud }: Simulation,
  method: string,
  path: string,
  version: string,
  body?: unknown,
): Promise<number> {
  const { azure, settings } = cloud;
  const url = `${azure.url}/subscriptions/${settings['AZURE_SUBSCRIPTION_ID'] ?? ''}${path}?api-version=${version}`;
  const headers = { authorization: `Bearer ${cloud.personToken()}`, 'content-type': 'application/json' };
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = request(url, { method, headers }, (reply) => {
    reply.resume();
    reply.once('end', () => resolve(reply.statusCode ?? 0));
  });
  asked.once('error', reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
