import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

const troubles: Record<string, { kind: string } & Record<string, unknown>> = {};
let world: World;
beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    onWorkspace: (name, server) => {
      const trouble = troubles[name];
      if (trouble) void setScenario(server, trouble);
    },
  });
});
afterAll(() => world.close());

const retry = (id: string, body?: unknown): Promise<Response> =>
  world.call(`/api/deployments/${id}/retry`, { method: 'POST', ...(body !== undefined && { body }) });

const states = ({ steps }: StatusResource): string[] => steps.map(({ name, state }) => `${name} ${state}`);

describe('a retry', () => {
  test('goes on at the failed step with what is there, as the next attempt, with fewer than ten calls before the run', async () => {
    troubles['dbw-again'] = { kind: 'taskFails', taskKey: 'PIV_02' };
    const failed = await world.deploy({ workspaceName: 'dbw-again' });
    expect(failed.failure?.code).toBe('NOTEBOOK_FAILED');
    const server = world.workspace('dbw-again');
    const before = [server.requests.length, world.cloud.azure.arm.requests.length] as const;

    const answer = await retry(failed.id);
    expect(answer.status).toBe(202);
    const ended = await world.finish(failed.id);
    expect(ended.failure).toBeUndefined();
    expect(ended).toMatchObject({
      state: 'Succeeded',
      attempt: 2,
      earlierAttempts: [{ attempt: 1, outcome: 'Failed', code: 'NOTEBOOK_FAILED', step: 'notebooks' }],
    });
    expect(states(ended)).toEqual([
      'preflight kept',
      'identity kept',
      'workspace kept',
      'role kept',
      'storage kept',
      'principal kept',
      'compute kept',
      'repository done',
      'job done',
      'run done',
      'notebooks done',
      'warehouse done',
      'verification done',
    ]);
    const calls = server.requests.slice(before[0]);
    const resubmitted = calls.findIndex(({ path }) => path.endsWith('/jobs/run-now')) + 1;
    const azure = world.cloud.azure.arm.requests.slice(before[1]).filter(({ path }) => path.includes('dbw-again'));
    expect(resubmitted).toBeGreaterThan(0);
    expect(resubmitted + azure.length).toBeLessThan(10);
    expect(await inventoryOf(world.cloud, 'dbw-again')).toEqual({ ...oneOfEach, runs: 2, childRuns: 2 });
  });

  test('of a failed warehouse does not run the notebooks again', async () => {
    troubles['dbw-warehouse'] = { kind: 'warehouseNeverStarts' };
    const failed = await world.deploy({ workspaceName: 'dbw-warehouse' });
    expect(failed.failure).toMatchObject({ step: 'warehouse' });
    await fetch(`${world.workspace('dbw-warehouse').url}/__scenarios`, { method: 'DELETE' });

    await retry(failed.id);
    await world.until(async () => states(await world.read(failed.id)).includes('warehouse waiting'));
    expect((await world.read(failed.id)).runs.map(({ role }) => role)).toEqual(['RUNME', 'notebooks']);
    const ended = await world.finish(failed.id);
    expect(ended.failure).toBeUndefined();
    expect(states(ended).slice(6)).toEqual([
      'compute kept',
      'repository kept',
      'job kept',
      'run kept',
      'notebooks kept',
      'warehouse done',
      'verification done',
    ]);
    expect(ended.verified?.tables).toHaveLength(3);
    expect(ended.links).toMatchObject({ runmeRun: expect.any(String), notebooksRun: expect.any(String) });
    expect(await inventoryOf(world.cloud, 'dbw-warehouse')).toEqual(oneOfEach);
  });

  test('of a cancelled deployment goes on where it was cancelled', async () => {
    const { id } = await world.start({ workspaceName: 'dbw-cancelled' });
    await world.until(async () =>
      (await world.read(id)).steps.some(({ name, state }) => name === 'workspace' && state === 'waiting'),
    );
    await world.call(`/api/deployments/${id}/cancel`, { method: 'POST' });
    expect((await world.finish(id)).state).toBe('Cancelled');
    await retry(id);
    const ended = await world.finish(id);
    expect(ended).toMatchObject({ state: 'Succeeded', attempt: 2, earlierAttempts: [{ outcome: 'Cancelled' }] });
    expect(await inventoryOf(world.cloud, 'dbw-cancelled')).toEqual(oneOfEach);
  });

  test('of a deployment that somebody terminated goes on as well', async () => {
    const { id } = await world.start({ workspaceName: 'dbw-terminated' });
    await world.until(async () =>
      (await world.read(id)).steps.some(({ name, state }) => name === 'notebooks' && state === 'waiting'),
    );
    const path = `/runtime/webhooks/durabletask/instances/${id}/terminate?reason=x&code=${world.host.keys.durable}`;
    await world.call(path, { method: 'POST', key: '' });
    await world.host.idle();
    expect((await world.read(id)).failure?.code).toBe('TERMINATED');
    await retry(id);
    expect(await world.finish(id)).toMatchObject({ state: 'Succeeded', attempt: 2 });
  });

  test('of a successful deployment runs the accelerator again only when asked to', async () => {
    const { id } = await world.deploy({ workspaceName: 'dbw-rerun' });
    const refused = await retry(id);
    expect(refused.status).toBe(409);
    expect(await refused.json()).toMatchObject({ code: 'NOTHING_TO_RETRY' });

    expect((await retry(id, { rerun: true })).status).toBe(202);
    const ended = await world.finish(id);
    expect(ended).toMatchObject({ state: 'Succeeded', attempt: 2, earlierAttempts: [{ outcome: 'Succeeded' }] });
    expect(await inventoryOf(world.cloud, 'dbw-rerun')).toEqual({ ...oneOfEach, runs: 2, childRuns: 2 });
  });

  test('of one that is running is refused', async () => {
    const { id } = await world.start({ workspaceName: 'dbw-active' });
    const answer = await retry(id);
    expect(answer.status).toBe(409);
    expect(await answer.json()).toMatchObject({ code: 'DEPLOYMENT_ACTIVE' });
    await world.finish(id);
  });

  test.each(['{"rerun":"yes"}', '{"again":true}', '[]', '"x"', '7', '{'])(
    'with the body %s is refused',
    async (body) => {
      const answer = await retry('0123456789abcdef01234567', body);
      expect([400, 422]).toContain(answer.status);
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
    },
  );
});
