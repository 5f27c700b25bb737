import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { storageInstanceId, watchInstanceId } from '../../domain/ids.ts';
import { quickLatencies, quickScript } from '../support/quickCloud.ts';
import { cloudCaller } from '../support/cloudCaller.ts';
import { startWorld } from '../support/world.ts';

/** What version 1.1 asked for and was told in one deployment: type of each history event, and name where it has one. */
const recorded = JSON.parse(readFileSync(new URL('1.1.json', import.meta.url), 'utf8')) as Record<string, string[]>;

const world = await startWorld({
  script: quickScript,
  latencies: quickLatencies,
  settings: () => ({ AzureFunctionsJobHost__extensions__durableTask__defaultVersion: '1.1' }),
});
afterAll(() => world.close());

test('an instance that began with version 1.1 asks for the same steps in the same order as then', async () => {
  const { id, runtimeStatus } = await world.deploy({ workspaceName: 'dbw-history' });
  expect(runtimeStatus).toBe('Completed');
  const events = (instance: string): string[] =>
    world.host.history(instance).map(({ EventType: type, Name: name }) => (name ? `${type} ${name}` : String(type)));
  expect({
    deploy: events(id),
    waitForStorage: events(storageInstanceId(id, 1)),
    watchRun: events(watchInstanceId(id, 1)),
  }).toEqual(recorded);
});

test('an instance that began with version 1.1 and is cancelled leaves no run active', async () => {
  const { id } = await world.start({ workspaceName: 'dbw-cancelled' });
  await world.until(async () =>
    (await world.read(id)).steps.some(({ name, state }) => name === 'notebooks' && state === 'waiting'),
  );
  await world.call(`/api/deployments/${id}/cancel`, { method: 'POST' });
  expect((await world.finish(id)).state).toBe('Cancelled');
  const path = '/api/2.2/jobs/runs/list?active_only=true';
  const { body } = await cloudCaller(world.cloud).databricks('dbw-cancelled', 'GET', path);
  expect(body['runs'] ?? []).toEqual([]);
});
