import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { type CallOptions, setScenario, startWorld, type World } from '../support/world.ts';

const mostActive = 8;
let world: World;
beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: () => ({ MAX_ACTIVE_DEPLOYMENTS: String(mostActive) }),
    onWorkspace: (name, server) => {
      if (name === 'dbw-second-chance') void setScenario(server, { kind: 'taskFails', taskKey: 'RUNME' });
    },
  });
});
afterAll(() => world.close());

const post = (body: unknown, options: CallOptions = {}): Promise<Response> =>
  world.call('/api/deployments', { method: 'POST', body, ...options });
const wish = (more: object = {}): object => ({ resourceGroup: 'rg-volatility', workspaceName: 'dbw-bad', ...more });

interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  hint: string;
  errors?: { pointer: string; message: string }[];
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  expect(text).not.toMatch(/\n\s*at |\.[mc]?[jt]s:\d|node_modules|node:/);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const problem = JSON.parse(text) as Problem;
  expect(problem).toMatchObject({ status: response.status, type: `urn:accelerator-deployer:${problem.code}` });
  for (const words of [problem.title, problem.detail, problem.hint]) expect(words).toMatch(/\S{2}/);
  return problem;
}

describe('a bad request', () => {
  test.each([
    ['half an object', '{"resourceGroup": "rg'],
    ['nothing at all', ''],
    ['white space', '  \n'],
    ['text that is no JSON', 'resourceGroup=rg-volatility'],
  ])('that is %s is answered 400', async (_what, body) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect((await problemOf(response)).code).toBe('REQUEST_NOT_JSON');
  });

  test('that is sent in chunks arrives empty and is told what to do', async () => {
    const body = new Blob([JSON.stringify(wish())]).stream();
    const response = await fetch(`${world.host.url}/api/deployments`, {
      method: 'POST',
      headers: { 'x-functions-key': world.host.keys.function },
      body,
      duplex: 'half',
    });
    expect(response.status).toBe(400);
    expect((await problemOf(response)).hint).toContain('Content-Length');
  });

  test.each<[what: string, body: unknown, pointers: string[]]>([
    ['is a list', [], ['/resourceGroup', '/workspaceName']],
    ['is a text', '"rg-volatility"', ['']],
    ['is null', 'null', ['']],
    ['lacks what is required', {}, ['/resourceGroup', '/workspaceName']],
    ['has an unknown key', wish({ colour: 'red' }), ['/colour']],
    ['has an unknown key further in', wish({ compute: { gpus: 4 } }), ['/compute/gpus']],
    ['has a workspace name that is too short', wish({ workspaceName: 'db' }), ['/workspaceName']],
    ['has a workspace name that is too long', wish({ workspaceName: 'd'.repeat(65) }), ['/workspaceName']],
    ['has a workspace name with a path in it', wish({ workspaceName: '../../admin' }), ['/workspaceName']],
    ['has a workspace name with a line break', wish({ workspaceName: 'dbw-bad\n' }), ['/workspaceName']],
    ['has a resource group that ends with a period', wish({ resourceGroup: 'rg.' }), ['/resourceGroup']],
    ['has an identity name with a blank', wish({ identityName: 'id of mine' }), ['/identityName']],
    ['has a location in capitals', wish({ location: 'West Europe' }), ['/location']],
    ['has a number for a name', wish({ workspaceName: 12 }), ['/workspaceName']],
    ['has null for an optional key', wish({ location: null }), ['/location']],
    ['has an unknown choice', wish({ ifExists: 'replace' }), ['/ifExists']],
    ['has half a worker', wish({ compute: { workers: 1.5 } }), ['/compute/workers']],
    ['has too many workers', wish({ compute: { workers: 65 } }), ['/compute/workers']],
    ['has workers in words', wish({ compute: { workers: 'two' } }), ['/compute/workers']],
    ['has a list of tags', wish({ tags: ['a'] }), ['/tags']],
    ['has a tag that is a number', wish({ tags: { cost: 5 } }), ['/tags/cost']],
    [
      'has the tag of the deployer',
      wish({ tags: { 'Accelerator-Deployment': 'x' } }),
      [expect.stringMatching('^/tags')],
    ],
    ['has a parameter in capitals', wish({ parameters: { Rows: '5' } }), [expect.stringMatching('^/parameters')]],
    [
      'has a parameter of the deployer',
      wish({ parameters: { attempt: '9' } }),
      [expect.stringMatching('^/parameters')],
    ],
    ['has several faults', wish({ workspaceName: '', a: 1, ifExists: 0 }), ['/workspaceName', '/ifExists', '/a']],
  ])('that %s is answered 422 with pointers to the faults', async (_what, body, pointers) => {
    const response = await post(body);
    expect(response.status).toBe(422);
    const { code, errors = [] } = await problemOf(response);
    expect(code).toBe('REQUEST_INVALID');
    expect([...new Set(errors.map(({ pointer }) => pointer))]).toEqual(pointers);
  });

  test.each([
    ['the same key twice', '{"resourceGroup":"rg-volatility","workspaceName":"dbw-a","workspaceName":"dbw-b"}'],
    ['__proto__', '{"resourceGroup":"rg-volatility","workspaceName":"dbw-bad","tags":{"__proto__":"x"}}'],
  ])('with %s is answered 422', async (_what, body) => {
    const response = await post(body);
    expect(response.status).toBe(422);
    expect((await problemOf(response)).code).toBe('REQUEST_INVALID');
  });

  test.each([
    ['resource group', wish({ resourceGroup: 'rg-other' }), '/resourceGroup'],
    ['location', wish({ location: 'eastus' }), '/location'],
    ['accelerator', wish({ accelerator: 'unknown-one' }), '/accelerator'],
    ['accelerator with the name of something else', wish({ accelerator: 'constructor' }), '/accelerator'],
    ['node type', wish({ compute: { nodeType: 'Standard_ND96asr_v4' } }), '/compute/nodeType'],
  ])('for a %s that is not allowed is answered 422', async (_what, body, pointer) => {
    const response = await post(body);
    expect(response.status).toBe(422);
    const { code, errors = [] } = await problemOf(response);
    expect(code).toBe('NOT_ALLOWED');
    expect(errors.map((error) => error.pointer)).toEqual([pointer]);
  });

  test.each(['?dryrun=true', '?dryRun=true&dry_run=true', '?force=', '?dryRun=true&dryRun=true'])(
    'with the query %s is answered 422, because a misspelt wish is not dropped',
    async (query) => {
      const response = await world.call(`/api/deployments${query}`, { method: 'POST', body: wish() });
      expect(response.status).toBe(422);
      const { code, errors = [] } = await problemOf(response);
      expect(code).toBe('REQUEST_INVALID');
      expect(errors.map(({ pointer }) => pointer)).toEqual([
        expect.stringMatching(/^\?(dryrun|dry_run|force|dryRun)$/),
      ]);
    },
  );

  test.each([
    ['of 16 kB and more', 17_000],
    ['of 10 MB', 10_000_000],
  ])('%s is answered 413', async (_what, length) => {
    const response = await post(wish({ tags: { long: 'x'.repeat(length) } }));
    expect(response.status).toBe(413);
    expect((await problemOf(response)).code).toBe('REQUEST_TOO_LARGE');
  });

  test('starts nothing', async () => {
    const list = (await (await world.call('/api/deployments')).json()) as { deployments: unknown[] };
    expect(list.deployments).toEqual([]);
    expect(world.cloud.azure.identity.requests).toEqual([]);
    expect(world.cloud.azure.arm.requests).toEqual([]);
    expect(world.clock.nextDue()).toBeUndefined();
  });
});

test('health needs no key and says nothing but that all is well', async () => {
  const response = await world.call('/api/health', { key: '' });
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }]);
});

test('an unknown id, and that of a deployment\u2019s child, is answered 404', async () => {
  const { id } = await world.start({ workspaceName: 'dbw-parent' });
  for (const unknown of ['f'.repeat(24), encodeURIComponent(`${id}:watch:1`)]) {
    const response = await world.call(`/api/deployments/${unknown}`);
    expect(response.status).toBe(404);
    expect((await problemOf(response)).code).toBe('DEPLOYMENT_NOT_FOUND');
  }
});

describe('the status link', () => {
  let started: StatusResource;
  beforeAll(async () => {
    started = await world.start({ workspaceName: 'dbw-link' });
  });
  test('reads its deployment without a key', async () => {
    const response = await world.call(started.statusQueryGetUri, { key: '' });
    expect(response.status).toBe(202);
    expect(await response.json()).toMatchObject({ id: started.id, runtimeStatus: 'Running' });
  });

  test('is polled by a stock Durable HTTP client until the deployment is over', async () => {
    const answer = await post({ resourceGroup: 'rg-volatility', workspaceName: 'dbw-link' });
    expect(answer.status).toBe(202);
    const { status, polls, body } = await followAsDurableClient(answer);
    expect(status).toBe(200);
    expect(polls).toBeGreaterThan(5);
    expect(body).toMatchObject({
      name: 'deploy',
      instanceId: started.id,
      runtimeStatus: 'Completed',
      output: { result: { metrics: { test_r2_score: 0.99 } } },
      customStatus: { phase: 'verification' },
      createdTime: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      lastUpdatedTime: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
  });
});

/** What clients of the Durable HTTP pattern do: poll `Location`, without a key, after `Retry-After`, while the answer is 202. */
async function followAsDurableClient(
  accepted: Response,
): Promise<{ status: number; polls: number; body: Record<string, unknown> }> {
  let response = accepted;
  let polls = 0;
  for (; response.status === 202; polls++) {
    const retryAfter = Number(response.headers.get('retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    await response.text();
    await world.pass(retryAfter);
    response = await fetch(response.headers.get('location') ?? '', { redirect: 'error' });
  }
  return { status: response.status, polls, body: (await response.json()) as Record<string, unknown> };
}

describe('the same request again', () => {
  test('is the same deployment while it runs, also when several arrive at the same moment', async () => {
    const request = { workspaceName: 'dbw-same', tags: { a: '1', b: '2' } };
    const many = await Promise.all(Array.from({ length: 5 }, () => world.start(request)));
    const { id } = many[0] ?? { id: '' };
    expect(new Set(many.map((one) => one.id))).toEqual(new Set([id]));
    await world.pass(15);
    const again = await world.start({ tags: { b: '2', a: '1' }, ifExists: 'use', workspaceName: 'dbw-same' });
    expect(again).toMatchObject({ id, attempt: 1, runtimeStatus: 'Running' });

    expect((await world.finish(id)).failure).toBeUndefined();
    expect(await inventoryOf(world.cloud, 'dbw-same')).toEqual(oneOfEach);
  });

  test('is the same deployment after it has succeeded, and nothing runs again', async () => {
    const same = await post(wish({ workspaceName: 'dbw-same', tags: { a: '1', b: '2' } }));
    expect(same.status).toBe(200);
    expect(await same.json()).toMatchObject({ attempt: 1, runtimeStatus: 'Completed' });
    expect(await inventoryOf(world.cloud, 'dbw-same')).toEqual(oneOfEach);
  });

  test('with another body after a success is the next attempt on the same target', async () => {
    const changed = await world.deploy({ workspaceName: 'dbw-same', tags: { a: '1', b: '3' } });
    expect(changed).toMatchObject({ attempt: 2, runtimeStatus: 'Completed' });
    expect(changed.earlierAttempts).toMatchObject([{ attempt: 1, outcome: 'Succeeded' }]);
    expect(await inventoryOf(world.cloud, 'dbw-same')).toEqual({ ...oneOfEach, runs: 2, childRuns: 2 });
  });

  test('with another body is refused with 409 while the first one runs, and changes nothing', async () => {
    const { id } = await world.start({ workspaceName: 'dbw-conflict', parameters: { rows: '10' } });
    const response = await post(wish({ workspaceName: 'dbw-conflict', parameters: { rows: '20' } }));
    expect(response.status).toBe(409);
    expect((await problemOf(response)).code).toBe('DEPLOYMENT_CONFLICT');
    expect((await world.finish(id)).attempt).toBe(1);
    expect(await inventoryOf(world.cloud, 'dbw-conflict')).toEqual(oneOfEach);
  });

  test('with other bodies at the same moment starts one deployment and refuses the others with 409', async () => {
    const bodies = ['1', '2', '3', '4'].map((rows) => wish({ workspaceName: 'dbw-race', parameters: { rows } }));
    const answers = await Promise.all(bodies.map((body) => post(body)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409, 409, 409]);
    const started = (await listed()).find(({ workspaceName }) => workspaceName === 'dbw-race');
    expect(await world.finish(started?.id ?? '')).toMatchObject({ runtimeStatus: 'Completed', attempt: 1 });
    expect(await inventoryOf(world.cloud, 'dbw-race')).toEqual(oneOfEach);
  });

  test('after a failure is the next attempt: the same names, a new run, the earlier attempt on record', async () => {
    const failed = await world.deploy({ workspaceName: 'dbw-second-chance' });
    expect(failed.failure?.code).toBe('NOTEBOOK_FAILED');

    const second = await world.start({ workspaceName: 'dbw-second-chance' });
    expect(second).toMatchObject({
      id: failed.id,
      attempt: 2,
      earlierAttempts: [{ attempt: 1, outcome: 'Failed', startedAt: failed.createdTime }],
    });
    expect((await world.call(failed.statusQueryGetUri, { key: '' })).status).toBe(202);
    const ended = await world.finish(second.id);
    expect(ended.failure).toBeUndefined();
    expect(ended.links.job).toBe(failed.links.job);
    expect(ended.links.runmeRun).not.toBe(failed.links.runmeRun);
    expect(await inventoryOf(world.cloud, 'dbw-second-chance')).toEqual({ ...oneOfEach, runs: 2 });
  });
});

interface Summary {
  id: string;
  workspaceName: string;
  runtimeStatus: string;
  createdTime: string;
}

async function listed(query = ''): Promise<Summary[]> {
  const response = await world.call(`/api/deployments${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { deployments: Summary[] }).deployments;
}

describe('the list', () => {
  test('shows the newest deployment first, and no child orchestrations', async () => {
    await world.pass(60);
    const { id } = await world.start({ workspaceName: 'dbw-newest' });
    const all = await listed();
    expect(all[0]).toMatchObject({ id, workspaceName: 'dbw-newest', runtimeStatus: 'Running' });
    const times = all.map(({ createdTime }) => Date.parse(createdTime));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(new Set(all.map((one) => one.id)).size).toBe(all.length);
    for (const one of all) expect(one.id).toMatch(/^[0-9a-f]{24}$/);
  });

  test('is filtered by state, by time and by number', async () => {
    // What the tests before have started goes on by itself.
    await world.host.idle();
    const [newest] = await listed();
    const completed = await listed('?status=Completed');
    expect(completed.length).toBeGreaterThan(0);
    for (const { runtimeStatus } of completed) expect(runtimeStatus).toBe('Completed');
    expect(await listed('?limit=1')).toEqual([newest]);
    const since = new Date(Date.parse(newest?.createdTime ?? '') - 1000).toISOString();
    expect(await listed(`?since=${since}`)).toEqual([newest]);
  });

  test.each([
    ['?limit=0', '?limit'],
    ['?limit=201', '?limit'],
    ['?limit=many', '?limit'],
    ['?status=running', '?status'],
    ['?since=yesterday', '?since'],
    ['?since=%2B123456-01-01T00:00:00Z', '?since'],
    ['?state=Failed', '?state'],
  ])('refuses %s with 422', async (query, pointer) => {
    const response = await world.call(`/api/deployments${query}`);
    expect(response.status).toBe(422);
    expect((await problemOf(response)).errors?.map((error) => error.pointer)).toEqual([pointer]);
  });
});

test('too many deployments at once are refused with 429 until one of them is over', async () => {
  const running = (await listed('?status=Running&limit=200')).map(({ id }) => id);
  while (running.length < mostActive)
    running.push((await world.start({ workspaceName: `dbw-many-${running.length}` })).id);
  const oneMore = wish({ workspaceName: 'dbw-one-more' });
  const refused = await post(oneMore);
  expect(refused.status).toBe(429);
  expect((await problemOf(refused)).code).toBe('TOO_MANY_DEPLOYMENTS');

  await world.until(() => running.some((id) => world.isOver(id)));
  expect((await post(oneMore)).status).toBe(202);
});
