import { afterAll, expect, test } from 'vitest';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { builtApp, historiesOf, watchEpisodes } from '../support/episodes.ts';
import { recordedHistories, whatToDo } from '../support/recordedHistories.ts';
import { withEnd } from '../support/replayed.ts';
import { signatureOf } from '../support/signature.ts';
import { startWorld } from '../support/world.ts';

const world = await startWorld({
  script: quickScript,
  latencies: quickLatencies,
  settings: () => ({ AzureFunctionsJobHost__extensions__durableTask__defaultVersion: '1.1' }),
});
afterAll(() => world.close());

test('F17: an instance that began with version 1.1 asks for the same steps in the same order as then', async () => {
  const app = await builtApp();
  const seen = watchEpisodes(app);
  const { id, runtimeStatus } = await world.deploy({ workspaceName: 'dbw-history' });
  expect(runtimeStatus).toBe('Completed');
  const histories = await Promise.all(historiesOf(seen, id).map((history) => withEnd(app, history)));
  expect(histories.map(signatureOf), whatToDo).toEqual(recordedHistories('1.1', 'new-workspace')?.map(signatureOf));
});

test('F17: an instance that began with version 1.1 and is cancelled leaves no run active', async () => {
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
