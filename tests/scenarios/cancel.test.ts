import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, setScenario, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    // Long enough to be met at work.
    script: { ...quickScript, '02_create_features': { seconds: 600 } },
    latencies: quickLatencies,
    onWorkspace: (name, server) => {
      if (name === 'dbw-in-storage') void setScenario(server, { kind: 'storageNeverReady' });
    },
  });
});
afterAll(() => world.close());

const cancel = (id: string): Promise<Response> => world.call(`/api/deployments/${id}/cancel`, { method: 'POST' });

/** Starts a deployment and moves the clock until a step of it has this state. */
async function startUntil(workspaceName: string, step: string, states: string[]): Promise<string> {
  const { id } = await world.start({ workspaceName });
  await world.until(async () => {
    const { steps } = await world.read(id);
    return states.includes(steps.find(({ name }) => name === step)?.state ?? '');
  });
  return id;
}

async function activeRuns(workspaceName: string): Promise<unknown[]> {
  const path = '/api/2.2/jobs/runs/list?active_only=true';
  const { runs = [] } = (await cloudCaller(world.cloud).databricks(workspaceName, 'GET', path)).body;
  return runs as unknown[];
}

function expectCancelled(ended: StatusResource, step: string): void {
  expect(ended).toMatchObject({ state: 'Cancelled', runtimeStatus: 'Failed', failure: { code: 'CANCELLED', step } });
  expect(ended.steps.find(({ name }) => name === step)?.state).toBe('cancelled');
}

describe('a deployment that is cancelled', () => {
  test('while the workspace is in creation ends there, at once', async () => {
    const id = await startUntil('dbw-creating', 'workspace', ['waiting']);
    const askedMs = world.clock.now();
    expect((await cancel(id)).ok).toBe(true);
    await world.host.idle();
    expect(world.isOver(id)).toBe(true);
    expect(world.clock.now()).toBe(askedMs);
    const ended = await world.read(id);
    expectCancelled(ended, 'workspace');
    expect(ended.remains).toEqual([
      expect.objectContaining({ kind: 'identity', name: 'id-dbw-creating' }),
      expect.objectContaining({ kind: 'workspace', name: 'dbw-creating' }),
    ]);
  });

  test('while it waits for the storage ends there, and so does the wait', async () => {
    const id = await startUntil('dbw-in-storage', 'storage', ['waiting']);
    await cancel(id);
    await world.host.idle();
    expect(world.isOver(id)).toBe(true);
    expectCancelled(await world.read(id), 'storage');
  });

  test('while the notebooks run leaves no run active, within one look after Databricks has ended them', async () => {
    const id = await startUntil('dbw-running', 'notebooks', ['waiting']);
    await world.until(async () =>
      (await world.read(id)).runs.some(({ role, state }) => role === 'notebooks' && state === 'running'),
    );
    const askedMs = world.clock.now();
    const answer = (await (await cancel(id)).json()) as StatusResource;
    expect(answer.id).toBe(id);
    await world.host.idle();
    expect((await world.read(id)).state).toBe('Cancelling');
    const ended = await world.finish(id);
    expectCancelled(ended, 'notebooks');
    expect(await activeRuns('dbw-running')).toEqual([]);
    expect(ended.runs.map(({ role, state }) => `${role} ${state}`)).toEqual(['RUNME succeeded', 'notebooks canceled']);
    expect(ended.runs[1]?.tasks.map(({ key, state }) => `${key} ${state}`)).toEqual([
      'PIV_01 succeeded',
      'PIV_02 canceled',
      'PIV_03 canceled',
    ]);
    // Databricks takes a second to wind a run down; the floor of the looks is five.
    expect((world.clock.now() - askedMs) / 1000).toBeLessThanOrEqual(1 + 5);
    expect(ended.remains).toEqual([
      expect.objectContaining({ kind: 'identity' }),
      expect.objectContaining({ kind: 'workspace', made: true }),
      expect.objectContaining({ kind: 'repository' }),
      expect.objectContaining({ kind: 'job' }),
    ]);
    expect(await inventoryOf(world.cloud, 'dbw-running')).toEqual({ ...oneOfEach, warehouses: 0 });
  });

  test('while RUNME runs leaves none active either', async () => {
    const id = await startUntil('dbw-in-runme', 'notebooks', ['waiting']);
    await cancel(id);
    const ended = await world.finish(id);
    expectCancelled(ended, 'notebooks');
    expect(await activeRuns('dbw-in-runme')).toEqual([]);
  });

  test('twice, has been cancelled once', async () => {
    const id = await startUntil('dbw-twice', 'notebooks', ['waiting']);
    expect((await cancel(id)).status).toBe(202);
    expect((await cancel(id)).status).toBe(202);
    expectCancelled(await world.finish(id), 'notebooks');
    const again = await cancel(id);
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ state: 'Cancelled' });
  });

  test('while Databricks cannot be reached is cancelled when it can', async () => {
    const id = await startUntil('dbw-unreachable', 'notebooks', ['waiting']);
    await setFault(world.workspace('dbw-unreachable'), { method: '*', path: '*', status: 503, times: 8 });
    await cancel(id);
    expectCancelled(await world.finish(id), 'notebooks');
    expect(await activeRuns('dbw-unreachable')).toEqual([]);
  });
});

test('cancelling after the end is answered with how it has ended', async () => {
  const { id } = await world.deploy({ workspaceName: 'dbw-over' });
  const answer = await cancel(id);
  expect(answer.status).toBe(409);
  expect(await answer.json()).toMatchObject({
    code: 'DEPLOYMENT_OVER',
    detail: 'The deployment has ended: Succeeded.',
  });
});

test('a cancel that comes during the last step changes nothing: what has succeeded has', async () => {
  const id = await startUntil('dbw-late', 'warehouse', ['waiting']);
  const server = world.workspace('dbw-late');
  await world.until(() => server.requests.some(({ path }) => path.endsWith('#OpenSession')));
  const answer = await cancel(id);
  const ended = await world.finish(id);
  expect([answer.status, ended.state]).toEqual(answer.status === 409 ? [409, 'Succeeded'] : [202, ended.state]);
  expect(['Succeeded', 'Cancelled']).toContain(ended.state);
});

test('there is nothing to cancel of an id that nobody knows', async () => {
  expect((await cancel('0123456789abcdef01234567')).status).toBe(404);
  expect((await cancel('nonsense')).status).toBe(404);
});
