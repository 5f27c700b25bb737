import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LogEntry } from '../../local/host/log.ts';
import type { Host } from '../../local/host/startHost.ts';
import { startHost } from '../../local/host/startHost.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import { send } from './conformance/send.ts';

const appFolder = resolve(import.meta.dirname, '../fixtures/web-app');
const settings = { WEB_HUB: 'WebHub', WEB_SCHEDULE: '0 0 * * * *', 'AzureWebJobs.switchedOff.Disabled': 'true' };

describe('an app with many kinds of HTTP functions', () => {
  const logged: LogEntry[] = [];
  const log = (entry: LogEntry): void => void logged.push(entry);
  let host: Host;

  beforeAll(async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 10, 59, 30, 250));
    host = await startHost({ appFolder, memory: true, clock, settings, log, keys: { master: 'master' } });
  });

  afterAll(async () => {
    await fetch(`${host.url}/forget`);
    await host.stop();
  });

  async function text(path: string, init?: RequestInit): Promise<[number, string]> {
    const response = await fetch(`${host.url}${path}`, { redirect: 'manual', ...init });
    return [response.status, await response.text()];
  }

  test.each([
    ['of two routes the one whose function comes first by name', '/order/one', 200, 'any'],
    ['the same, without regard to case', '/other/one', 200, 'one'],
    ['an empty route is the name', '/emptyRoute', 200, 'by its name'],
    ['a name that begins with admin is reserved', '/adminPage', 404, ''],
    ['a bad name is not served', '/badName', 404, ''],
    ['a function that is switched off is not served', '/off', 404, ''],
    ['a stream', '/stream', 200, 'one two'],
    ['a generator', '/generator', 200, 'xy'],
    ['a form', '/form', 200, 'a=%C3%A4+b'],
    ['a body of null', '/nullBody', 200, ''],
    ['a JSON body of zero', '/zero', 200, '0'],
    ['a response object', '/response', 203, ''],
    ['a status that is none', '/badStatus', 500, ''],
    ['a number', '/number', 500, ''],
    ['nothing thrown is no error', '/throwsNothing', 204, ''],
    ['a hook may mend an error', '/failsButMended', 299, 'mended'],
    ['a hook may replace inputs', '/hooked', 200, '{"replaced":true}'],
    ['a hook may replace the handler', '/wrapped', 200, 'by the hook'],
    ['a missing input of an unknown kind', '/outputs', 200, '{"rows":"none"}'],
    ['an optional parameter that violates its constraint', '/any/0', 404, ''],
  ])('%s: %s', async (_, path, status, body) => {
    expect(await text(path)).toEqual([status, body]);
  });

  test('a generic HTTP trigger takes any method', async () => {
    expect(await text('/generic', { method: 'PUT' })).toEqual([200, 'generic PUT']);
  });

  test('cookies are written as ASP.NET writes them', async () => {
    const { headers } = await send(host.port, 'GET', '/cookies', {}, undefined);
    expect(headers['set-cookie']).toEqual([
      'own=1',
      'a=it%27s%20%28b%29%2A%21; path=/',
      'c=d; max-age=3; domain=x.test; path=/x; secure; samesite=none; httponly',
      'e=f; expires=Wed, 02 Jan 2030 03:04:05 GMT; path=/; samesite=lax',
    ]);
  });

  test('what the function sees of a request is what the real host passes', async () => {
    const path = `/any/7?a=1&A=2&flag&b=%2B+x`;
    const { body } = await send(host.port, 'POST', path, { 'x-empty': '', host: 'named.test:1' }, 'ä');
    expect(body).toEqual({
      method: 'POST',
      url: 'http://named.test:1/any/7?a=1&A=2&flag&b=%2B+x',
      params: { id: '7' },
      query: { a: '1,2', flag: '', b: '+ x' },
      empty: '',
      length: 2,
    });
  });

  test.each([
    ['HEAD', '/any/7', 200, { 'content-type': 'application/json' }, ['content-length', 'transfer-encoding']],
    ['GET', '/notModified', 304, { etag: '"1"' }, ['content-length', 'transfer-encoding']],
    ['GET', '/redirect', 302, { 'content-length': '0', location: '/seen' }, ['transfer-encoding']],
    ['GET', '/blob', 200, { 'content-type': 'application/x-blob', 'transfer-encoding': 'chunked' }, ['content-length']],
    ['GET', '/zero', 200, { 'content-type': 'application/json' }, ['connection', 'keep-alive']],
    ['DELETE', '/any/remove', 202, { 'content-length': '0' }, ['content-type']],
  ])('%s %s carries the headers of the real host', async (method, path, status, headers, absent) => {
    const received = await send(host.port, method, path, { connection: 'keep-alive' }, undefined);
    expect(received.status).toBe(status);
    expect(received.headers).toMatchObject(headers);
    for (const name of absent) expect(received.headers).not.toHaveProperty(name);
  });

  test('a head of 20 kB is taken', async () => {
    const { status } = await send(host.port, 'GET', '/zero', { 'x-long': 'x'.repeat(20_000) }, undefined);
    expect(status).toBe(200);
  });

  test('log hooks change what is logged, and the context is complete', async () => {
    const [, body] = await text('/logs');
    expect(JSON.parse(body)).toEqual({
      trace: { traceParent: '', traceState: '', attributes: {} },
      retry: null,
      type: 'httpTrigger',
    });
    const ofFunction = logged.filter(({ functionName, category }) => functionName === 'logs' && category === 'user');
    expect(ofFunction.map(({ level, message }) => [level, message])).toEqual([
      ['information', 'plain text'],
      ['trace', 'quiet'],
      ['warning', '***'],
    ]);
  });

  test('what is not served is said in the log', () => {
    const warnings = logged.filter(({ category }) => category === 'host').map(({ message }) => message);
    for (const part of ['"not a name"', 'adminPage', 'binding table', 'binding queue', "'every day'"])
      expect(warnings.join('\n')).toContain(part);
  });
});

describe('timer triggers', () => {
  type Seen = [string, { isPastDue: boolean; scheduleStatus: Record<string, string> | null; schedule: object }];
  const kept = new Set(['hourly', 'span']);

  async function seenAt(host: Host): Promise<Seen[]> {
    await host.idle();
    const all = (await (await fetch(`${host.url}/seen`)).json()) as Seen[];
    // The app's modules live as long as this process, so what was seen is emptied by hand.
    await fetch(`${host.url}/forget`);
    return all;
  }

  function startAt(clock: VirtualClock, dataFolder: string): Promise<Host> {
    return startHost({ appFolder, dataFolder, clock, settings });
  }

  test('fire at start, at their times, and once for what was missed', async () => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'timers-'));
    const clock = new VirtualClock(Date.UTC(2026, 0, 1, 10, 59, 58, 250));
    const first = await startAt(clock, dataFolder);
    const atStart = await seenAt(first);
    expect(atStart.filter(([name]) => name === 'hourly')).toEqual([
      [
        'hourly',
        {
          schedule: { adjustForDST: true },
          scheduleStatus: {
            last: '0001-01-01T00:00:00+00:00',
            next: '2026-01-01T11:00:00+00:00',
            lastUpdated: '0001-01-01T00:00:00+00:00',
          },
          isPastDue: false,
        },
      ],
    ]);
    expect(first.nextDue()).toBe(Date.UTC(2026, 0, 1, 10, 59, 59));
    clock.advanceTo(Date.UTC(2026, 0, 1, 10, 59, 59));
    expect(await seenAt(first)).toEqual([
      ['everySecond', { schedule: { adjustForDST: true }, scheduleStatus: null, isPastDue: false }],
    ]);
    await first.stop();

    // Three hours later, with the same data.
    const later = new VirtualClock(Date.UTC(2026, 0, 1, 14, 30));
    const second = await startAt(later, dataFolder);
    const missed = (await seenAt(second)).filter(([name]) => kept.has(name));
    expect(missed.map(([name, timer]) => [name, timer?.isPastDue])).toEqual([
      ['hourly', true],
      ['span', undefined],
    ]);
    expect(second.nextDue()).toBe(Date.UTC(2026, 0, 1, 14, 30, 1));
    await second.stop();
  });

  test('run when the admin API asks for it', async () => {
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    const host = await startHost({ appFolder, memory: true, clock, settings, keys: { master: 'master' } });
    await seenAt(host);
    const headers = { 'x-functions-key': 'master', 'content-type': 'application/json' };
    const response = await fetch(`${host.url}/admin/functions/hourly`, { method: 'POST', headers, body: '{}' });
    expect(response.status).toBe(202);
    expect((await seenAt(host)).map(([name, timer]) => [name, timer.isPastDue])).toEqual([['hourly', false]]);
    await host.stop();
  });
});
