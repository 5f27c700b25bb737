import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { fullSweep } from '../support/fullSweep.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { followClock } from '../support/machineClock.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, startWorld } from '../support/world.ts';

const minute = 60;
/** Tokens live a day, and their clients ask for the next ones after half of it. */
const lifeSeconds = 24 * 60 * minute;

const world = await startWorld({
  script: { ...quickScript, '02_create_features': { seconds: 40 * minute } },
  latencies: quickLatencies,
  settings: () => ({ EXPECTED_SECONDS: '{"workspace":20,"storage":10,"runme":12,"notebooks":2400}' }),
});
const { identity, arm } = world.cloud.azure;
let undo = (): void => undefined;
afterEach(() => {
  undo();
  identity.faults.clear();
});
afterAll(() => world.close());

const clocks: [what: string, aheadSeconds: number][] = [
  ['right', 0],
  ['five minutes fast', 5 * minute],
  ['five minutes slow', -5 * minute],
];

/** Lets a deployment fetch new tokens, by an app whose clock is so much ahead; gives when it did. */
async function fetchTokens(aheadSeconds: number, workspaceName: string): Promise<number> {
  undo = followClock(world.clock, aheadSeconds);
  await world.pass(2 * lifeSeconds);
  const fetchedMs = world.clock.now();
  expect((await world.deploy({ workspaceName })).failure).toBeUndefined();
  return fetchedMs;
}

const passUntil = (ms: number): Promise<void> => world.pass((ms - world.clock.now()) / 1000);
const asked = (sinceMs: number): string[] =>
  identity.requests
    .filter(({ atMs }) => atMs >= sinceMs)
    .map(({ path, status }) => `${status} ${new URLSearchParams(path.split('?')[1]).get('resource')}`);
const refused = (workspaceName: string, sinceMs: number): number =>
  [arm, world.workspace(workspaceName)]
    .flatMap(({ requests }) => requests)
    .filter(({ atMs, status }) => atMs >= sinceMs && status === 401).length;

describe('F13: while a deployment runs,', () => {
  test.each(clocks)('tokens that grow old are asked for anew once (clock %s)', async (_what, aheadSeconds) => {
    const fetchedMs = await fetchTokens(aheadSeconds, `dbw-first-${aheadSeconds}`);
    await passUntil(fetchedMs + (lifeSeconds / 2 - 20 * minute) * 1000);
    const startMs = world.clock.now();
    const workspaceName = `dbw-old-${aheadSeconds}`;
    expect((await world.deploy({ workspaceName })).failure).toBeUndefined();
    // Azure itself is not called any more when its token grows old.
    expect(asked(startMs).toSorted()).toEqual([
      '200 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d',
      '200 https://management.core.windows.net/',
    ]);
    expect(refused(workspaceName, startMs)).toBe(0);
    expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
  });

  const slowest = clocks.slice(-1);
  test.each(fullSweep ? clocks : slowest)(
    'tokens may end before there are others, if those come soon (clock %s)',
    async (_what, aheadSeconds) => {
      const fetchedMs = await fetchTokens(aheadSeconds, `dbw-second-${aheadSeconds}`);
      await setFault(identity, { method: 'GET', path: '/msi/token', times: 1e6, status: 500, body: {} });
      const endMs = fetchedMs + lifeSeconds * 1000;
      await passUntil(endMs - 20 * minute * 1000);
      const startMs = world.clock.now();
      const workspaceName = `dbw-end-${aheadSeconds}`;
      const { id } = await world.start({ workspaceName });
      await world.until(() => world.clock.now() >= endMs + 5 * minute * 1000);
      identity.faults.clear();
      expect((await world.finish(id)).failure).toBeUndefined();
      expect(asked(startMs)).toContain('200 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d');
      // A token that only the app takes for good is refused, once by each service.
      expect(refused(workspaceName, startMs)).toBeLessThanOrEqual(2);
      expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
    },
  );
});
