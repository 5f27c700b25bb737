import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

describe('callHttp', () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => asked.push(text));
    request.on('end', () => {
      asked.push(`${request.method} ${request.url}`);
      const isAccepted = request.url === '/work' || asked.filter((one) => one === 'GET /status').length === 1;
      if (isAccepted) response.writeHead(202, { location: `${url}/status`, 'retry-after': '60' }).end('accepted');
      else response.setHeader('x-seen', 'yes').end('over');
    });
  });
  let url: string;

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => server.close());

  test('follows an accepted call until it is over, as often as the answer says', async () => {
    const startMs = clock.now();
    const id = host.start('callsHttp', { url: `${url}/work` });
    expect(await finish(id)).toEqual(['Completed', [200, 'over', 'yes']]);
    expect(asked).toEqual(['{"a":1}', 'POST /work', 'GET /status', 'GET /status']);
    expect(clock.now() - startMs).toBe(120_000);
    const names = host.history(id).flatMap(({ EventType, Name }) => (EventType === 4 ? [Name] : []));
    expect(names).toEqual(['BuiltIn::HttpActivity', 'BuiltIn::HttpActivity', 'BuiltIn::HttpActivity']);
  });

  test('without polling an accepted call is the answer', async () => {
    const id = host.start('callsHttp', { url: `${url}/work`, enablePolling: false });
    expect(await finish(id)).toEqual(['Completed', [202, 'accepted', '/status']]);
  });

  test('no answer is an error', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const [status, output] = await finish(host.start('callsHttp', { url: `http://127.0.0.1:${port}/` }));
    expect([status, (output as string[])[0]]).toEqual(['Completed', `Connection refused (127.0.0.1:${port}) `]);
  });
});

test('a custom status of more than 16 KB fails the instance', async () => {
  expect(await finish(host.start('longStatus', 8_000))).toEqual(['Completed', 'done']);
  const [status, output] = await finish(host.start('longStatus', 9_000));
  expect([status, output]).toEqual([
    'Failed',
    "Orchestrator function 'longStatus' failed: The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. The current payload size is 17 KB.",
  ]);
});
