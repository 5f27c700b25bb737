import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import type { LogEntry } from '../../local/host/log.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { signedIn } from '../support/signedIn.ts';
import { eventGridEvent } from '../support/subscriptionEvents.ts';
import { startWorld, type World } from '../support/world.ts';

/** Who may call each route: whoever has the role (and the function key), or anyone at all. A new route has to be added here. */
const mayCall: Record<string, 'Deployer' | 'Reader' | 'anyone'> = {
  startDeployment: 'Deployer',
  cancelDeployment: 'Deployer',
  retryDeployment: 'Deployer',
  deleteDeployment: 'Deployer',
  listDeployments: 'Reader',
  readDeployment: 'Reader',
  readStatusLink: 'anyone',
  health: 'anyone',
};

let world: World;
let running: StatusResource;
const log: LogEntry[] = [];
beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: () => ({ WEBSITE_AUTH_ENABLED: 'True' }),
    log: (entry) => log.push(entry),
  });
  running = await start('dbw-running', signedIn('ann@example.test', 'Deployer'));
});
afterAll(() => world.close());

async function start(workspaceName: string, headers: Record<string, string>): Promise<StatusResource> {
  const response = await post(workspaceName, headers);
  expect(response.status).toBe(202);
  return (await response.json()) as StatusResource;
}

const post = (workspaceName: string, headers: Record<string, string>): Promise<Response> =>
  world.call('/api/deployments', {
    method: 'POST',
    body: { resourceGroup: 'rg-volatility', workspaceName },
    headers,
  });

interface RouteCall {
  name: string;
  method: string;
  path: string;
}

/** One call of each route and method, about the running deployment. */
const routeCalls = (): RouteCall[] =>
  world.host.routes.flatMap(({ name, path, methods }) =>
    methods.map((method) => ({ name, method, path: path.replace('{id}', running.id) })),
  );

const send = (
  { method, path }: RouteCall,
  options: { key?: string; headers?: Record<string, string> } = {},
): Promise<Response> =>
  world.call(path, {
    ...options,
    method,
    ...(method === 'POST' && { body: { resourceGroup: 'rg-volatility', workspaceName: 'dbw-refused' } }),
  });

/** What refused calls must leave as it was. */
async function effects(): Promise<unknown> {
  await world.host.idle();
  const list = await world.call('/api/deployments', { headers: signedIn('ann@example.test', 'Deployer') });
  return [await list.json(), world.cloud.azure.arm.requests.length];
}

describe('a route of the app', () => {
  test('is one of those whose callers are named here, and is open only where they say so', () => {
    const { routes } = world.host;
    expect(new Set(routes.map(({ name }) => name))).toEqual(new Set(Object.keys(mayCall)));
    expect(routes.filter(({ methods }) => methods.includes('any'))).toEqual([]);
    for (const { name, authLevel } of routes)
      expect([name, authLevel]).toEqual([name, mayCall[name] === 'anyone' ? 'anonymous' : 'function']);
  });

  test('tells who has no key, or not the right one, nothing and does nothing, whatever role he has', async () => {
    const before = await effects();
    const { keys } = world.host;
    const wrong = { none: '', guessed: 'k'.repeat(43), 'of the backend': keys.durable, 'of events': keys.eventGrid };
    const guarded = routeCalls().filter(({ name }) => mayCall[name] !== 'anyone');
    expect(guarded.length).toBeGreaterThanOrEqual(6);
    for (const call of guarded) {
      for (const [what, key] of Object.entries(wrong)) {
        for (const headers of [{}, signedIn('eve@example.test', 'Deployer')]) {
          const response = await send(call, { key, headers });
          expect([call.name, what, response.status, await response.text()]).toEqual([call.name, what, 401, '']);
        }
        const inQuery = await send({ ...call, path: `${call.path}?code=${encodeURIComponent(key)}` }, { key: '' });
        expect([call.name, what, inQuery.status]).toEqual([call.name, what, 401]);
      }
    }
    expect(await effects()).toEqual(before);
  });

  test.each<[what: string, headers: Record<string, string>, may: (needed: string) => boolean]>([
    ['of a reader reads', signedIn('rob@example.test', 'Reader'), (needed) => needed === 'Reader'],
    ['of another app opens nothing', signedIn('eve@example.test', 'Auditor', 'deployer'), () => false],
    [
      'that cannot be read opens nothing',
      { ...signedIn('eve@example.test', 'Deployer'), 'x-ms-client-principal': 'AAAA' },
      () => false,
    ],
    [
      'that comes twice opens nothing',
      {
        'x-ms-client-principal': ['Reader', 'Deployer']
          .map((role) => signedIn('eve', role)['x-ms-client-principal'])
          .join(','),
      },
      () => false,
    ],
  ])('asks for its role: a token %s, with the function key', async (_what, headers, may) => {
    const before = await effects();
    const answers: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const call of routeCalls()) {
      const needed = mayCall[call.name] ?? '';
      if (needed === 'anyone') continue;
      const response = await send(call, { headers });
      const { code = '' } = (await response.json()) as { code?: string };
      answers[call.name] = response.ok || `${response.status} ${code}`;
      expected[call.name] = may(needed) || '403 CALLER_NOT_ALLOWED';
    }
    expect(answers).toEqual(expected);
    expect(await effects()).toEqual(before);
  });

  test('that is open tells nothing of any deployment without its signature', async () => {
    for (const call of routeCalls().filter(({ name }) => mayCall[name] === 'anyone')) {
      const text = await (await send(call, { key: '' })).text();
      expect(text).not.toMatch(/dbw-|rg-volatility|Running|ann@/);
    }
  });
});

describe('the host\u2019s own routes', () => {
  const durable = '/runtime/webhooks/durabletask';
  test.each([
    ['GET', `${durable}/instances`],
    ['GET', `${durable}/instances/{id}?showInput=true`],
    ['DELETE', `${durable}/instances/{id}`],
    ['POST', `${durable}/instances/{id}/terminate?reason=x`],
    ['POST', `${durable}/instances/{id}/raiseEvent/cancel`],
    ['POST', `${durable}/orchestrators/deploy`],
    ['POST', '/runtime/webhooks/eventgrid?functionName=onSubscriptionEvent'],
    ['GET', '/admin/host/keys'],
    ['GET', '/admin/functions'],
    ['POST', '/admin/functions/onSubscriptionEvent'],
  ])('%s %s is not opened by the function key', async (method, route) => {
    const path = route.replace('{id}', running.id);
    const before = await effects();
    const body = method === 'POST' ? { body: [eventGridEvent({ workspace: 'dbw-by-event' })] } : {};
    const headers = { 'aeg-event-type': 'Notification', ...signedIn('ann@example.test', 'Deployer') };
    expect((await world.call(path, { method, headers, key: '', ...body })).status).toBe(401);
    expect((await world.call(path, { method, headers, ...body })).status).toBe(403);
    expect(await effects()).toEqual(before);
  });

  test('have none beside them that starts an orchestration or an activity by its name', async () => {
    for (const path of ['/api/orchestrators/deploy', '/api/deploy', '/api/removeWorkspace', '/api/signalInstance'])
      expect((await world.call(path, { method: 'POST', body: {} })).status).toBe(404);
  });
});

describe('a deployment that somebody else has started', () => {
  const ann = signedIn('ann@example.test', 'Deployer');
  const bob = signedIn('bob@example.test', 'Deployer');
  const acts = (): unknown[] =>
    log
      .filter(({ message }) => message.startsWith('{"evt":"deployment.'))
      .map(({ message }) => JSON.parse(message) as { evt: string; deployment: string; by?: string })
      .filter(({ deployment, evt }) => deployment === running.id && evt !== 'deployment.finished')
      .map(({ evt, by }) => [evt, by]);

  test('belongs to all deployers: each may read, cancel, retry and delete it, and every act is logged with who did it', async () => {
    const at = `/api/deployments/${running.id}`;
    expect(await (await world.call(at, { headers: bob })).json()).toMatchObject({ requestedBy: 'ann@example.test' });

    await world.pass(60);
    expect((await world.call(`${at}/cancel`, { method: 'POST', headers: bob })).status).toBe(202);
    await world.until(() => world.isOver(running.id));
    const retried = await world.call(`${at}/retry`, { method: 'POST', headers: bob });
    expect(await retried.json()).toMatchObject({ attempt: 2, requestedBy: 'bob@example.test' });
    await world.until(() => world.isOver(running.id));
    expect((await world.call(at, { method: 'DELETE', headers: bob })).status).toBe(202);
    await world.until(() => world.isOver(running.id));

    expect(await (await world.call(at, { headers: ann })).json()).toMatchObject({ state: 'Deleted' });
    expect(acts()).toEqual([
      ['deployment.started', 'ann@example.test'],
      ['deployment.cancelAsked', 'bob@example.test'],
      ['deployment.retried', 'bob@example.test'],
      ['deployment.deletionStarted', 'bob@example.test'],
    ]);
  });

  test('is read by the holder of its status link, who can do nothing else with it', async () => {
    const other = await start('dbw-other', ann);
    const mine = await start('dbw-mine', ann);
    const eve = signedIn('eve@example.test', 'Auditor');
    const link = new URL(mine.statusQueryGetUri);
    expect((await world.call(link.href, { key: '', headers: eve })).status).toBe(202);
    const before = await effects();
    const elsewhere = routeCalls().filter(({ name }) => mayCall[name] !== 'anyone');
    for (const call of elsewhere) {
      const path = `${call.path.replace(running.id, mine.id)}${link.search}`;
      expect([call.name, (await send({ ...call, path }, { key: '' })).status]).toEqual([call.name, 401]);
    }
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
      expect((await world.call(link.href, { method, key: '' })).status).toBe(404);
    const others = link.href.replace(mine.id, other.id);
    expect((await world.call(others, { key: '' })).status).toBe(401);
    expect(await effects()).toEqual(before);
  });
});
