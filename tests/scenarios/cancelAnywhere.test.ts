import { afterAll, expect, test } from 'vitest';
import type { ApiServer } from '../../local/kit/server.ts';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { startWorld } from '../support/world.ts';

const watched: { name: string; seen: number; at: number; act: () => void }[] = [];
const world = await startWorld({
  script: quickScript,
  latencies: quickLatencies,
  settings: () => ({ MAX_ACTIVE_DEPLOYMENTS: '1000' }),
  onWorkspace: (name, server) => {
    for (const one of watched) if (one.name === name) listen(one, server, () => true);
  },
});
afterAll(() => world.close());

/** Calls `act` once the servers have answered so many requests about the workspace. */
function listen(one: (typeof watched)[number], server: ApiServer, counts: (path: string) => boolean): void {
  const { requests } = server;
  requests.push = (...added) => {
    for (const { path } of added) if (counts(path) && one.seen++ === one.at) one.act();
    return Array.prototype.push.apply(requests, added);
  };
}

const hasWorkspace = (name: string): boolean =>
  world.cloud.databricks.workspaces().some(({ resourceId }) => resourceId.endsWith(`/${name}`));

async function activeRuns(name: string): Promise<unknown> {
  if (!hasWorkspace(name)) return [];
  const { body } = await cloudCaller(world.cloud).databricks(name, 'GET', '/api/2.2/jobs/runs/list?active_only=true');
  return body['runs'] ?? [];
}

/** A deployment that is cancelled when so many remote calls have been answered. */
async function cancelledAt(at: number): Promise<{ name: string; calls: number; state: string }> {
  const name = `dbw-at-${at}`;
  const { arm } = world.cloud.azure;
  let asked: Promise<Response> | undefined;
  let id = '';
  const one = { name, seen: 0, at, act: () => void (asked = cancel(id)) };
  watched.push(one);
  const push = Object.getOwnPropertyDescriptor(arm.requests, 'push');
  listen(one, arm, (path) => path.includes(name));
  ({ id } = await world.start({ workspaceName: name }));
  const ended = await world.finish(id);
  await asked;
  if (push) Object.defineProperty(arm.requests, 'push', push);
  return { name, calls: one.seen, state: ended.state };
}

const cancel = (id: string): Promise<Response> => world.call(`/api/deployments/${id}/cancel`, { method: 'POST' });

const reference = await cancelledAt(Number.POSITIVE_INFINITY);

test('the deployment that is cancelled at no call succeeds', () => {
  expect(reference.state).toBe('Succeeded');
  expect(reference.calls).toBeGreaterThan(30);
});

// Some of them over real sockets: all are swept in simulated time (tests/simulation/cancel.test.ts).
const moments = Array.from({ length: reference.calls }, (_, i) => i).filter((at) => at % 6 === 2);

test.each(moments)(
  'cancelled after %i calls a deployment ends cancelled or as it was, with no run active and none doubled',
  async (at) => {
    const { name, state } = await cancelledAt(at);
    expect(['Cancelled', 'Succeeded']).toContain(state);
    expect(await activeRuns(name)).toEqual([]);
    const inventory: Record<string, number> = hasWorkspace(name) ? { ...(await inventoryOf(world.cloud, name)) } : {};
    expect(state === 'Succeeded' ? inventory : oneOfEach).toEqual(oneOfEach);
    const most: Record<string, number> = { ...oneOfEach };
    expect(Object.entries(inventory).filter(([kind, count]) => count > (most[kind] ?? 0))).toEqual([]);
  },
);
