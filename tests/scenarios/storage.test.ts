import { afterAll, describe, expect, test } from 'vitest';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, setScenario, startWorld } from '../support/world.ts';

const madeMs = new Map<string, number>();
/** How long the storage of the workspaces takes, by their names. */
const delays = new Map([0, 10, 30, 60, 240, 300].map((seconds) => [`dbw-after-${seconds}`, seconds]));

const world = await startWorld({
  script: quickScript,
  latencies: { ...quickLatencies, storageSeconds: 0, replicationSeconds: 0 },
  settings: () => ({
    // As the settings have it where they say nothing: the looks are planned for forty seconds.
    EXPECTED_SECONDS: JSON.stringify({ workspace: 20, storage: 40, runme: 12, notebooks: 60 }),
  }),
  onWorkspace: (name, server) => {
    madeMs.set(name, world.clock.now());
    const seconds = delays.get(name);
    if (seconds) void setScenario(server, { kind: 'storageSlow', seconds });
  },
});
afterAll(() => world.close());

/** Seconds from the moment at which the storage could first be seen to be ready until it was. */
function lateness(workspace: string, delaySeconds: number): number {
  const probes = world.workspace(workspace).requests.filter(({ path }) => path.includes('/dbfs/get-status'));
  const readyMs = Math.max((madeMs.get(workspace) ?? 0) + delaySeconds * 1000, probes[0]?.atMs ?? 0);
  return ((probes.find(({ status }) => status === 200)?.atMs ?? 0) - readyMs) / 1000;
}

describe('F10: a storage', () => {
  test('that is ready after up to five minutes is seen to be within fifteen seconds', { timeout: 60_000 }, async () => {
    const started = await Promise.all([...delays.keys()].map((workspaceName) => world.start({ workspaceName })));
    for (const { id } of started) expect((await world.finish(id)).failure).toBeUndefined();
    const late = [...delays].map(([workspace, seconds]) => lateness(workspace, seconds));
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThanOrEqual(15);
  });

  test('that is switched off is not waited for', async () => {
    const { id } = await world.start({ workspaceName: 'dbw-without' });
    await world.pass(quickLatencies.workspaceSeconds);
    const server = world.workspace('dbw-without');
    const off = { error_code: 'FEATURE_DISABLED', message: 'DBFS is disabled on this workspace.' };
    await setFault(server, { method: 'GET', path: '/api/2.0/dbfs/*', status: 400, body: off, times: 100 });
    expect((await world.finish(id)).failure).toBeUndefined();
    expect(server.faults.list()[0]?.used).toBe(1);
    expect(await inventoryOf(world.cloud, 'dbw-without')).toEqual(oneOfEach);
  });
});
