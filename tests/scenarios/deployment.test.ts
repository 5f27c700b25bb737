import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PollingPlan } from '../../domain/polling.ts';
import type { StepStatus } from '../../domain/status.ts';
import type { DeployInput } from '../../domain/steps.ts';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
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
    'preflight done',
    'identity done',
    'workspace done',
    'role done',
    'storage done',
    'principal done',
    'compute done',
    'repository done',
    'job done',
    'run done',
    'notebooks done',
    'warehouse done',
    'verification done',
  ]);
  expect(ended.runs.map(({ role, state }) => `${role} ${state}`)).toEqual(['RUNME succeeded', 'notebooks succeeded']);
  expect(ended.results).toMatchObject({ metrics: { test_r2_score: 0.99 } });
  expect(Object.keys(ended.links).sort()).toEqual([
    'job',
    'mlflowRun',
    'model',
    'notebooksRun',
    'portal',
    'runmeRun',
    'tables',
    'warehouse',
    'workspace',
  ]);
});

test('a deployment shows the rows, metrics, run and model that its warehouse and MLflow have confirmed, with their pages', async () => {
  const ended = await world.deploy({ workspaceName: 'dbw-proven' });
  const { url } = world.workspace('dbw-proven');
  const at = 'dbw_proven.implied_volatility';
  const table = (role: string, rows: number): object => ({
    role,
    name: `${at}.${role}`,
    rows,
    url: `${url}/explore/data/dbw_proven/implied_volatility/${role}`,
  });
  expect(ended.verified).toEqual({
    tables: [table('features', 1000), table('labels', 1000), table('evaluation', 3)],
    metrics: { test_r2_score: 0.99, relative_error_mean_percent: 1.05 },
    mlflowRun: {
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      status: 'FINISHED',
      url: expect.stringMatching(`^${url}/ml/experiments/\\d+/runs/[0-9a-f]{32}$`),
    },
    model: {
      name: `${at}.implied_volatility`,
      version: '1',
      url: `${url}/explore/data/models/dbw_proven/implied_volatility/implied_volatility/version/1`,
    },
    warehouse: {
      id: expect.stringMatching(/^[0-9a-f]{16}$/),
      url: expect.stringMatching(`^${url}/sql/warehouses/[0-9a-f]{16}$`),
    },
  });
  expect(ended.links).toMatchObject({
    tables: { evaluation: ended.verified?.tables[2]?.url },
    mlflowRun: ended.verified?.mlflowRun.url,
    model: ended.verified?.model.url,
    warehouse: ended.verified?.warehouse.url,
  });
});

test('the proof takes at most ten remote calls, and its warehouse stops by itself', async () => {
  const ended = await world.deploy({ workspaceName: 'dbw-calls' });
  const { requests } = world.workspace('dbw-calls');
  const startedMs = Date.parse(ended.steps.find(({ name }) => name === 'verification')?.startedAt ?? '');
  const calls = requests
    .filter(({ atMs }) => atMs >= startedMs)
    .filter(({ path }) => /sql\/1\.0|mlflow|models/.test(path));
  expect(calls.map(({ status }) => status)).toEqual(calls.map(() => 200));
  expect(calls.length).toBeGreaterThan(4);
  expect(calls.length).toBeLessThanOrEqual(10);

  const api = cloudCaller(world.cloud);
  const stateOf = async (): Promise<unknown> => {
    const id = ended.verified?.warehouse.id ?? '';
    const { body } = await api.databricks('dbw-calls', 'GET', `/api/2.0/sql/warehouses/${id}`);
    return { state: body['state'], sessions: body['num_active_sessions'] };
  };
  expect(await stateOf()).toEqual({ state: 'RUNNING', sessions: 0 });
  await world.pass(601);
  expect(await stateOf()).toEqual({ state: 'STOPPED', sessions: 0 });
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

test('a deployment that was started before there were proofs goes on and ends without one', async () => {
  const { deployment, polling } = await inputOf('dbw-older');
  const older: DeployInput = { deployment, polling, earlierAttempts: [] };
  const path = `/runtime/webhooks/durabletask/orchestrators/deploy/${deployment.id}`;
  const query = `version=1.0&code=${world.host.keys.durable}`;
  const started = await world.call(`${path}?${query}`, { method: 'POST', key: '', body: older });
  expect(started.status).toBe(202);
  const ended = await world.finish(deployment.id);
  expect(ended).toMatchObject({ runtimeStatus: 'Completed', results: { metrics: { test_r2_score: 0.99 } } });
  expect(ended.steps.at(-1)).toMatchObject({ name: 'notebooks', state: 'done' });
  expect(ended.verified).toBeUndefined();
  expect(world.workspace('dbw-older').requests.filter(({ path }) => path.includes('/sql/'))).toEqual([]);
});

/** What the trigger hands to a deployment of this workspace, with a polling plan as it was before there were warehouses. */
async function inputOf(workspaceName: string): Promise<DeployInput> {
  const { id } = await world.start({ workspaceName });
  const path = `/runtime/webhooks/durabletask/instances/${id}`;
  const query = `showInput=true&code=${world.host.keys.durable}`;
  const { input } = (await (await world.call(`${path}?${query}`, { key: '' })).json()) as { input: DeployInput };
  await world.call(`${path}/terminate?reason=test&code=${world.host.keys.durable}`, { method: 'POST', key: '' });
  await world.pass(1);
  const { verify: _verify, ...accelerator } = input.deployment.accelerator;
  const { warehouse: _warehouse, ...expectedSeconds } = input.polling.expectedSeconds;
  return {
    ...input,
    deployment: { ...input.deployment, accelerator },
    polling: { ...input.polling, expectedSeconds: expectedSeconds as PollingPlan['expectedSeconds'] },
  };
}
