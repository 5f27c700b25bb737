import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runUntil } from '../../local/host/runUntil.ts';
import type { Host } from '../../local/host/startHost.ts';
import { startHost } from '../../local/host/startHost.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import { manage, statusOf } from './probeHost.ts';

const appFolder = resolve(import.meta.dirname, '../fixtures/pattern-app');
const clock = new VirtualClock(Date.parse('2026-01-01T00:00:00Z'));
let host: Host;

beforeAll(async () => {
  host = await startHost({ appFolder, memory: true, clock, strict: true });
});

afterAll(() => host.stop());

async function finish(id: string): Promise<[string, unknown]> {
  const isOver = async (): Promise<boolean> =>
    !['Pending', 'Running'].includes((await statusOf(host, id)).runtimeStatus);
  await runUntil(host, clock, isOver);
  const { runtimeStatus, output } = await statusOf(host, id);
  return [runtimeStatus, output];
}

const asChild = { isChild: true, version: null };

test.each([
  ['chain', 200],
  ['fan', 40425],
  ['registeredCalls', [49, 3, { input: 'in', ...asChild }]],
  ['nestedRetries', { input: 4, ...asChild }],
  [
    'nestedFailure',
    ["Orchestrator function 'badChild' failed: bad child \n Message: bad child, StackTrace: ", null, 'compensated'],
  ],
  ['anyOfRetryAndSlow', [true, 'slow', 3]],
  ['allInAll', [1, [2, 3]]],
  ['manyRetries', [1, 2, 3]],
  ['approval', 'escalated'],
  ['monitor', 5],
  ['yieldsAgain', ['b', 'a', 'b']],
  ['guids', [true, 36, false]],
  ['clientInActivity', ['asksItsOwnStatus', 'clientInActivity', 'Running']],
])('%s completes with its output', async (name, output) => {
  expect(await finish(host.start(name))).toEqual(['Completed', output]);
});

test('an event before the timer wins, and the cancelled timer does not hold the instance', async () => {
  const id = host.start('approval');
  await host.idle();
  const startMs = clock.now();
  const response = await manage(host, `instances/${id}/raiseEvent/Approval`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"by":"A"}',
  });
  expect(response.status).toBe(202);
  expect(await finish(id)).toEqual(['Completed', ['approved', { by: 'A' }, true]]);
  expect(clock.now()).toBe(startMs);
});

test('an orchestrator that is no generator fails with the words of the SDK', async () => {
  expect(await finish(host.start('notAGenerator'))).toEqual([
    'Failed',
    "Orchestrator function 'notAGenerator' failed: this.generator.next is not a function",
  ]);
});
