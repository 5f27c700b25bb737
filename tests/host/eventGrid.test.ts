import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Host } from '../../local/host/startHost.ts';
import { startProbeHost } from './probeHost.ts';

let host: Host;
beforeAll(async () => {
  host = await startProbeHost();
});
afterAll(() => host.stop());

const send = (
  init: RequestInit & { headers?: Record<string, string> },
  functionName = 'onEvent',
): Promise<Response> => {
  const url = `${host.url}/runtime/webhooks/EventGrid?functionName=${functionName}&code=${host.keys.eventGrid}`;
  return fetch(url, init);
};
const notify = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  send({
    method: 'POST',
    headers: { 'content-type': 'application/json', 'aeg-event-type': 'Notification', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const event = (id: string, data: unknown = {}): object => ({
  id,
  topic: '/subscriptions/x',
  subject: 's/1',
  eventType: 'T.Made',
  eventTime: '2026-01-01T00:00:00.1234567Z',
  data,
  dataVersion: '1',
});
const cloudEvent = (id: string): object => ({
  specversion: '1.0',
  id,
  source: '/subscriptions/x',
  subject: 's/1',
  type: 'T.Made',
  time: '2026-01-01T00:00:00Z',
  data: {},
});

/** What the probe app's function has been called with, by the event's id. */
const seen = (id: string): unknown[] =>
  readFileSync(`${process.env['PROBE_LOG_FOLDER']}/app.jsonl`, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"eg":"onEvent"') && line.includes(`"id":"${id}"`));

describe('the handshake of CloudEvents', () => {
  test.each([
    ['eventgrid.azure.net', 'eventgrid.azure.net'],
    ['eventgrid.azure.us', 'eventgrid.azure.us'],
    ['eventgrid.azure.cn', 'eventgrid.azure.cn'],
    ['elsewhere.test', 'eventgrid.azure.net'],
    ['', 'eventgrid.azure.net'],
  ])('from "%s" allows %s', async (origin, allowed) => {
    const headers = { ...(origin && { 'WebHook-Request-Origin': origin }) };
    const response = await send({ method: 'OPTIONS', headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('webhook-allowed-origin')).toBe(allowed);
  });
});

describe('the handshake of the Event Grid schema', () => {
  const validate = (body: unknown): Promise<Response> => notify(body, { 'aeg-event-type': 'SubscriptionValidation' });

  test('gives the code of the first event back', async () => {
    const response = await validate([event('v1', { validationCode: 'CODE' })]);
    expect([response.status, await response.json()]).toEqual([200, { validationResponse: 'CODE' }]);
  });

  test('reads a single object, whose data is a JSON text', async () => {
    const response = await validate(event('v2', JSON.stringify({ validationCode: 'CODE' })));
    expect([response.status, await response.json()]).toEqual([200, { validationResponse: 'CODE' }]);
  });

  test.each([['[]'], ['{'], ['[{"data":{}}]'], ['{"data":"no JSON"}'], ['5'], ['[null]']])(
    'fails on %s',
    async (body) => {
      expect((await validate(body)).status).toBe(500);
    },
  );
});

test.each([
  ['one CloudEvent', 'application/cloudevents+json; charset=utf-8', cloudEvent('c-1'), ['c-1']],
  [
    'a batch of CloudEvents',
    'application/cloudevents-batch+json',
    [cloudEvent('c-2'), cloudEvent('c-3')],
    ['c-2', 'c-3'],
  ],
  ['one event', 'application/json', event('g-1'), ['g-1']],
  ['a batch of events', 'application/json', [event('g-2'), event('g-3')], ['g-2', 'g-3']],
])('%s reaches the function, each event by itself', async (_what, type, body, ids) => {
  expect((await notify(body, { 'content-type': type })).status).toBe(202);
  for (const id of ids) expect(seen(id)).toHaveLength(1);
});

test('one event that fails makes the whole batch 500, after all have been delivered', async () => {
  const response = await notify([event('f-1', { fail: true }), event('f-2'), event('f-3', { sleep: 50 })]);
  expect(response.status).toBe(500);
  expect(await response.text()).toBe('Exception while executing function: Functions.onEvent');
  for (const id of ['f-1', 'f-2', 'f-3']) expect(seen(id)).toHaveLength(1);
});

test('a batch of a megabyte is delivered whole', async () => {
  const batch = Array.from({ length: 4000 }, (_, at) => event(`m-${at}`, { padding: 'x'.repeat(120) }));
  expect(JSON.stringify(batch).length).toBeGreaterThan(1_000_000);
  expect((await notify(batch)).status).toBe(202);
  expect(seen('m-0')).toHaveLength(1);
  expect(seen('m-3999')).toHaveLength(1);
});

test.each([
  ['no header', { 'aeg-event-type': '' }, 400],
  ['an unknown header', { 'aeg-event-type': 'Whatever' }, 400],
  ['the header of an end', { 'aeg-event-type': 'Unsubscribe' }, 202],
])('with %s the answer is right, and the function is not called', async (_what, headers, status) => {
  expect((await notify([event('h-1')], headers)).status).toBe(status);
  expect(seen('h-1')).toEqual([]);
});

test('another case of the function’s name is another function', async () => {
  const response = await send({ method: 'POST', headers: { 'aeg-event-type': 'Notification' }, body: '[]' }, 'ONEVENT');
  expect([response.status, await response.text()]).toEqual([404, "cannot find function: 'ONEVENT'"]);
});
