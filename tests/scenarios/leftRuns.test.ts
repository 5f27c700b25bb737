import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { watchInstanceId } from '../../domain/ids.ts';
import type { StatusResource } from '../../domain/status.ts';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({
    // Long enough to be met at work.
    script: { ...quickScript, '02_create_features': { seconds: 7200 } },
    latencies: quickLatencies,
    settings: () => ({ WEBSITE_AUTH_ENABLED: 'True' }),
  });
});
afterAll(() => world.close());

const post = (id: string, what: 'cancel' | 'retry', headers: Record<string, string> = {}): Promise<Response> =>
  world.call(`/api/deployments/${id}/${what}`, { method: 'POST', headers });

const stepOf = ({ steps }: StatusResource, name: string): string | undefined =>
  steps.find((step) => step.name === name)?.state;

async function startUntilNotebooksRun(workspaceName: string): Promise<string> {
  const { id } = await world.start({ workspaceName });
  await world.until(async () =>
    (await world.read(id)).runs.some(({ role, state }) => role === 'notebooks' && state === 'running'),
  );
  return id;
}

async function terminate(id: string): Promise<void> {
  const path = `/runtime/webhooks/durabletask/instances/${id}/terminate?reason=x&code=${world.host.keys.durable}`;
  await world.call(path, { method: 'POST', key: '' });
  await world.host.idle();
}

const noSuchBranch = { error_code: 'GIT_UNKNOWN_REF', message: 'There is no such branch.' };
const noBranch = { method: 'PATCH', path: '/api/2.0/repos/*', status: 404, body: noSuchBranch };

async function activeRuns(workspaceName: string): Promise<unknown[]> {
  const path = '/api/2.2/jobs/runs/list?active_only=true';
  const { runs = [] } = (await cloudCaller(world.cloud).databricks(workspaceName, 'GET', path)).body;
  return runs as unknown[];
}

/** The calls by which runs begin and end, in their order. */
const startsAndEnds = (workspaceName: string): string[] =>
  world
    .workspace(workspaceName)
    .requests.flatMap(({ path }) => /\/jobs\/(run-now|runs\/cancel)$/.exec(path)?.[1] ?? []);

describe('runs that nobody has ended', () => {
  test('are ended before another run begins, also when an attempt between failed before that', async () => {
    const name = 'dbw-between';
    const id = await startUntilNotebooksRun(name);
    await terminate(id);
    await setFault(world.workspace(name), noBranch);
    await post(id, 'retry');
    expect((await world.finish(id)).failure).toMatchObject({ code: 'REPOSITORY_FAILED', step: 'repository' });
    // It might repair the run beside the next one.
    expect(world.isOver(watchInstanceId(id, 1))).toBe(true);

    const before = startsAndEnds(name).length;
    await post(id, 'retry');
    await world.until(async () => stepOf(await world.read(id), 'notebooks') === 'waiting');
    expect(startsAndEnds(name).slice(before)).toEqual(['runs/cancel', 'run-now']);
    await post(id, 'cancel');
    expect((await world.finish(id)).state).toBe('Cancelled');
    expect(await activeRuns(name)).toEqual([]);
  });

  test('because Databricks does not answer are told of, and the next attempt ends them', async () => {
    const name = 'dbw-silent';
    const id = await startUntilNotebooksRun(name);
    const server = world.workspace(name);
    await setFault(server, { method: '*', path: '*', status: 503, times: 1_000_000 });
    await world.until(async () => stepOf(await world.read(id), 'notebooks') === 'retrying');
    await post(id, 'cancel');
    const ended = await world.finish(id);
    expect(ended).toMatchObject({ state: 'Cancelled', failure: { code: 'CANCELLED', step: 'notebooks' } });
    expect(stepOf(ended, 'notebooks')).toBe('cancelled');
    expect(ended.remains?.filter(({ kind }) => kind === 'active run')).toEqual([
      expect.objectContaining({ link: ended.links.runmeRun }),
    ]);
    server.faults.clear();
    expect(await activeRuns(name)).not.toEqual([]);

    const before = startsAndEnds(name).length;
    await post(id, 'retry');
    await world.until(async () => stepOf(await world.read(id), 'notebooks') === 'waiting');
    expect(startsAndEnds(name).slice(before)).toEqual(['runs/cancel', 'run-now']);
    await post(id, 'cancel');
    await world.finish(id);
  });

  test('and that will not end keep the next attempt from starting another', async () => {
    const name = 'dbw-stubborn';
    const id = await startUntilNotebooksRun(name);
    await terminate(id);
    const refused = { error_code: 'INVALID_PARAMETER_VALUE', message: 'Cannot be cancelled.' };
    await setFault(world.workspace(name), {
      method: 'POST',
      path: '*/jobs/runs/cancel',
      status: 400,
      body: refused,
      times: 1_000_000,
    });
    const before = startsAndEnds(name).length;
    await post(id, 'retry');
    const ended = await world.finish(id);
    expect(ended.failure).toMatchObject({ code: 'RUN_NOT_ENDED' });
    expect(startsAndEnds(name).slice(before)).not.toContain('run-now');
    expect(ended.remains?.some(({ kind }) => kind === 'active run')).toBe(true);
  });
});

test('whoever cancels is named, also when it is a child orchestration that is stopped', async () => {
  const id = await startUntilNotebooksRun('dbw-by');
  await post(id, 'cancel', { 'x-ms-client-principal-name': 'ada@example.com' });
  expect((await world.finish(id)).failure?.message).toBe('The deployment was cancelled by ada@example.com.');
});
