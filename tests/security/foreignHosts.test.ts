import { join } from 'node:path';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withSqlSession } from '../../clients/databricksSql.ts';
import type { FaultRule } from '../../local/faults/faults.ts';
import { type Certificate, ensureCertificate } from '../../local/kit/certificate.ts';
import { Router } from '../../local/kit/router.ts';
import { type ApiServer, startServer } from '../../local/kit/server.ts';
import { failureOf } from '../support/activityCloud.ts';
import { expectFailure } from '../support/expectFailure.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { callsOf, pathFor, plain } from '../support/remoteCalls.ts';
import { recordSentRequests } from '../support/sentRequests.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

/** A server that nobody may be sent to, with a certificate that the app trusts; and one without. */
let elsewhere: ApiServer;
let untrusted: ApiServer;
let world: World;
const sent = recordSentRequests();
const rules = new Map<string, FaultRule[]>();
const shownHosts = new Map<string, string>();

beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: () => ({ LIMIT_SECONDS: '{"removal":120}' }),
    onWorkspace(name, server) {
      for (const rule of rules.get(name) ?? []) server.faults.add(rule);
      return shownHosts.get(name);
    },
  });
  elsewhere = await startElsewhere(world.cloud.certificate);
  untrusted = await startElsewhere(await ensureCertificate(mkdtempSync(join(tmpdir(), 'untrusted-'))));
});
beforeEach(() => {
  sent.length = 0;
  world.cloud.azure.arm.faults.clear();
  world.cloud.azure.identity.faults.clear();
});
afterAll(async () => {
  await Promise.all([elsewhere.close(), untrusted.close()]);
  await world.close();
});

const startElsewhere = (certificate: Certificate): Promise<ApiServer> =>
  startServer({
    certificate,
    router: new Router(),
    unknownRoute: () => ({ status: 400, body: {} }),
    errorReply: () => ({ status: 500 }),
  });

/** Everything that was sent to whom nothing may be sent. */
const strayed = (): unknown[] => [
  ...elsewhere.requests,
  ...untrusted.requests,
  ...sent.filter(({ origin }) => !ownOrigins().has(origin)).map(({ origin, method, path }) => [origin, method, path]),
];

/** The host's own door for the durable client is the only one at that address. */
function ownOrigins(): Set<string> {
  const { azure, databricks } = world.cloud;
  const durable = sent.find(({ path }) => path.startsWith('/durabletask/'))?.origin ?? '';
  const workspaces = databricks.workspaces().map(({ server }) => server.url);
  return new Set([azure.url, azure.identity.url, ...workspaces, durable]);
}

describe('a redirect to another server', () => {
  test.each(fullSweep ? [301, 302, 303, 307, 308] : [307])(
    'is followed by none of the calls of a deployment (%i), which goes on as after any bad answer',
    { timeout: 90_000 },
    async (status) => {
      const redirect = { status, headers: { location: `${elsewhere.url}/taken` } };
      const { arm, identity } = world.cloud.azure;
      const reference = `dbw-as-usual-${status}`;
      const before = arm.requests.length;
      await world.deploy({ workspaceName: reference });
      const calls = callsOf(world.cloud, reference).filter(({ skip }) => skip === 0);
      const reads = new Set(arm.requests.slice(before).map(({ path }) => plain(path)));
      const general = [...reads].filter((path) => !path.includes(reference));
      expect(calls.length + general.length).toBeGreaterThan(30);

      // A step bears so many bad answers, so each of two deployments gets half of them.
      for (const half of [0, 1]) {
        const name = `dbw-redirected-${status}-${half}`;
        const chosen = calls.filter((_call, n) => n % 2 === half);
        const met = chosen.map((call) => ({ ...call, ...redirect, path: pathFor(call, name), skip: 0 }));
        rules.set(
          name,
          met.filter(({ server }) => server === 'databricks'),
        );
        arm.faults.clear();
        for (const rule of met.filter(({ server }) => server === 'azure')) arm.faults.add(rule);
        for (const path of general.filter((_path, n) => n % 2 === half))
          arm.faults.add({ ...redirect, method: 'GET', path });
        identity.faults.clear();
        identity.faults.add({ ...redirect, method: 'GET', path: '/msi/token', skip: 3 });

        expect((await world.deploy({ workspaceName: name })).failure).toBeUndefined();
        const all = [arm, identity, world.workspace(name)].flatMap(({ faults }) => faults.list());
        expect(all.filter(({ used }) => used !== 1)).toEqual([]);
        expect(strayed()).toEqual([]);
      }
    },
  );
});

describe('the address of a long-running operation', () => {
  const to = (): Record<string, string> => ({
    'azure-asyncoperation': `${elsewhere.url}/operations/1`,
    location: `${elsewhere.url}/operations/1`,
  });

  test('is not asked about a creation that failed, when it is elsewhere', async () => {
    const { arm } = world.cloud.azure;
    await setScenario(arm, { kind: 'workspaceFails', name: 'dbw-led-away', code: 'Broken', message: 'It broke.' });
    arm.faults.add({
      method: 'PUT',
      path: '*/workspaces/dbw-led-away',
      status: 201,
      headers: to(),
      body: {},
      when: 'after',
    });
    const ended = await world.deploy({ workspaceName: 'dbw-led-away' });
    const { message, cause } = expectFailure(ended, 'WORKSPACE_FAILED', 'workspace');
    expect([message, cause]).toEqual(['Azure reports the workspace dbw-led-away as Failed.', undefined]);
    expect(strayed()).toEqual([]);
  });

  test('is not asked about a deletion that failed, when it is elsewhere', async () => {
    const { arm } = world.cloud.azure;
    const { id } = await world.deploy({ workspaceName: 'dbw-kept-back' });
    await setScenario(arm, { kind: 'deletionFails', name: 'dbw-kept-back', code: 'Broken', message: 'It broke.' });
    arm.faults.add({ method: 'DELETE', path: '*/workspaces/dbw-kept-back', status: 202, headers: to(), when: 'after' });
    expect((await world.call(`/api/deployments/${id}`, { method: 'DELETE' })).status).toBe(202);
    const { failure } = await world.finish(id);
    expect([failure?.code, failure?.cause]).toEqual(['ANSWER_INVALID', undefined]);
    expect(strayed()).toEqual([]);
  });
});

describe('a workspace whose address is not allowed', () => {
  const hosts: [what: string, host: () => string][] = [
    ['another name', () => `127.0.0.1:${elsewhere.port}`],
    ['another name behind an allowed one', () => `localhost:1@127.0.0.1:${elsewhere.port}`],
    ['a path', () => `localhost:${elsewhere.port}/taken`],
    ['a query', () => `localhost:${elsewhere.port}?`],
    ['a line break', () => `localhost:${elsewhere.port}\n`],
    ['an address of the machine\u2019s own metadata', () => '169.254.169.254'],
  ];
  test.each(hosts)(
    'for %s is sent nothing by a deployment, a plan and a deletion, and is no link',
    async (_what, host) => {
      const name = `dbw-foreign-${hosts.findIndex(([, one]) => one === host)}`;
      shownHosts.set(name, host());
      const ended = await world.deploy({ workspaceName: name });
      expectFailure(ended, 'WORKSPACE_HOST_REFUSED', 'workspace');
      expect(ended.links.workspace).toBeUndefined();

      const body = { resourceGroup: 'rg-volatility', workspaceName: name };
      const plan = await world.call('/api/deployments?dryRun=true', { method: 'POST', body });
      expect(await plan.json()).toMatchObject({ errors: [{ code: 'WORKSPACE_HOST_REFUSED' }] });
      expect((await world.call(`/api/deployments/${ended.id}`, { method: 'DELETE' })).status).toBe(202);
      expect((await world.finish(ended.id)).failure).toMatchObject({ code: 'WORKSPACE_HOST_REFUSED' });
      expect(world.workspace(name).requests).toEqual([]);
      expect(strayed()).toEqual([]);
    },
  );
});

describe('a server with a certificate that nobody vouches for', () => {
  test('is sent nothing by the client of a workspace', async () => {
    shownHosts.set('dbw-untrusted', `localhost:${untrusted.port}`);
    const ended = await world.deploy({ workspaceName: 'dbw-untrusted' });
    expectFailure(ended, 'STORAGE_TIMEOUT', 'storage');
    expect(untrusted.requests).toEqual([]);
  });

  test('is sent nothing by the SQL driver', async () => {
    const host = `localhost:${untrusted.port}`;
    const endpoint = { host: 'localhost', port: untrusted.port, path: '/sql/1.0/warehouses/1' };
    const session = withSqlSession({ host, resourceId: '/x' }, endpoint, 10, () => Promise.resolve());
    expect(await failureOf(session)).toMatchObject({
      code: 'DATABRICKS_UNAVAILABLE',
      cause: expect.stringContaining('certificate') as string,
    });
    expect(untrusted.requests).toEqual([]);
  });
});
