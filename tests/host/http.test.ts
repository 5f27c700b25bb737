import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareVersions, versionProblem } from '../../local/host/durable/versions.ts';
import { HostError } from '../../local/host/hostError.ts';
import { loadKeys } from '../../local/host/http/hostKeys.ts';
import { parseRoute } from '../../local/host/http/routeTemplate.ts';
import type { Host } from '../../local/host/startHost.ts';
import { startHost } from '../../local/host/startHost.ts';
import { sendRaw } from '../support/sendRaw.ts';
import { manage, startProbeHost, statusOf } from './probeHost.ts';

describe('route templates', () => {
  test.each([
    ['items/{category}/{id:int?}', '/items/books/42', { category: 'books', id: '42' }],
    ['items/{category}/{id:int?}', '/items/books', { category: 'books' }],
    ['items/{category}/{id:int?}', '/items/books/abc', undefined],
    ['items/{category}', '/ITEMS/a%20b%2Fc%C3%A4/', { category: 'a b%2Fcä' }],
    ['items/{category}', '/items//', undefined],
    ['files/{*rest}', '/files/a/b', { rest: 'a/b' }],
    ['files/{*rest}', '/files', {}],
    ['page/{name=home}', '/page', { name: 'home' }],
    ['{a:guid}', '/7859ea48-e411-4b03-a445-067b25febb1a', { a: '7859ea48-e411-4b03-a445-067b25febb1a' }],
    ['x/{n:length(2,3)}', '/x/abcd', undefined],
    ['x/{n:int:min(3)}', '/x/2', undefined],
    ['x/{n:int:min(3)}', '/x/3', { n: '3' }],
    ['x/{n:range(1,9)}', '/x/10', undefined],
    ['x/{n:int}', '/x/99999999999', undefined],
    ['x/{n:long}', '/x/99999999999', { n: '99999999999' }],
    ['x/{when:datetime}', '/x/2026-11-23', { when: '2026-11-23' }],
    ['x/{when:datetime}', '/x/soon', undefined],
    ['x/{yes:bool}', '/x/TRUE', { yes: 'TRUE' }],
    ['x/{a:regex(^\\d{{3}}-\\d$)}', '/x/123-4', { a: '123-4' }],
    ['x/{a:regex(^\\d{{3}}-\\d$)}', '/x/12-4', undefined],
    ['x/{n:int=5}', '/x', { n: '5' }],
    ['files/{name}.{ext?}', '/files/a.b.txt', { name: 'a.b', ext: 'txt' }],
    ['files/{name}.{ext?}', '/files/plain', { name: 'plain' }],
    ['v{major}.{minor}/go', '/V1.20/go', { major: '1', minor: '20' }],
    ['{a}-{b}', '/x-y-z', { a: 'x-y', b: 'z' }],
    ['{**rest}', '/a/b%20c', { rest: 'a/b c' }],
    ['{*rest:nonfile}', '/a/b.txt', undefined],
    ['{*rest=home}', '/', { rest: 'home' }],
    ['echo', '/echo/more', undefined],
  ])('%s takes %s apart', (template, path, values) => {
    expect(parseRoute(template).match(path)).toEqual(values);
  });

  test('an unknown constraint is refused', () => {
    expect(() => parseRoute('{a:nonsense}')).toThrow('"nonsense" of "{a:nonsense}" is not known');
  });

  test('two slashes in a row are refused, as by the real host', () => {
    expect(() => parseRoute('api//items')).toThrow('two slashes in a row');
  });
});

describe('a host', () => {
  let host: Host;

  beforeAll(async () => {
    host = await startProbeHost({ keys: { function: 'fn-key', master: 'master-key' } });
  });

  afterAll(() => host.stop());

  test.each([
    ['no key', '/api/fnKey', 401],
    ['a wrong key', '/api/fnKey?code=wrong', 401],
    ['the host key', '/api/fnKey?code=fn-key', 200],
    ['the master key', '/api/fnKey?code=master-key', 200],
    ['the host key on an admin function', '/api/keyAdmin?code=fn-key', 401],
    ['no key, wrong path', '/api/nothing', 404],
    ['a handler that throws', '/api/throws', 500],
    ['a handler that returns nothing', '/api/retUndef', 204],
  ])('answers %s', async (_, path, status) => {
    expect((await fetch(`${host.url}${path}`)).status).toBe(status);
  });

  test('hands over a path with letters of any script', async () => {
    const response = await fetch(`${host.url}/api/items/${encodeURIComponent('Ü 🦊')}`);
    const { params, url } = (await response.json()) as { params: object; url: string };
    expect(params).toEqual({ category: 'Ü 🦊' });
    expect(new URL(url).pathname).toBe('/api/items/%C3%9C%20%F0%9F%A6%8A');
  });

  test.each(['localhost:99999', 'a b', 'a/b', '<x>', '[::1'])('answers 400 to the Host header %s', async (name) => {
    const body = Buffer.alloc(0);
    const asked = { method: 'GET', path: '/api/items/x', headers: { host: name }, body, chunked: false };
    expect(await sendRaw(host.port, asked)).toMatchObject({ status: 400, text: '' });
  });

  test('gives a body that is sent in chunks to the function empty, as the real host does', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('chunked'));
        controller.close();
      },
    });
    const response = await fetch(`${host.url}/api/echo`, { method: 'POST', body, duplex: 'half' });
    expect(await response.json()).toMatchObject({ len: 0, body: '' });
  });

  test('starts by the management API and tells the outcome within the timeout', async () => {
    const response = await manage(host, 'orchestrators/helloSeq?timeout=10&pollingInterval=0.1', { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([
      200,
      ['Hello, Tokyo!', 'Hello, Seattle!', 'Hello, Cairo!'],
    ]);
  });

  test('keeps an instance of a newer version pending', async () => {
    const response = await manage(host, 'orchestrators/noYield/newer?version=1.2', { method: 'POST' });
    expect(response.status).toBe(202);
    await host.idle();
    expect((await statusOf(host, 'newer')).runtimeStatus).toBe('Pending');
  });

  test('says what it does not implement', async () => {
    expect((await manage(host, 'entities/counter/k', { method: 'POST', body: '1' })).status).toBe(501);
    const id = host.start('throwError');
    await host.idle();
    const response = await manage(host, `instances/${id}/rewind`, { method: 'POST' });
    expect([response.status, await response.json()]).toEqual([501, 'This host does not implement rewind.']);
  });
});

test('keys made once are kept in the data folder, and given ones win', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'keys-')), 'keys.json');
  const first = loadKeys(file);
  expect(loadKeys(file)).toEqual(first);
  expect(loadKeys(file, { master: 'mine' })).toEqual({ ...first, master: 'mine' });
  expect(loadKeys(file)).toEqual(first);
});

test('a folder that is no function app is refused with a sentence', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'empty-'));
  await expect(startHost({ appFolder: empty, memory: true })).rejects.toThrow(HostError);
  await expect(startHost({ appFolder: empty, memory: true })).rejects.toThrow('it has no host.json');
});

test('versions compare by their numbers, and only older ones may run', () => {
  expect(compareVersions('1.10', '1.9')).toBeGreaterThan(0);
  expect(compareVersions('2', '2.0')).toBe(0);
  const config = {
    defaultVersion: '2.0',
    versionMatchStrategy: 'CurrentOrOlder',
    versionFailureStrategy: 'Fail',
  } as const;
  expect(versionProblem('1.0', config)).toBeUndefined();
  expect(versionProblem(null, config)).toBeUndefined();
  expect(versionProblem('3.0', config)).toMatchObject({ wait: false });
  expect(versionProblem('1.0', { ...config, versionMatchStrategy: 'Strict' })).toMatchObject({ wait: false });
});
