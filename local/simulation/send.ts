import { request } from 'node:https';
import type { ApiServer } from '../kit/server.ts';
import type { Simulation } from './simulation.ts';

/** Asks Resource Manager as the owner of the resource group; gives the status. `path` is below the subscription. */
export function sendAsPerson(
  { cloud }: Simulation,
  method: string,
  path: string,
  version: string,
  body?: unknown,
): Promise<number> {
  const { azure, settings } = cloud;
  const url = `${azure.url}/subscriptions/${settings['AZURE_SUBSCRIPTION_ID'] ?? ''}${path}?api-version=${version}`;
  return send(url, method, body, { authorization: `Bearer ${cloud.personToken()}` });
}

/** Agrees on trouble with an emulator; throws when it knows no such trouble. */
export async function agreeOn(server: ApiServer, scenario: { kind: string } & Record<string, unknown>): Promise<void> {
  const status = await send(`${server.url}/__scenarios`, 'POST', scenario);
  if (status !== 201) throw new Error(`the scenario ${scenario.kind} was answered ${status}`);
}

function send(url: string, method: string, body: unknown, headers: Record<string, string> = {}): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const asked = request(url, { method, headers: { ...headers, 'content-type': 'application/json' } }, (reply) => {
    reply.resume();
    reply.once('end', () => resolve(reply.statusCode ?? 0));
  });
  asked.once('error', reject);
  asked.end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}
