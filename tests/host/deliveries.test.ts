import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { perfectBackend } from '../../local/host/durable/backend.ts';
import { eventType } from '../../local/host/durable/protocol.ts';
import type { Host } from '../../local/host/startHost.ts';
import { runUntil } from '../../local/host/runUntil.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import { startProbeHost, statusOf } from './probeHost.ts';

const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
let host: Host;

beforeAll(async () => {
  host = await startProbeHost({ clock, strict: true });
});
afterAll(() => host.stop());
beforeEach(() => host.deliver(perfectBackend()));

async function finish(id: string): Promise<unknown> {
  await runUntil(host, clock, async () => !/Pending|Running/.test((await statusOf(host, id)).runtimeStatus));
  return (await statusOf(host, id)).output;
}

/** The ids of the tasks whose results the instance got, in their order. */
const resultsOf = (id: string): unknown[] =>
  host
    .history(id)
    .filter(({ EventType }) => EventType === eventType.taskCompleted || EventType === eventType.taskFailed)
    .map(({ TaskScheduledId }) => TaskScheduledId);

test('an activity that is delivered twice at once runs twice, and its first result counts', async () => {
  host.deliver({ deliveries: () => [{}, {}] });
  const id = host.start('helloSeq');
  expect(await finish(id)).toEqual(['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!']);
  expect(resultsOf(id)).toEqual([0, 0, 1, 1, 2, 2]);
});

test('of two results the one that arrives first counts, whichever was there first', async () => {
  host.deliver({ deliveries: ({ name }) => (name === 'flaky' ? [{ resultAfterSeconds: 60 }, {}] : [{}]) });
  const id = host.start('rewindable');
  expect(await finish(id)).toEqual(['Hello, before!', 'flaky run 2']);
});

test('an activity that is delivered again after its result disturbs neither a later step nor an instance that has ended', async () => {
  host.deliver({ deliveries: ({ name }) => (name === 'failUntil' ? [{}, { afterSeconds: 0.1 }] : [{}]) });
  const id = host.start('retryOk');
  // The first try ran twice before the second one came half a second after it.
  expect(await finish(id)).toBe('ok after 3');
  await runUntil(host, clock, () => clock.nextDue() === undefined);
  expect(await finish(id)).toBe('ok after 3');
});

test('results that overtake each other reach their own tasks', async () => {
  host.deliver({ deliveries: ({ taskId }) => [{ afterSeconds: 10 - taskId, resultAfterSeconds: 10 - taskId }] });
  const id = host.start('fan5');
  expect(await finish(id)).toEqual([0, 1, 4, 9, 16]);
  expect(resultsOf(id)).toEqual([4, 3, 2, 1, 0]);
});

test('an instance that is woken late goes on late', async () => {
  host.deliver({ wakeSeconds: () => 20 });
  const startMs = clock.now();
  expect(await finish(host.start('timer'))).toBe('done');
  // To be started, and when its timer of two seconds is over.
  expect(clock.now() - startMs).toBe(42_000);
});
