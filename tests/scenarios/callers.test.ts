import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { startWorld, type World } from '../support/world.ts';

const mostStarts = 3;
let world: World;
beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: () => ({ WEBSITE_AUTH_ENABLED: 'True', MAX_STARTS_PER_HOUR: String(mostStarts) }),
  });
});
afterEach(() => vi.useRealTimers());
afterAll(() => world.close());

/** What App Service adds to the request of someone that it has authenticated. */
function signedIn(name: string, ...roles: string[]): Record<string, string> {
  const claims = roles.map((val) => ({ typ: 'roles', val }));
  const principal = { auth_typ: 'aad', claims, name_typ: 'name', role_typ: 'roles' };
  return {
    'x-ms-client-principal': Buffer.from(JSON.stringify(principal)).toString('base64'),
    'x-ms-client-principal-id': `id-of-${name}`,
    'x-ms-client-principal-name': name,
  };
}

const post = (workspaceName: string, headers: Record<string, string>): Promise<Response> =>
  world.call('/api/deployments', {
    method: 'POST',
    body: { resourceGroup: 'rg-volatility', workspaceName },
    headers,
  });

/** Lets the app, which counts the hour by the machine's clock, go by the clock of the world. */
const followWorld = (): unknown => vi.useFakeTimers({ toFake: ['Date'], now: world.clock.now() });

describe('whoever starts a deployment', () => {
  test('is named in its record and in the list, and nothing else of the person is told', async () => {
    const response = await post('dbw-named', signedIn('ann@example.test', 'Deployer'));
    expect(response.status).toBe(202);
    const started = (await response.json()) as StatusResource;
    expect(started.requestedBy).toBe('ann@example.test');
    const ended = await world.finish(started.id);
    expect(ended).toMatchObject({ runtimeStatus: 'Completed', requestedBy: 'ann@example.test' });
    expect(JSON.stringify(ended)).not.toContain('id-of-ann');
    const list = await (await world.call('/api/deployments')).text();
    expect(list).toContain('"requestedBy":"ann@example.test"');
  });

  test('needs the role of a deployer, while a reader may read', async () => {
    const reader = signedIn('rob@example.test', 'Reader');
    const refused = await post('dbw-refused', reader);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'CALLER_NOT_ALLOWED', status: 403 });
    const list = await world.call('/api/deployments', { headers: reader });
    expect(list.status).toBe(200);
    const { deployments } = (await list.json()) as { deployments: { id: string; workspaceName: string }[] };
    expect(deployments.map(({ workspaceName }) => workspaceName)).not.toContain('dbw-refused');
    const [known] = deployments;
    expect((await world.call(`/api/deployments/${known?.id ?? ''}`, { headers: reader })).ok).toBe(true);
  });

  test('is not let in by a role without the function key', async () => {
    const answer = await world.call('/api/deployments', { key: '', headers: signedIn('ann', 'Deployer') });
    expect(answer.status).toBe(401);
  });

  test('with a role of another app may not even read', async () => {
    const auditor = signedIn('eve@example.test', 'Auditor');
    expect((await world.call('/api/deployments', { headers: auditor })).status).toBe(403);
  });

  test('hands out a status link that needs neither role nor key', async () => {
    const started = (await (await post('dbw-linked', signedIn('lin', 'Deployer'))).json()) as StatusResource;
    const link = await world.call(started.statusQueryGetUri, { key: '', headers: signedIn('eve', 'Auditor') });
    expect(link.status).toBe(202);
    await world.finish(started.id);
  });
});

describe('a caller who starts too much', () => {
  test('is refused with the time to wait, while others may go on, and may start again after it', async () => {
    followWorld();
    const busy = signedIn('busy@example.test', 'Deployer');
    for (let i = 0; i < mostStarts; i++) {
      expect((await post(`dbw-busy-${i}`, busy)).status).toBe(202);
      await world.pass(60);
      followWorld();
    }
    const refused = await post('dbw-busy-more', busy);
    expect(refused.status).toBe(429);
    const problem = (await refused.json()) as { code: string; retryAfterSeconds: number };
    expect(problem).toMatchObject({ code: 'TOO_MANY_STARTS', status: 429 });
    expect(problem.retryAfterSeconds).toBe(3600 - mostStarts * 60);
    expect(refused.headers.get('retry-after')).toBe(String(problem.retryAfterSeconds));

    expect((await post('dbw-other', signedIn('other@example.test', 'Deployer'))).status).toBe(202);
    // To ask for what one has started already is no start.
    expect((await post('dbw-busy-0', busy)).ok).toBe(true);

    await world.pass(problem.retryAfterSeconds);
    followWorld();
    expect((await post('dbw-busy-more', busy)).status).toBe(202);
  });

  test('is one and the same caller for all who come with the function key alone', async () => {
    followWorld();
    const answers = [];
    for (let i = 0; i <= mostStarts; i++) answers.push((await post(`dbw-key-${i}`, {})).status);
    expect(answers).toEqual([202, 202, 202, 429]);
  });
});
