import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureIdentity } from '../../activities/ensureIdentity.ts';
import { readManagedGroup } from '../../activities/readManagedGroup.ts';
import { readRemoval } from '../../activities/readRemoval.ts';
import { readRemovedWorkspace } from '../../activities/readRemovedWorkspace.ts';
import { removeData } from '../../activities/removeData.ts';
import { removeFolder } from '../../activities/removeFolder.ts';
import { removeIdentity } from '../../activities/removeIdentity.ts';
import { removeJobs } from '../../activities/removeJobs.ts';
import { removePrincipal } from '../../activities/removePrincipal.ts';
import { removeRole } from '../../activities/removeRole.ts';
import { removeWarehouse } from '../../activities/removeWarehouse.ts';
import { removeWorkspace } from '../../activities/removeWorkspace.ts';
import { cancelRuns } from '../../activities/cancelRuns.ts';
import { submitRun } from '../../activities/submitRun.ts';
import { ensureJob } from '../../activities/ensureJob.ts';
import { ensureRepo } from '../../activities/ensureRepo.ts';
import { ownerTag } from '../../domain/ids.ts';
import type { RemovalItem } from '../../domain/removal.ts';
import type { Deployment, Workspace } from '../../domain/steps.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import { type CloudAnswer, cloudCaller, identitiesVersion, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import { deployByHand } from '../support/deployByHand.ts';
import { quickLatencies } from '../../local/simulation/quickCloud.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { setFault, setScenario } from '../support/world.ts';

const name = 'ws-removal';
let activities: ActivityCloud;
let deployment: Deployment;
let workspace: Workspace;
let server: ApiServer;
beforeAll(async () => {
  activities = await startActivityCloud();
  deployment = activities.deployment(name);
  workspace = await activities.readyWorkspace(deployment);
  server = findWorkspace(activities.cloud, name);
  await deployByHand(activities, deployment, workspace);
  // From here on it is somebody else's workspace.
  await tagWorkspace({ owner: 'somebody' });
});
beforeEach(() => {
  server.faults.clear();
  activities.cloud.azure.arm.faults.clear();
});
afterAll(() => activities.cloud.close());

const workspacePath = (of = name): string => `/providers/Microsoft.Databricks/workspaces/${of}`;
const tagWorkspace = (tags: Record<string, string>): Promise<CloudAnswer> =>
  cloudCaller(activities.cloud).arm('PATCH', workspacePath(), workspacesVersion, { tags });
const api = async (method: string, path: string, body?: unknown): Promise<CloudAnswer['body']> => {
  const answer = await cloudCaller(activities.cloud).databricks(name, method, path, body);
  expect([path, answer.status, answer.body]).toEqual([path, expect.toBeOneOf([200, 201]), expect.anything()]);
  return answer.body;
};
const input = () => ({ ...deployment, workspace });
const scope = { ownsWorkspace: false, shared: false };
const kindsOf = (items: RemovalItem[]): string[] => items.map(({ kind, name: of }) => `${kind} ${of}`);
const loseReply = (method: string, path: string): Promise<void> =>
  setFault(server, { method, path, reset: true, when: 'after' });
const writes = (): string[] =>
  [...server.requests, ...activities.cloud.azure.arm.requests]
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/search'))
    .map(({ method, path }) => `${method} ${path}`);

describe('readRemoval', () => {
  test('shows what a deletion removes and leaves, with and without the results, and writes nothing', async () => {
    const before = writes();
    const { plan, scope: seen, refusal } = await readRemoval({ ...deployment, data: false });
    expect(refusal).toBeUndefined();
    expect(seen).toMatchObject({ ownsWorkspace: false, shared: false, workspace });
    const home = /\/Users\/[\w-]+/.exec(plan.remove.find(({ kind }) => kind === 'gitFolder')?.name ?? '')?.[0] ?? '';
    const own = [
      `job [RUNNER] implied volatility ${home}/predicting-implied-volatility/notebooks`,
      `job accelerator predicting-implied-volatility ${deployment.id}`,
      `gitFolder ${home}/predicting-implied-volatility`,
      `warehouse accelerator-${deployment.id}`,
      `roleAssignment id-${name}`,
      `identity id-${name}`,
      `servicePrincipal id-${name}`,
    ];
    const results = [
      'table ws_removal.implied_volatility.evaluation',
      'table ws_removal.implied_volatility.features',
      'table ws_removal.implied_volatility.labels',
      'schema ws_removal.implied_volatility',
      'model ws_removal.implied_volatility.implied_volatility',
      `experiment ${home}/implied_volatility`,
    ];
    expect(kindsOf(plan.remove).toSorted()).toEqual(own.toSorted());
    expect(kindsOf(plan.keep).toSorted()).toEqual([...results, `workspace ${name}`].toSorted());
    const withData = (await readRemoval({ ...deployment, data: true })).plan;
    expect(kindsOf(withData.remove).toSorted()).toEqual([...own, ...results].toSorted());
    expect(kindsOf(withData.keep)).toEqual([`workspace ${name}`]);
    expect(writes()).toEqual(before);
  });

  test('refuses when another deployment works in the workspace with the identity of this one', async () => {
    const other = 'f'.repeat(24);
    const { job_id: job } = await api('POST', '/api/2.2/jobs/create', { ...oneTask, tags: { [ownerTag]: other } });
    const { refusal, scope: seen, plan } = await readRemoval({ ...deployment, data: false });
    expect(refusal).toContain(other);
    expect(seen.shared).toBe(true);
    expect(kindsOf(plan.keep)).toContain(`roleAssignment id-${name}`);
    await api('POST', '/api/2.2/jobs/delete', { job_id: String(job) });
  });

  test('refuses when another deployment is running in the workspace that has nothing in it yet', async () => {
    const neighbours = ['e'.repeat(24)];
    const { refusal, scope: seen } = await readRemoval({ ...deployment, data: false, neighbours });
    expect(refusal).toContain(neighbours[0]);
    expect(seen.shared).toBe(true);
  });

  test('tells what cannot be looked at, and plans the rest', async () => {
    const denied = { status: 403, body: { error_code: 'PERMISSION_DENIED', message: 'Registry is switched off.' } };
    await setFault(server, { method: 'GET', path: '/api/2.0/mlflow/model-versions/search', ...denied });
    const { plan } = await readRemoval({ ...deployment, data: true });
    expect(plan.warnings).toEqual([expect.stringContaining('registry')]);
    expect(kindsOf(plan.remove)).toContain('table ws_removal.implied_volatility.labels');
  });

  test.each([
    ['a page for the list of identities', '*/userAssignedIdentities', '<html>Sign in</html>'],
    ['nothing for the list of roles', '*/roleAssignments', undefined],
    ['an object without items for the list of roles', '*/roleAssignments', {}],
    ['nothing for the list of jobs', '/api/2.2/jobs/list', undefined],
    ['a list for the list of jobs', '/api/2.2/jobs/list', []],
  ])('never takes %s for an empty one', async (_what, path, body) => {
    const of = path.startsWith('*') ? activities.cloud.azure.arm : server;
    await setFault(of, { method: 'GET', path, status: 200, body });
    expect(await failureOf(readRemoval({ ...deployment, data: true }))).toMatchObject({
      code: 'ANSWER_INVALID',
      retryable: true,
    });
  });
});

const oneTask = {
  name: 'somebody’s job',
  tasks: [
    {
      task_key: 'only',
      notebook_task: { notebook_path: '/Users/somebody/notebook' },
      new_cluster: { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 },
    },
  ],
};

describe('cancelRuns', () => {
  test('cancels the active runs of the deployment’s jobs and no others, until there are none', async () => {
    const { job_id: theirs } = await api('POST', '/api/2.2/jobs/create', oneTask);
    const { run_id: running } = await api('POST', '/api/2.2/jobs/run-now', { job_id: String(theirs) });
    const job = await ensureJob({ ...input(), repository: await ensureRepo(input()) });
    const { runId } = await submitRun({ ...input(), attempt: 2, job });
    await loseReply('POST', '/api/2.2/jobs/runs/cancel');
    expect(await failureOf(cancelRuns(input()))).toMatchObject({ code: 'DATABRICKS_UNAVAILABLE', retryable: true });
    let looks = 0;
    for (; (await cancelRuns(input())).active.length > 0 && looks < 9; looks++) activities.clock.advance(10_000);
    expect(looks).toBeLessThan(9);
    const stateOf = async (run: unknown): Promise<unknown> =>
      (await api('GET', `/api/2.2/jobs/runs/get?run_id=${String(run)}`))['state'];
    expect(await stateOf(runId)).toMatchObject({ result_state: 'CANCELED' });
    expect(await stateOf(running)).not.toMatchObject({ result_state: 'CANCELED' });
    await api('POST', '/api/2.2/jobs/runs/cancel', { run_id: String(running) });
  });

  test('leaves a run that began after it was asked to the next call, and says that it is active', async () => {
    const job = await ensureJob({ ...input(), repository: await ensureRepo(input()) });
    const askedMs = activities.clock.now();
    activities.clock.advance(1);
    const { runId } = await submitRun({ ...input(), attempt: 3, job });
    expect((await cancelRuns({ ...input(), askedMs })).active).toMatchObject([{ runId }]);
    activities.clock.advance(1);
    expect((await cancelRuns({ ...input(), askedMs })).active).toMatchObject([{ runId }]);
    await cancelRuns({ ...input(), askedMs: activities.clock.now() });
    activities.clock.advance(10_000);
    expect((await cancelRuns(input())).active).toEqual([]);
  });
});

describe('removeData', () => {
  const mlflow = '/api/2.0/mlflow';
  const experimentOf = async (): Promise<string> => {
    const found = await api('POST', `${mlflow}/experiments/search`, { view_type: 'ALL' });
    return String((found['experiments'] as { experiment_id: string }[])[0]?.experiment_id);
  };

  test('leaves what another deployment wrote last, models with versions of others, experiments with runs of others', async () => {
    const other = 'e'.repeat(24);
    const tables = activities.compute.tablesIn('ws_removal');
    const labels = 'ws_removal.implied_volatility.labels';
    const ours = tables.get(labels);
    tables.write(labels, { columns: [], groups: [], properties: { [ownerTag]: other } });
    const experiment = await experimentOf();
    const { run } = await api('POST', `${mlflow}/runs/create`, {
      experiment_id: experiment,
      tags: [{ key: ownerTag, value: other }],
    });
    const theirs = (run as { info: { run_id: string } }).info.run_id;
    const model = 'ws_removal.implied_volatility.implied_volatility';
    const version = { name: model, source: `runs:/${theirs}/model`, run_id: theirs };
    await api('POST', `${mlflow}/unity-catalog/model-versions/create`, version);

    const first = await removeData(input());
    expect(kindsOf(first.removed)).toEqual([
      'table ws_removal.implied_volatility.evaluation',
      'table ws_removal.implied_volatility.features',
      `modelVersion ${model} version 1`,
      expect.stringMatching(/^mlflowRun /),
    ]);
    expect(kindsOf(first.kept)).toEqual([
      `table ${labels}`,
      `model ${model}`,
      'schema ws_removal.implied_volatility',
      expect.stringMatching(/^experiment /),
    ]);
    expect(first.kept[0]?.why).toContain(other);
    expect(tables.get(labels)).toBeDefined();
    await api('GET', `${mlflow}/unity-catalog/model-versions/get?name=${model}&version=2`);
    expect(ours).toBeDefined();
  });

  test('removes the rest once it is the deployment’s alone, also when replies are lost', async () => {
    const tables = activities.compute.tablesIn('ws_removal');
    const place = 'ws_removal.implied_volatility';
    tables.write(`${place}.labels`, { columns: [], groups: [], properties: { [ownerTag]: deployment.id } });
    await api('DELETE', `/api/2.1/unity-catalog/models/${place}.implied_volatility`);
    const experiment = await experimentOf();
    const { runs } = await api('POST', `${mlflow}/runs/search`, { experiment_ids: [experiment] });
    for (const { info } of runs as { info: { run_id: string } }[])
      await api('POST', `${mlflow}/runs/delete`, { run_id: info.run_id });
    for (const [method, path] of [
      ['DELETE', '/api/2.1/unity-catalog/tables/*'],
      ['DELETE', '/api/2.1/unity-catalog/schemas/*'],
      ['POST', `${mlflow}/experiments/delete`],
    ] as const) {
      await loseReply(method, path);
      expect(await failureOf(removeData(input()))).toMatchObject({ retryable: true });
    }
    expect(await removeData(input())).toEqual({ removed: [], kept: [], warnings: [] });
    const { body, status } = await cloudCaller(activities.cloud).databricks(
      name,
      'GET',
      `/api/2.1/unity-catalog/schemas/${place}`,
    );
    expect([status, body['error_code']]).toEqual([404, 'SCHEMA_DOES_NOT_EXIST']);
  });

  test('does not mind that another run of it has removed the experiment meanwhile', async () => {
    const home = /\/Users\/[\w-]+/.exec(JSON.stringify(await readRemoval({ ...deployment, data: false })))?.[0] ?? '';
    const experiment = { name: `${home}/seen-by-both`, tags: [{ key: ownerTag, value: deployment.id }] };
    const { experiment_id: id } = await api('POST', `${mlflow}/experiments/create`, experiment);
    const listed = await api('POST', `${mlflow}/experiments/search`, { filter: `name = '${experiment.name}'` });
    await api('POST', `${mlflow}/experiments/delete`, { experiment_id: id });
    server.faults.add({ method: 'POST', path: `${mlflow}/experiments/search`, status: 200, body: listed });
    expect(kindsOf((await removeData(input())).removed)).toEqual([`experiment ${experiment.name}`]);
  });
});

describe('the removals in a workspace that was only used', () => {
  test('leave a Git folder of another repository, and what no tag calls theirs', async () => {
    const foreign = { ...input(), accelerator: { repositoryUrl: 'https://github.com/somebody/else' } };
    const { removed, kept } = await removeFolder(foreign);
    expect([removed, kept[0]?.why]).toEqual([[], expect.stringContaining(activities.repositoryUrl)]);
    const stranger = { ...input(), id: 'd'.repeat(24) };
    for (const remove of [removeJobs, removeWarehouse, removePrincipal])
      expect(await remove(stranger)).toEqual({ removed: [], kept: [] });
  });

  test('take each thing away once, also when the reply is lost', async () => {
    const steps = [
      [removeJobs, 'POST', '/api/2.2/jobs/delete', 2],
      [removeFolder, 'DELETE', '/api/2.0/repos/*', 1],
      [removeWarehouse, 'DELETE', '/api/2.0/sql/warehouses/*', 1],
      [removePrincipal, 'DELETE', '/api/2.0/preview/scim/v2/ServicePrincipals/*', 1],
    ] as const;
    for (const [remove, method, path, count] of steps) {
      await loseReply(method, path);
      expect(await failureOf(remove(input()))).toMatchObject({ retryable: true });
      expect((await remove(input())).removed).toHaveLength(count - 1);
      expect(await remove(input())).toEqual({ removed: [], kept: [] });
    }
    const { jobs } = await api('GET', '/api/2.2/jobs/list');
    expect((jobs as { settings: { name: string } }[]).map(({ settings }) => settings.name)).toEqual([oneTask.name]);
  });

  test('take the role away that this deployer gave, and then the identity', async () => {
    const shared = await removeRole({ ...deployment, scope: { ...scope, shared: true } });
    expect([shared.removed, shared.kept.length]).toEqual([[], 1]);
    const { azure } = activities.cloud;
    await setFault(azure.arm, { method: 'DELETE', path: '*/roleAssignments/*', reset: true, when: 'after' });
    expect(await failureOf(removeRole({ ...deployment, scope }))).toMatchObject({ retryable: true });
    expect(await removeRole({ ...deployment, scope })).toEqual({ removed: [], kept: [] });
    await setFault(azure.arm, { method: 'DELETE', path: `*/id-${name}`, reset: true, when: 'after' });
    expect(await failureOf(removeIdentity({ ...deployment, scope }))).toMatchObject({ retryable: true });
    expect(await removeIdentity({ ...deployment, scope })).toEqual({ removed: [], kept: [] });
    const gone = await cloudCaller(activities.cloud).arm(
      'GET',
      `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${name}`,
      identitiesVersion,
    );
    expect(gone.status).toBe(404);
  });

  test('never touch the workspace', async () => {
    expect(await removeWorkspace({ ...deployment, scope })).toEqual({ state: 'gone' });
    expect((await cloudCaller(activities.cloud).arm('GET', workspacePath(), workspacesVersion)).body).toMatchObject({
      tags: { owner: 'somebody' },
      properties: { provisioningState: 'Succeeded' },
    });
  });
});

describe('the removal of a workspace', () => {
  const owned = 'ws-removal-own';
  const at = (): Deployment => activities.deployment(owned);
  const own = () => ({ ...at(), scope: { ...scope, ownsWorkspace: true } });
  const groupOf = async (): Promise<string> => (await readRemoval({ ...at(), data: false })).scope.managedGroupId ?? '';

  test('is refused by a lock, with the lock’s scope', async () => {
    await activities.readyWorkspace(at());
    await setScenario(activities.cloud.azure.arm, { kind: 'locked', name: owned });
    const failure = await failureOf(removeWorkspace(own()));
    expect(failure).toMatchObject({ code: 'RESOURCE_LOCKED', retryable: false });
    expect(failure.message).toContain('locked');
    await fetch(`${activities.cloud.azure.arm.url}/__scenarios`, { method: 'DELETE' });
  });

  test.each(['Failed', 'Canceled'])(
    'with a deletion that ended as %s tells why, and not that it had failed before',
    async (state) => {
      const why = { code: 'Broken', message: 'Sorry.' };
      await setScenario(activities.cloud.azure.arm, { kind: 'deletionFails', name: owned, state, ...why });
      const removal = await removeWorkspace(own());
      expect(removal).toMatchObject({ state: 'deleting', retryAfterSeconds: 15 });
      activities.clock.advance(quickLatencies.workspaceSeconds * 1000);
      expect(await readRemovedWorkspace({ ...at(), removal: { state: 'deleting' } })).toEqual({ state: 'failed' });
      const failure = await failureOf(readRemovedWorkspace({ ...at(), removal }));
      expect(failure).toMatchObject({ code: 'REMOVAL_FAILED', message: 'Sorry.', retryable: false });
      await fetch(`${activities.cloud.azure.arm.url}/__scenarios`, { method: 'DELETE' });
    },
  );

  test('is asked for once, by force, and ends with the managed group gone', async () => {
    const managedGroupId = await groupOf();
    await setScenario(activities.cloud.azure.arm, { kind: 'unityEnabled', name: owned });
    await setFault(activities.cloud.azure.arm, { method: 'DELETE', path: `*/${owned}`, reset: true, when: 'after' });
    expect(await failureOf(removeWorkspace(own()))).toMatchObject({ code: 'AZURE_UNAVAILABLE', retryable: true });
    expect(await removeWorkspace(own())).toEqual({ state: 'deleting' });
    expect(await readRemovedWorkspace({ ...at(), removal: { state: 'deleting' } })).toEqual({ state: 'deleting' });
    expect(await readManagedGroup({ managedGroupId })).toEqual({ state: 'hidden' });
    activities.clock.advance(quickLatencies.workspaceSeconds * 1000);
    expect(await readRemovedWorkspace({ ...at(), removal: { state: 'deleting' } })).toEqual({ state: 'gone' });
    expect(await readManagedGroup({ managedGroupId })).toEqual({ state: 'gone' });
    const deletes = activities.cloud.azure.arm.requests.filter(
      ({ method, path }) => method === 'DELETE' && path.includes(`/${owned}?`),
    );
    expect(deletes.at(-1)?.path).toContain('forceDeletion=true');
    expect(await removeWorkspace(own())).toEqual({ state: 'gone' });
  });
});

test('an identity that a deployment in another workspace uses is left', async () => {
  const [first, second] = ['ws-one', 'ws-two'].map((of) => activities.deployment(of, { identityName: 'id-of-both' }));
  if (!first || !second) throw new Error('no deployments');
  await ensureIdentity(first);
  await deployByHand(activities, second, await activities.readyWorkspace(second));
  const { removed, kept } = await removeIdentity({ ...first, scope });
  expect([removed, kept[0]?.why]).toEqual([[], expect.stringContaining('ws-two')]);
  expect((await readRemoval({ ...second, data: false })).plan.keep).toContainEqual(
    expect.objectContaining({ kind: 'identity', why: expect.stringContaining(first.id) as string }),
  );
});

test('a workspace in which another deployment has begun to work since the first look stays', async () => {
  const late = activities.deployment('ws-late');
  const ready = await activities.readyWorkspace(late);
  const wish = { ...late, scope: { ...scope, ownsWorkspace: true, workspace: ready } };
  const path = '/api/2.2/jobs/create';
  const other = 'b'.repeat(24);
  await cloudCaller(activities.cloud).databricks('ws-late', 'POST', path, { ...oneTask, tags: { [ownerTag]: other } });
  const failure = await failureOf(removeWorkspace(wish));
  expect(failure).toMatchObject({ code: 'WORKSPACE_SHARED', retryable: false });
  expect(failure.message).toContain(other);
});

test('the Git folder of an accelerator that is called like the pictures of another one stays', async () => {
  const called = (as: string) => ({ ...input(), accelerator: { ...deployment.accelerator, name: as } });
  const { path } = await ensureRepo(called('surfaces-results'));
  const stranger = { ...called('surfaces'), id: 'c'.repeat(24) };
  expect((await removeData(stranger)).removed).toEqual([]);
  expect((await removeFolder(called('surfaces-results'))).removed).toEqual([{ kind: 'gitFolder', name: path }]);
});
