import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { type Backend, type Delivery, perfectBackend } from '../../local/host/durable/backend.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { randomFrom } from '../../local/kit/random.ts';
import { taggedResources } from '../support/taggedResources.ts';
import { startWorld } from '../support/world.ts';

const world = await startWorld({ script: quickScript, latencies: quickLatencies });
afterAll(() => world.close());
beforeEach(() => world.host.deliver(perfectBackend()));

/** Longer than the latest delivery takes, so that nothing of one test reaches into the next. */
const settleSeconds = 400;

const twice: [name: string, deliveries: Delivery[]][] = [
  ['twice at the same moment', [{}, {}]],
  ['again when it has just ended', [{}, { afterSeconds: 0.001 }]],
  ['again ten seconds later', [{}, { afterSeconds: 10 }]],
  // As by Azure's queues, where a host that stops keeps its messages for so long.
  ['again after five minutes', [{}, { afterSeconds: 300 }]],
  ['again while its result is under way', [{ resultAfterSeconds: 60 }, { afterSeconds: 30 }]],
];

const once = { runtimeStatus: 'Completed', failure: undefined, attempt: 1, ...oneOfEach };

/** Deploys, lets happen what is still to be delivered, and gives how it ended and what there is. */
async function deployBy(workspaceName: string, how: Partial<Backend>): Promise<object> {
  world.host.deliver(how);
  const { runtimeStatus, failure, attempt } = await world.deploy({ workspaceName });
  await world.pass(settleSeconds);
  return { runtimeStatus, failure, attempt, ...(await inventoryOf(world.cloud, workspaceName)) };
}

describe('F21: a deployment succeeds with exactly one of each resource when each activity is delivered', () => {
  test.each(twice)('%s', async (name, deliveries) => {
    const workspaceName = `dbw-${name.replaceAll(' ', '-')}`;
    expect(await deployBy(workspaceName, { deliveries: () => deliveries })).toEqual(once);
  });
});

describe('F21: a cancel ends the runs, a retry succeeds and a deletion leaves nothing when each activity is delivered', () => {
  test.each(twice.filter((_, i) => fullSweep || i % 2 === 0))('%s', async (_name, deliveries) => {
    const workspaceName = `dbw-ended-${twice.findIndex(([, those]) => those === deliveries)}`;
    world.host.deliver({ deliveries: () => deliveries });
    const act = async (path: string, method: string): Promise<string> => {
      await world.call(`/api/deployments/${id}${path}`, { method });
      return (await world.finish(id)).state;
    };
    const { id } = await world.start({ workspaceName });
    await world.until(async () => (await world.read(id)).runs.length > 0);
    expect(await act('/cancel', 'POST')).toBe('Cancelled');
    expect(await act('/retry', 'POST')).toBe('Succeeded');
    // One run where the first had ended before the cancel was heard of.
    expect(await inventoryOf(world.cloud, workspaceName)).toEqual({ ...oneOfEach, runs: expect.toBeOneOf([1, 2]) });
    await world.pass(settleSeconds);
    expect(await act('?data=true', 'DELETE')).toBe('Deleted');
    await world.pass(settleSeconds);
    expect(await taggedResources(world.cloud, id, workspaceName)).toEqual([]);
  });
});

describe('F21: a deployment succeeds with exactly one of each resource when messages come late, in another order and again', () => {
  const seed = Number(process.env['DELIVERY_SEED'] ?? Date.now() % 1_000_000);
  const seeds = Array.from({ length: fullSweep ? 10 : 3 }, (_, i) => seed + i);

  test.each(seeds)('(DELIVERY_SEED=%i)', async (mix) => {
    const random = randomFrom(mix);
    const seconds = (most: number): number => (random() < 0.5 ? 0 : random() * most);
    const delivery = (): Delivery => ({ afterSeconds: seconds(120), resultAfterSeconds: seconds(60) });
    const how = {
      deliveries: () => Array.from({ length: 1 + Math.floor(random() * 3) }, delivery),
      wakeSeconds: () => seconds(30),
    };
    expect({ mix, ...(await deployBy(`dbw-mix-${mix}`, how)) }).toEqual({ mix, ...once });
  });
});
