import { afterAll, expect, test } from 'vitest';
import type { StepName } from '../../domain/status.ts';
import { cloudCaller, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { setFault, startWorld } from '../support/world.ts';

// Every wait is longer than a deletion takes, so that the workspace goes in the middle of it.
const deletionSeconds = 40;
const longestPoll = 60;
const world = await startWorld({
  latencies: {
    workspaceSeconds: deletionSeconds,
    replicationSeconds: 15,
    storageSeconds: 300,
    cloneSeconds: 0,
    clusterSeconds: 240,
    gpuClusterSeconds: 300,
    warehouseSeconds: 300,
  },
});
const caller = cloudCaller(world.cloud);
afterAll(() => world.close());

const workspacePath = (name: string): string => `/providers/Microsoft.Databricks/workspaces/${name}`;

/** Moves the clock until the workspace has been asked so many different things by a path that fits. */
const untilAsked = (name: string, path: RegExp, times = 1): Promise<void> =>
  world.until(() => {
    const there = world.cloud.databricks.workspaces().find(({ resourceId }) => resourceId.endsWith(`/${name}`));
    const asked = there?.server.requests.flatMap((request) => path.exec(request.path)?.[0] ?? []);
    return new Set(asked).size >= times;
  });
const ofRuns = /\/jobs\/runs\/get\?run_id=\d+/;

test.each<[when: string, step: StepName, path: RegExp, times: number]>([
  ['its storage is waited for', 'storage', /\/dbfs\/get-status/, 1],
  ['RUNME runs', 'notebooks', ofRuns, 1],
  ['the notebooks run', 'notebooks', ofRuns, 2],
  ['the results are proven', 'warehouse', /\/sql\/warehouses\/\w+/, 1],
])(
  'a person deletes the workspace while %s: failed within one poll, with what to do; the same request, or a retry, makes all anew',
  { timeout: 60_000 },
  async (when, step, path, times) => {
    const name = `dbw-${when.replaceAll(' ', '-')}`.slice(0, 30);
    const { id } = await world.start({ workspaceName: name });
    await untilAsked(name, path, times);
    const { status } = await caller.arm('DELETE', workspacePath(name), workspacesVersion);
    expect(status).toBe(202);
    await world.pass(deletionSeconds);
    const goneMs = world.clock.now();

    const failed = await world.finish(id);
    expect(failed.failure).toMatchObject({ code: 'WORKSPACE_GONE', step });
    expect(failed.failure?.hint).toContain('send the request again');
    expect(failed.failure?.link).toMatch(/^https:\/\/portal\.azure\.com\/.*\/resourceGroups\/rg-volatility$/);
    expect((world.clock.now() - goneMs) / 1000).toBeLessThanOrEqual(longestPoll);

    // Once by going on: what an earlier attempt has made is gone with the workspace.
    const goesOn = step === 'warehouse';
    if (goesOn) await world.call(`/api/deployments/${id}/retry`, { method: 'POST' });
    else await world.start({ workspaceName: name });
    const again = await world.finish(id);
    expect(again.failure).toBeUndefined();
    expect(again.attempt).toBe(2);
    expect(await inventoryOf(world.cloud, name)).toEqual(oneOfEach);
  },
);

test('a workspace that is there and cannot be reached for a while is waited for, and Azure is not asked at each failure', async () => {
  const name = 'dbw-unreachable';
  const { id } = await world.start({ workspaceName: name });
  await untilAsked(name, ofRuns, 2);
  const looks = (): number =>
    world.cloud.azure.arm.requests.filter(
      ({ method, path }) => method === 'GET' && path.includes(`/workspaces/${name}?`),
    ).length;
  const before = looks();
  await setFault(world.workspace(name), { method: 'GET', path: '/api/2.2/jobs/runs/get', reset: true, times: 6 });
  const ended = await world.finish(id);
  expect(ended.failure).toBeUndefined();
  expect(looks() - before).toBe(2);
});

test(
  'a retry after a person has made the workspace anew says so at once, and the next one goes on in the new one',
  { timeout: 60_000 },
  async () => {
    const name = 'dbw-made-anew';
    const { id } = await world.start({ workspaceName: name });
    await untilAsked(name, ofRuns, 2);
    await world.call(`/api/deployments/${id}/cancel`, { method: 'POST' });
    const { links } = await world.finish(id);
    await caller.arm('DELETE', workspacePath(name), workspacesVersion);
    await world.pass(deletionSeconds);
    const { status } = await caller.arm('PUT', workspacePath(name), workspacesVersion, {
      location: 'westeurope',
      sku: { name: 'premium' },
      properties: {
        computeMode: 'Hybrid',
        managedResourceGroupId: `/subscriptions/${world.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? ''}/resourceGroups/rg-made-anew`,
      },
    });
    expect(status).toBe(201);
    await world.pass(deletionSeconds);

    const retriedMs = world.clock.now();
    await world.call(`/api/deployments/${id}/retry`, { method: 'POST' });
    expect((await world.finish(id)).failure).toMatchObject({ code: 'WORKSPACE_GONE', step: 'repository' });
    expect(world.clock.now() - retriedMs).toBeLessThanOrEqual(1000);
    await world.call(`/api/deployments/${id}/retry`, { method: 'POST' });
    const ended = await world.finish(id);
    expect(ended.state).toBe('Succeeded');
    expect(ended.links.workspace).not.toBe(links.workspace);
  },
);
