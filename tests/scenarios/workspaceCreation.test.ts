import { afterAll, describe, expect, test } from 'vitest';
import { expectFailure, secondsOf } from '../support/expectFailure.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, setScenario, startWorld } from '../support/world.ts';

/** As long as Azure may take for a workspace, and how much longer the app waits for it. */
const slowSeconds = fullSweep ? 7200 : 600;
const limitSeconds = slowSeconds + 300;
/** The longest pause between two looks, and the moment that a look takes. */
const lookSeconds = 61;

const world = await startWorld({
  script: quickScript,
  latencies: quickLatencies,
  settings: () => ({
    LIMIT_SECONDS: JSON.stringify({ workspace: limitSeconds }),
    EXPECTED_SECONDS: JSON.stringify({ workspace: slowSeconds / 2, storage: 10, runme: 12, notebooks: 60 }),
  }),
});
afterAll(() => world.close());
const { arm } = world.cloud.azure;

const putsOf = (name: string): number =>
  arm.requests.filter(({ method, path }) => method === 'PUT' && path.split('?')[0]?.endsWith(`/workspaces/${name}`))
    .length;

describe('F7: the creation of a workspace', { timeout: 120_000 }, () => {
  test('that takes very long is waited for, and seen within one look after its end', async () => {
    await setScenario(arm, { kind: 'workspaceSlow', name: 'dbw-slow', seconds: slowSeconds });
    const ended = await world.deploy({ workspaceName: 'dbw-slow' });
    expect(ended.failure).toBeUndefined();
    expect(secondsOf(ended, 'workspace')).toBeGreaterThanOrEqual(slowSeconds);
    expect(secondsOf(ended, 'workspace')).toBeLessThanOrEqual(slowSeconds + lookSeconds);
    expect(await inventoryOf(world.cloud, 'dbw-slow')).toEqual(oneOfEach);
  });

  test('that is not over within its limit ends the deployment there, and the next attempt takes what has come of it', async () => {
    await setScenario(arm, { kind: 'workspaceSlow', name: 'dbw-late', seconds: limitSeconds + 600 });
    const ended = await world.deploy({ workspaceName: 'dbw-late' });
    const failure = expectFailure(ended, 'WORKSPACE_TIMEOUT', 'workspace');
    expect(failure.message).toContain(`${limitSeconds / 60} minutes`);
    expect(secondsOf(ended, 'workspace')).toBeGreaterThanOrEqual(limitSeconds);
    expect(secondsOf(ended, 'workspace')).toBeLessThanOrEqual(limitSeconds + lookSeconds);
    await world.call(`/api/deployments/${ended.id}/retry`, { method: 'POST' });
    expect((await world.finish(ended.id)).failure).toBeUndefined();
    expect(putsOf('dbw-late')).toBe(1);
    expect(await inventoryOf(world.cloud, 'dbw-late')).toEqual(oneOfEach);
  });

  test.each(['Failed', 'Canceled'])(
    'that ends as %s says why, and the next attempt makes the workspace',
    async (state) => {
      const name = `dbw-${state.toLowerCase()}`;
      const why = { code: 'SubnetTooSmall', message: 'The subnet has no room for another cluster.' };
      await setScenario(arm, { kind: 'workspaceFails', name, state, ...why });
      const failure = expectFailure(await world.deploy({ workspaceName: name }), 'WORKSPACE_FAILED', 'workspace');
      expect(failure.message).toBe(why.message);
      expect(failure.cause).toBe(`${why.code}: ${why.message}`);
      expect(failure.link).toMatch(new RegExp(`^https://portal\\.azure\\.com/.*/workspaces/${name}$`));
      await fetch(`${arm.url}/__scenarios`, { method: 'DELETE' });
      expect((await world.deploy({ workspaceName: name })).failure).toBeUndefined();
      expect(await inventoryOf(world.cloud, name)).toEqual(oneOfEach);
    },
  );

  test('whose operation nobody knows any more ends with the state that is shown', async () => {
    await setScenario(arm, { kind: 'workspaceFails', name: 'dbw-mute', code: 'Lost', message: 'Nobody knows.' });
    const body = { error: { code: 'OperationNotFound', message: 'The operation could not be found.' } };
    await setFault(arm, { method: 'GET', path: '*/operationStatuses/*', status: 404, body, times: 100 });
    const failure = expectFailure(await world.deploy({ workspaceName: 'dbw-mute' }), 'WORKSPACE_FAILED', 'workspace');
    expect(failure.message).toBe('Azure reports the workspace dbw-mute as Failed.');
    arm.faults.clear();
  });

  test('that is shown in an unknown state is one that goes on', async () => {
    await setScenario(arm, { kind: 'workspaceSlow', name: 'dbw-strange', seconds: 300, state: 'Reticulating' });
    expect((await world.deploy({ workspaceName: 'dbw-strange' })).failure).toBeUndefined();
    expect(await inventoryOf(world.cloud, 'dbw-strange')).toEqual(oneOfEach);
  });

  test('that is shown in an unknown state for ever ends with its limit', async () => {
    await setScenario(arm, { kind: 'neverReady', name: 'dbw-stranger', state: 'Reticulating' });
    const ended = await world.deploy({ workspaceName: 'dbw-stranger' });
    expectFailure(ended, 'WORKSPACE_TIMEOUT', 'workspace');
    expect(secondsOf(ended, 'workspace')).toBeLessThanOrEqual(limitSeconds + lookSeconds);
  });
});
