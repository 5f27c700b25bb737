import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StepStatus } from '../../domain/status.ts';
import { startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

test('one request deploys the accelerator: workspace, job, RUNME and the notebooks, with links and results', async () => {
  const started = await world.start({ resourceGroup: 'rg-volatility', workspaceName: 'dbw-first' });
  const ended = await world.finish(started.id);

  expect(ended.failure).toBeUndefined();
  expect(ended.runtimeStatus).toBe('Completed');
  expect(ended.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'identity done',
    'workspace done',
    'role done',
    'storage done',
    'principal done',
    'repository done',
    'job done',
    'run done',
    'notebooks done',
  ]);
  expect(ended.runs.map(({ role, state }) => `${role} ${state}`)).toEqual(['RUNME succeeded', 'notebooks succeeded']);
  expect(ended.results).toMatchObject({ metrics: { test_r2_score: 0.99 } });
  expect(Object.keys(ended.links).sort()).toEqual(['job', 'notebooksRun', 'portal', 'runmeRun', 'workspace']);
});

test('the wait for storage shows what it waits for and how long it has waited', async () => {
  const { id } = await world.start({ workspaceName: 'dbw-storage' });
  const storageOf = async (): Promise<StepStatus | undefined> =>
    (await world.read(id)).steps.find(({ name }) => name === 'storage');
  await world.until(async () => ((await storageOf())?.waitedSeconds ?? 0) > 0);
  expect(await storageOf()).toMatchObject({ state: 'waiting', reason: expect.stringContaining('StorageException') });
  expect((await world.finish(id)).failure).toBeUndefined();
});

test('a deployment that the backend has forgotten runs anew, although Databricks still knows its run', async () => {
  const forgotten = await world.finish((await world.start({ workspaceName: 'dbw-forgotten' })).id);
  const webhook = `${world.host.url}/runtime/webhooks/durabletask/instances/${forgotten.id}`;
  const purged = await fetch(`${webhook}?code=${world.host.keys.durable}`, { method: 'DELETE' });
  expect(purged.status).toBe(200);

  const anew = await world.start({ workspaceName: 'dbw-forgotten' });
  expect(anew).toMatchObject({ id: forgotten.id, attempt: 1, runtimeStatus: 'Running' });
  const ended = await world.finish(anew.id);
  expect(ended.failure).toBeUndefined();
  expect(ended.links.runmeRun).not.toBe(forgotten.links.runmeRun);
  expect(ended.links.job).toBe(forgotten.links.job);
});

test('a status link stays the one that it was, so that reading does not prolong it', async () => {
  const [listed] = ((await (await world.call('/api/deployments')).json()) as { deployments: { id: string }[] })
    .deployments;
  const { statusQueryGetUri } = await world.read(listed?.id ?? '');
  const read = (await (await fetch(statusQueryGetUri)).json()) as { statusQueryGetUri: string };
  expect(read.statusQueryGetUri).toBe(statusQueryGetUri);
});
