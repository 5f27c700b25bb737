import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { signedIn } from '../support/signedIn.ts';
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
