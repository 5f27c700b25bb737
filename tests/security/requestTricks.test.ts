import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from '../support/sendRaw.ts';
import { eventGridEvent } from '../support/subscriptionEvents.ts';
import { startTwoDeployments, type TwoDeployments } from '../support/twoDeployments.ts';

let { world, started, other } = {} as TwoDeployments;
beforeAll(async () => {
  ({ world, started, other } = await startTwoDeployments());
});
afterAll(() => world.close());

/** What every call of this file must leave as it was. */
async function deployments(): Promise<unknown> {
  await world.host.idle();
  return [await (await world.call('/api/deployments')).json(), world.cloud.azure.arm.requests.length];
}

async function expectNoEffect(trick: () => Promise<void>): Promise<void> {
  const before = await deployments();
  await trick();
  expect(await deployments()).toEqual(before);
}

describe('a path', () => {
  const ids = (): string[] => {
    const { id } = started;
    return [
      '..%2F..%2Fadmin%2Fhost%2Fkeys',
      '%2e%2e%2f%2e%2e%2fadmin%2fhost%2fkeys',
      '%252e%252e%252fadmin',
      '..;',
      '.',
      `${id}%00`,
      `%00${id}`,
      `${id}%0A`,
      `${id}%20`,
      `${id}%2Fcancel`,
      `${id}%2F..%2F${other.id}`,
      `${id}%252Fcancel`,
      `${id};x=1`,
      `${id}%3Awatch%3A1`,
      id.toUpperCase(),
      id.slice(1),
      `${id}0`,
      '%EF%BC%90'.repeat(24),
      '__proto__',
      '%zz',
      'a'.repeat(5000),
    ];
  };

  test.each<[method: string, below: string]>([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/cancel'],
    ['POST', '/retry'],
  ])('%s of an id that is none leads to no deployment and nowhere else (…%s)', async (method, below) => {
    await expectNoEffect(async () => {
      const headers = { 'x-functions-key': world.host.keys.function };
      for (const id of ids()) {
        const { status, text } = await sendRaw(world.host.port, {
          path: `/api/deployments/${id}${below}`,
          method,
          headers,
        });
        expect([id, status]).toEqual([id, 404]);
        expect(text).not.toMatch(/dbw-|rg-volatility|"value"/);
      }
    });
  });

  test.each([
    '/api/../admin/host/keys',
    '/api/deployments/../../admin/host/keys',
    '/api/%2e%2e/admin/host/keys',
    '//admin/host/keys',
    '/api/deployments/..%2f..%2fruntime/webhooks/durabletask/instances',
  ])('%s opens nothing that the function key does not open', async (path) => {
    const headers = { 'x-functions-key': world.host.keys.function };
    const { status, text } = await sendRaw(world.host.port, { path, headers });
    expect([401, 403, 404]).toContain(status);
    expect(text).not.toMatch(/"value"|"keys"|instanceId/);
  });

  test.each([
    '..',
    '../rg-volatility',
    'rg%2Fvolatility',
    'rg-volatility\u0000',
    'rg-volatility/providers/x',
    'rg volatility',
  ])('is made of no name such as %j', async (name) => {
    await expectNoEffect(async () => {
      const wish = { resourceGroup: 'rg-volatility', workspaceName: 'dbw-path' };
      for (const key of ['resourceGroup', 'workspaceName', 'identityName', 'location']) {
        const body = { ...wish, [key]: name };
        const posted = await world.call('/api/deployments', { method: 'POST', body });
        expect([key, posted.status]).toEqual([key, 422]);
      }
      for (const key of ['resourceGroup', 'workspaceName', 'accelerator', 'repositoryUrl']) {
        const query = new URLSearchParams({ ...wish, [key]: name });
        const path = `/api/deployments/${'f'.repeat(24)}?${query.toString()}`;
        const deleted = await world.call(path, { method: 'DELETE' });
        expect([key, deleted.status]).toEqual([key, 422]);
      }
    });
  });
});

describe('a body', () => {
  test('never reaches the prototype of anything', async () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const polluted = '{"polluted":"yes","isAdmin":true,"resourceGroup":"rg-volatility"}';
    const wish = '"resourceGroup":"rg-volatility","workspaceName":"dbw-polluted"';
    const bodies = ['__proto__', 'constructor', 'prototype'].flatMap((name) => [
      `{${wish},"${name}":${polluted}}`,
      `{"${name}":{"prototype":${polluted}},${wish}}`,
      ...['tags', 'parameters', 'compute', 'network', 'accelerator'].map(
        (key) => `{${wish},"${key}":{"${name}":${polluted}}}`,
      ),
    ]);
    await expectNoEffect(async () => {
      for (const body of bodies) {
        const response = await world.call('/api/deployments', { method: 'POST', body });
        expect([body, response.status]).toEqual([body, 422]);
        const retry = await world.call(`/api/deployments/${started.id}/retry`, { method: 'POST', body });
        expect([body, retry.status]).toEqual([body, 422]);
      }
      const query = '?__proto__=x&constructor=x&__proto__[polluted]=yes';
      expect((await world.call(`/api/deployments${query}`)).status).toBe(422);
      const { keys } = world.host;
      const event = { ...eventGridEvent({ resourceGroup: 'rg-other' }), ...JSON.parse(`{"__proto__":${polluted}}`) };
      const sent = await world.call(
        `/runtime/webhooks/eventgrid?functionName=onSubscriptionEvent&code=${keys.eventGrid}`,
        { method: 'POST', key: '', headers: { 'aeg-event-type': 'Notification' }, body: [event] },
      );
      expect(sent.status).toBe(202);
    });
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect({}).not.toHaveProperty('polluted');
  });

  test('of 10 MB changes nothing where none is read, and is refused where one is', async () => {
    const body = JSON.stringify({ rerun: 'x'.repeat(10_000_000) });
    await expectNoEffect(async () => {
      const at = `/api/deployments/${'f'.repeat(24)}`;
      expect((await world.call(`${at}/retry`, { method: 'POST', body })).status).toBe(413);
      expect((await world.call(`${at}/cancel`, { method: 'POST', body })).status).toBe(404);
      expect((await world.call(at, { method: 'DELETE', body })).status).toBe(404);
    });
  });

  test('that never comes to its end keeps nobody else waiting and starts nothing', async () => {
    await expectNoEffect(async () => {
      const slow = await Promise.all(Array.from({ length: 50 }, () => stalled(world.host.port)));
      try {
        expect((await world.call(`/api/deployments/${started.id}`)).status).toBe(202);
        expect((await world.call('/api/health', { key: '' })).status).toBe(200);
      } finally {
        for (const socket of slow) socket.destroy();
      }
    });
  });
});

/** A connection on which half of a start has come, and no more comes. */
function stalled(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const head = [
    'POST /api/deployments HTTP/1.1',
    'Host: localhost',
    `x-functions-key: ${world.host.keys.function}`,
    'Content-Type: application/json',
    'Content-Length: 80',
  ];
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(`${head.join('\r\n')}\r\n\r\n{"resourceGroup":"rg-vol`, () => resolve(socket));
  });
  socket.on('error', reject);
  return promise;
}

describe('headers', () => {
  test('of every answer forbid to keep it, and allow no other site to read it', async () => {
    const site = { origin: 'https://evil.test', 'access-control-request-method': 'POST' };
    const link = started.statusQueryGetUri;
    for (const { path, methods } of world.host.routes) {
      for (const id of [started.id, 'f'.repeat(24)]) {
        const url = path.replace('{id}', id);
        for (const method of methods.filter((one) => one === 'GET')) {
          const { headers } = await world.call(url, { method, headers: site });
          expect([url, headers.get('cache-control')]).toEqual([url, 'no-store']);
          expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
        }
        const preflight = await world.call(url, { method: 'OPTIONS', key: '', headers: site });
        expect([url, preflight.status]).toEqual([url, 404]);
        expect([...preflight.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    }
    for (const path of [link, '/api/deployments?limit=0']) {
      const { headers } = await world.call(path, { headers: site });
      expect([path, headers.get('cache-control')]).toEqual([path, 'no-store']);
    }
    const posts = [{}, { resourceGroup: 'rg-volatility', workspaceName: 'dbw-link' }];
    for (const body of posts) {
      const { headers } = await world.call('/api/deployments?dryRun=true', { method: 'POST', body, headers: site });
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});
