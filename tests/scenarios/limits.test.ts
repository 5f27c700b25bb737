import { afterAll, beforeAll, expect, test } from 'vitest';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
import { expectFailure } from '../support/expectFailure.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

const hour = 3600;
let world: World;
beforeAll(async () => {
  world = await startWorld({
    script: { ...quickScript, '02_create_features': { seconds: 20 * hour } },
    latencies: quickLatencies,
    settings: () => ({ LIMIT_SECONDS: JSON.stringify({ workspace: 1200, deployment: hour }) }),
  });
});
afterAll(() => world.close());

async function activeRuns(workspaceName: string): Promise<unknown> {
  const path = '/api/2.2/jobs/runs/list?active_only=true';
  return (await cloudCaller(world.cloud).databricks(workspaceName, 'GET', path)).body['runs'] ?? [];
}

test('a deployment that passes its own limit ends its runs, and the failure names the step', async () => {
  const startedMs = world.clock.now();
  const ended = await world.deploy({ workspaceName: 'dbw-long' });
  const failure = expectFailure(ended, 'DEPLOYMENT_TIMEOUT', 'notebooks');
  expect(failure.hint).toContain('LIMIT_SECONDS');
  expect(ended.runs.map(({ role }) => role)).toEqual(['RUNME', 'notebooks']);
  // One look at the floor of five seconds, after the second that Databricks takes.
  expect((world.clock.now() - startedMs) / 1000).toBeLessThanOrEqual(hour + 10);
  expect(await activeRuns('dbw-long')).toEqual([]);
  expect(ended.remains?.map(({ kind }) => kind)).toEqual(['identity', 'workspace', 'repository', 'job']);
});

test('F7: a workspace has the time that the settings give it', async () => {
  await setScenario(world.cloud.azure.arm, { kind: 'neverReady', name: 'dbw-never' });
  const failure = expectFailure(await world.deploy({ workspaceName: 'dbw-never' }), 'WORKSPACE_TIMEOUT', 'workspace');
  expect(failure.message).toContain('20 minutes');
});
