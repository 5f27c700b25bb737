import { afterAll, beforeAll, expect, test } from 'vitest';
import { runUntil } from '../../local/host/runUntil.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import type { LogEntry } from '../../local/host/log.ts';
import type { Host } from '../../local/host/startHost.ts';
import { manage, startProbeHost, statusOf } from './probeHost.ts';

let strict: Host;
let lenient: Host;
const lenientLog: LogEntry[] = [];

beforeAll(async () => {
  strict = await startProbeHost({ strict: true });
  lenient = await startProbeHost({ log: (entry) => lenientLog.push(entry) });
});

afterAll(() => Promise.all([strict.stop(), lenient.stop()]));

test.each([
  ['pendingLoop', 'Yield each task in one expression only'],
  ['allCompleted', 'Yield each task in one expression only'],
  ['throwString', 'threw something that is not an Error'],
  ['actUnknown', "There is no activity function named 'noSuchActivity'"],
  ['subUnknown', "There is no orchestrator function named 'noSuchOrchestrator'"],
])('strict mode fails %s and says why; otherwise the log says so', async (name, words) => {
  const id = strict.start(name);
  await strict.idle();
  const { runtimeStatus, output } = await statusOf(strict, id);
  expect({ runtimeStatus, output: String(output) }).toEqual({
    runtimeStatus: 'Failed',
    output: expect.stringContaining(words) as string,
  });
  const lenientId = lenient.start(name);
  await lenient.idle();
  const messages = lenientLog.filter(({ instanceId, level }) => instanceId === lenientId && level === 'error');
  expect(messages.map(({ message }) => message).join()).toContain(words);
});

test.each([
  'helloSeq',
  'fan5',
  'retryExhaustCaught',
  'subTwo',
  'can',
  'allOneFailsCaught',
  'anyActTimer',
  'failCaught',
])('strict mode has nothing against %s', async (name) => {
  const id = strict.start(name, name === 'can' ? { n: 0, got: [] } : undefined);
  await expect.poll(async () => (await statusOf(strict, id)).runtimeStatus, { timeout: 8000 }).toBe('Completed');
});

test('strict mode has nothing against an event in the wrong case, nor against a timer in hops', async () => {
  const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
  const host = await startProbeHost({ strict: true, clock });
  const waiting = host.start('waitCase');
  const timer = host.start('longTimer');
  await host.idle();
  const raise = (name: string) =>
    manage(host, `instances/${waiting}/raiseEvent/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(name),
    });
  await raise('gO');
  await host.idle();
  expect((await statusOf(host, waiting)).runtimeStatus).toBe('Running');
  await raise('Go');
  await runUntil(host, clock, async () => (await statusOf(host, timer)).runtimeStatus === 'Completed');
  expect(await statusOf(host, waiting)).toMatchObject({ runtimeStatus: 'Completed', output: 'Go' });
  await host.stop();
});
