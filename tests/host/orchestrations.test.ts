import { afterAll, beforeAll, expect, test } from 'vitest';
import { VirtualClock } from '../../local/kit/clock.ts';
import { runUntil } from '../../local/host/runUntil.ts';
import type { Host } from '../../local/host/startHost.ts';
import { manage, start, startProbeHost, statusOf } from './probeHost.ts';

const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
let host: Host;

beforeAll(async () => {
  host = await startProbeHost({ clock });
});

afterAll(() => host.stop());

async function finish(id: string): Promise<unknown> {
  await runUntil(host, clock, async () => (await statusOf(host, id)).runtimeStatus !== 'Running');
  return (await statusOf(host, id)).output;
}

test('a sequence of activities returns their results in order', async () => {
  const id = await start(host, 'helloSeq');
  expect(await finish(id)).toEqual(['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!']);
});

test('a ten day timer fires after ten days in hops of three days', async () => {
  const startMs = clock.now();
  const id = await start(host, 'longTimer');
  expect(await finish(id)).toBe('done');
  expect(clock.now() - startMs).toBe(10 * 86_400_000);
  const created = host.history(id).filter((event) => event.EventType === 10);
  expect(created.map((event) => (Date.parse(event.FireAt ?? '') - startMs) / 86_400_000)).toEqual([3, 6, 10]);
});

test('a timer never fires before its time', async () => {
  const id = await start(host, 'timerMs', { input: 900 });
  expect(await finish(id)).toEqual({ asked: 900, byCurrentUtc: 900 });
});

test('retries wait as the options say, with one more timer after the last failure', async () => {
  const startMs = clock.now();
  const id = await start(host, 'retryBackoff');
  await finish(id);
  const fired = host.history(id).filter((event) => event.EventType === 10);
  expect(fired.map((event) => Date.parse(event.FireAt ?? '') - startMs)).toEqual([500, 1500, 2700, 2700]);
});

test('an instance that is over restarts under its own id', async () => {
  const id = await start(host, 'noYield', { input: { k: 1 } });
  await host.idle();
  const response = await manage(host, `instances/${id}/restart?restartWithNewInstanceId=false`, { method: 'POST' });
  expect(response.status).toBe(202);
  await host.idle();
  expect(await statusOf(host, id)).toMatchObject({ runtimeStatus: 'Completed', output: { input: { k: 1 } } });
});

test('a history has the frames and played marks of the real one', async () => {
  const id = await start(host, 'helloSeq');
  await finish(id);
  const events = host.history(id).map(({ EventType, EventId, IsPlayed }) => [EventType, EventId, IsPlayed]);
  const step = (id: number) => [
    [4, id, false],
    [13, -1, false],
    [12, -1, false],
    [5, -1, true],
  ];
  expect(events).toEqual([[12, -1, false], [0, -1, true], ...[0, 1, 2].flatMap(step), [1, 0, false], [13, -1, false]]);
});
