import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { DeploymentPlan } from '../../domain/preflightPlan.ts';
import type { StatusResource } from '../../domain/status.ts';
import { type CloudCaller, cloudCaller, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import { expectFailure, secondsOf } from '../support/expectFailure.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, setScenario, startWorld, type World } from '../support/world.ts';

let world: World;
let caller: CloudCaller;
/** Trouble of workspaces, by their names, from the moment they are made. */
const troubles: Record<string, { kind: string } & Record<string, unknown>> = {};

beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: ({ ACCELERATORS: usual, ALLOWED_RESOURCE_GROUPS: groups }) => {
      const known = JSON.parse(usual ?? '{}') as Record<string, { repositoryUrl: string }>;
      const repositoryUrl = known['predicting-implied-volatility']?.repositoryUrl;
      return {
        ACCELERATORS: JSON.stringify({ ...known, another: { repositoryUrl, branch: 'main', verify: false } }),
        ALLOWED_RESOURCE_GROUPS: `${groups},rg-missing`,
        ALLOWED_NODE_TYPES: 'Standard_NC4as_T4_v3,Standard_D4ads_v5,Standard_NC6s_v3',
      };
    },
    onWorkspace: (name, server) => {
      const trouble = troubles[name];
      if (trouble) void setScenario(server, trouble);
    },
  });
  caller = cloudCaller(world.cloud);
});
afterAll(() => world.close());
afterEach(async () => {
  await fetch(`${world.cloud.azure.url}/__scenarios`, { method: 'DELETE' });
  world.cloud.azure.arm.faults.clear();
});

const t4 = 'Standard NCASv3_T4 Family';
const scenario = (body: { kind: string } & Record<string, unknown>): Promise<void> =>
  setScenario(world.cloud.azure.arm, body);

/** Everything but reads that any server of the cloud was sent. */
const writes = (): string[] =>
  [world.cloud.azure.arm, ...world.cloud.databricks.workspaces().map(({ server }) => server)].flatMap(({ requests }) =>
    requests.flatMap(({ method, path }) => (method === 'GET' ? [] : [`${method} ${path}`])),
  );

async function plan(request: object, query = 'dryRun=true'): Promise<{ status: number; body: DeploymentPlan }> {
  const body = { resourceGroup: 'rg-volatility', ...request };
  const response = await world.call(`/api/deployments?${query}`, { method: 'POST', body });
  return { status: response.status, body: (await response.json()) as DeploymentPlan };
}

/** A premium workspace that somebody else has made. */
async function makeWorkspace(name: string, sku = 'premium'): Promise<void> {
  const managedResourceGroupId = `/subscriptions/${world.cloud.settings['AZURE_SUBSCRIPTION_ID']}/resourceGroups/managed-${name}`;
  const path = `/providers/Microsoft.Databricks/workspaces/${name}`;
  const { status } = await caller.arm('PUT', path, workspacesVersion, {
    location: 'westeurope',
    sku: { name: sku },
    properties: { managedResourceGroupId, computeMode: 'Hybrid' },
  });
  expect(status).toBe(201);
  await world.pass(quickLatencies.workspaceSeconds + 5);
}

const stateOf = ({ steps }: StatusResource, step: string): string | undefined =>
  steps.find(({ name }) => name === step)?.state;

describe('a deployment ends before anything is made when', () => {
  const group = { kind: 'none' };
  test.each([
    [
      'the provider is not registered',
      { kind: 'providerNotRegistered', namespace: 'Microsoft.Databricks' },
      {},
      'PROVIDER_NOT_REGISTERED',
      'az provider register --namespace Microsoft.Databricks',
    ],
    [
      'the quota of the notebooks’ cluster is 0',
      { kind: 'quota', family: t4, limit: 0 },
      {},
      'QUOTA_TOO_LOW',
      `az quota update --resource-name "${t4}"`,
    ],
    [
      'the quota is too small for the workers that are asked for',
      { kind: 'quota', family: t4, limit: 16 },
      { compute: { workers: 4 } },
      'QUOTA_TOO_LOW',
      '--limit-object value=20',
    ],
    [
      'the resource group is missing',
      group,
      { resourceGroup: 'rg-missing' },
      'RESOURCE_GROUP_MISSING',
      'az group create',
    ],
  ])('%s, with the command that mends it', async (what, trouble, request, code, command) => {
    if (trouble.kind !== 'none') await scenario(trouble);
    const before = writes();
    const ended = await world.deploy({ workspaceName: `dbw-${what.length}`, ...request });
    const failure = expectFailure(ended, code as 'QUOTA_TOO_LOW', 'preflight');
    expect(failure.cause).toContain(command);
    expect(failure.hint).toMatch(/\S/);
    expect(writes()).toEqual(before);
    expect(secondsOf(ended, 'preflight')).toBeLessThan(1);
  });

  test.each([
    ['15.4.x-scala2.12', {}, 'RUNTIME_NOT_OFFERED'],
    ['Standard_NC4as_T4_v3', {}, 'NODE_TYPE_NOT_OFFERED'],
  ])('an existing workspace does not offer %s', async (code, request, error) => {
    const workspaceName = `dbw-there-${error.toLowerCase().slice(0, 4)}`;
    await makeWorkspace(workspaceName);
    await setScenario(world.workspace(workspaceName), { kind: 'notOffered', code });
    const before = writes();
    const ended = await world.deploy({ workspaceName, ...request });
    expect(expectFailure(ended, error as 'RUNTIME_NOT_OFFERED', 'compute').message).toContain(code);
    expect(writes()).toEqual(before);
  });

  test('several things are wrong: it names them all', async () => {
    await scenario({ kind: 'providerNotRegistered', namespace: 'Microsoft.ManagedIdentity' });
    await scenario({ kind: 'quota', family: 'standardDADSv5Family', limit: 0 });
    const ended = await world.deploy({ workspaceName: 'dbw-several' });
    const failure = expectFailure(ended, 'PROVIDER_NOT_REGISTERED', 'preflight');
    expect(failure.message).toContain('Microsoft.ManagedIdentity');
    expect(failure.message).toContain('the cluster of RUNME needs 4 cores');
    expect(failure.cause?.split('\n')).toHaveLength(2);
  });

  test('a role is missing, after the ten minutes that one may take to spread', async () => {
    await scenario({ kind: 'roleMissing', role: 'Role Based Access Control Administrator' });
    const ended = await world.deploy({ workspaceName: 'dbw-role' });
    const failure = expectFailure(ended, 'ROLE_MISSING', 'preflight');
    expect(failure.cause).toContain('az role assignment create');
    expect(secondsOf(ended, 'preflight')).toBeGreaterThan(540);
    expect(secondsOf(ended, 'preflight')).toBeLessThanOrEqual(600);
  });
});

test('a deployment waits for a role that has been given a minute ago', async () => {
  await scenario({ kind: 'roleMissing', role: 'Contributor' });
  const { id } = await world.start({ workspaceName: 'dbw-spreads' });
  await world.pass(60);
  const [first] = (await world.read(id)).steps;
  expect(first).toMatchObject({ name: 'preflight', state: 'retrying', problem: { code: 'ROLE_MISSING' } });
  await fetch(`${world.cloud.azure.url}/__scenarios`, { method: 'DELETE' });
  expect((await world.finish(id)).failure).toBeUndefined();
  expect(await inventoryOf(world.cloud, 'dbw-spreads')).toEqual(oneOfEach);
});

test('a deployment of an identity that may read nothing of the subscription succeeds, with warnings', async () => {
  await scenario({ kind: 'roleMissing', role: 'Accelerator preflight' });
  const { id } = await world.start({ workspaceName: 'dbw-group-only' });
  const ended = await world.finish(id);
  expect(ended.failure).toBeUndefined();
  expect(ended.warnings?.map(({ code }) => code)).toEqual(['NOT_CHECKED', 'NOT_CHECKED', 'NOT_CHECKED']);
  expect(await inventoryOf(world.cloud, 'dbw-group-only')).toEqual(oneOfEach);
});

test.each([
  ['Azure', '*/subscriptions/*', 403],
  ['Azure', '*/permissions', 500],
])('checks that %s refuses or fails for a while (%s %i) do not end a deployment', async (_who, path, status) => {
  const body = { error: { code: 'Trouble', message: 'Not now.' } };
  await setFault(world.cloud.azure.arm, { method: 'GET', path, status, times: 5, body });
  const ended = await world.deploy({ workspaceName: `dbw-for-a-while-${status}` });
  expect(ended.failure).toBeUndefined();
  expect(stateOf(ended, 'preflight')).toBe('done');
});

describe('a workspace that the deployment makes', () => {
  test('is asked what it offers as soon as its storage answers, before the clone', async () => {
    troubles['dbw-made'] = { kind: 'notOffered', code: 'Standard_NC4as_T4_v3' };
    const ended = await world.deploy({ workspaceName: 'dbw-made' });
    const failure = expectFailure(ended, 'NODE_TYPE_NOT_OFFERED', 'compute');
    expect(failure.message).toContain('NotEnabledOnSubscription');
    expect(stateOf(ended, 'storage')).toBe('done');
    expect(stateOf(ended, 'repository')).toBe('pending');

    await fetch(`${world.workspace('dbw-made').url}/__scenarios`, { method: 'DELETE' });
    await world.call(`/api/deployments/${ended.id}/retry`, { method: 'POST' });
    const retried = await world.finish(ended.id);
    expect(retried.failure).toBeUndefined();
    expect(['preflight', 'workspace', 'compute'].map((step) => stateOf(retried, step))).toEqual([
      'kept',
      'kept',
      'done',
    ]);
  });

  test('is asked once; one that was there before is asked at the beginning only', async () => {
    const asked = (name: string): number =>
      world.workspace(name).requests.filter(({ path }) => path.includes('/clusters/spark-versions')).length;
    await world.deploy({ workspaceName: 'dbw-asked' });
    expect(asked('dbw-asked')).toBe(1);
    await makeWorkspace('dbw-asked-first');
    expect((await world.deploy({ workspaceName: 'dbw-asked-first' })).failure).toBeUndefined();
    expect(asked('dbw-asked-first')).toBe(1);
  });
});

test('an accelerator whose clusters are not known deploys with a warning', async () => {
  const ended = await world.deploy({ workspaceName: 'dbw-another', accelerator: 'another' });
  expect(ended.failure).toBeUndefined();
  expect(ended.warnings?.map(({ code }) => code)).toEqual(['CLUSTERS_UNKNOWN', 'CLUSTERS_UNKNOWN']);
});

describe('a dry run', () => {
  test('says what would be made and run, starts nothing and writes nothing', async () => {
    const before = writes();
    const { status, body } = await plan({ workspaceName: 'dbw-plan' });
    expect(status).toBe(200);
    expect(body).toMatchObject({ dryRun: true, ok: true, errors: [], use: [] });
    expect(body.create.map(({ kind, certain }) => `${kind} ${certain}`)).toEqual([
      'managedIdentity true',
      'databricksWorkspace true',
      'roleAssignment true',
      'servicePrincipal true',
      'gitFolder true',
      'job true',
      'sqlWarehouse true',
    ]);
    expect(body.create[1]).toMatchObject({ name: 'dbw-plan', location: 'westeurope' });
    expect(body.run).toEqual([
      { cluster: 'RUNME', sparkVersion: '15.4.x-scala2.12', nodeType: 'Standard_D4ads_v5', workers: 0, cores: 4 },
      {
        cluster: 'notebooks',
        sparkVersion: '13.3.x-gpu-ml-scala2.12',
        nodeType: 'Standard_NC4as_T4_v3',
        workers: 4,
        cores: 20,
      },
    ]);
    expect(body.estimateMinutes.least).toBeGreaterThan(0);
    expect(body.estimateMinutes.most).toBeGreaterThanOrEqual(body.estimateMinutes.least);
    expect(writes()).toEqual(before);
    expect((await world.call(`/api/deployments/${body.id}`)).status).toBe(404);
  });

  test('tells what is used as it is, and asks the workspace what it offers', async () => {
    await makeWorkspace('dbw-plan-there');
    await setScenario(world.workspace('dbw-plan-there'), { kind: 'notOffered', code: '15.4.x-scala2.12' });
    const { body } = await plan({ workspaceName: 'dbw-plan-there', compute: { workers: 0 } });
    expect(body.use).toMatchObject([{ kind: 'databricksWorkspace', name: 'dbw-plan-there' }]);
    expect(body.create.filter(({ certain }) => certain).map(({ kind }) => kind)).toEqual(['managedIdentity']);
    expect(body).toMatchObject({ ok: false, errors: [{ code: 'RUNTIME_NOT_OFFERED' }] });
    expect(body.run[1]).toMatchObject({ workers: 0, cores: 4 });
  });

  test.each([
    [{ kind: 'providerNotRegistered', namespace: 'Microsoft.Databricks' }, {}, 'PROVIDER_NOT_REGISTERED'],
    [{ kind: 'roleMissing', role: 'Contributor' }, {}, 'ROLE_MISSING'],
    [{ kind: 'quota', family: t4, limit: 0 }, {}, 'QUOTA_TOO_LOW'],
  ])('names the trouble %o at once, with the command that mends it', async (trouble, request, code) => {
    await scenario(trouble);
    const { status, body } = await plan({ workspaceName: 'dbw-plan-trouble', ...request });
    expect(status).toBe(200);
    expect(body.ok).toBe(false);
    expect(body.errors.map((error) => error.code)).toEqual([code]);
    expect(body.errors[0]?.hint).toMatch(/^az /);
  });

  test('warns of checks that fail for now, and answers all the same', async () => {
    await setFault(world.cloud.azure.arm, { method: 'GET', path: '*/usages', status: 503 });
    await setFault(world.cloud.azure.arm, { method: 'GET', path: '*/workspaces/dbw-plan-down', status: 429 });
    const { status, body } = await plan({ workspaceName: 'dbw-plan-down' });
    expect(status).toBe(200);
    expect(body.ok).toBe(true);
    expect(body.warnings.filter(({ code }) => code === 'NOT_CHECKED')).toHaveLength(2);
    expect(body.create.find(({ kind }) => kind === 'databricksWorkspace')).toMatchObject({ certain: false });
  });

  test('is refused like a start: by validation, by allow-lists, by an active twin with another request', async () => {
    expect((await plan({ workspaceName: 'x' })).status).toBe(422);
    expect((await plan({ workspaceName: 'dbw-plan', location: 'eastus' })).status).toBe(422);
    const { id } = await world.start({ workspaceName: 'dbw-plan-twin' });
    expect((await plan({ workspaceName: 'dbw-plan-twin', tags: { other: 'yes' } })).status).toBe(409);
    expect((await plan({ workspaceName: 'dbw-plan-twin' })).body).toMatchObject({ id, dryRun: true });
    expect((await world.finish(id)).failure).toBeUndefined();
  });

  test.each(['dryRun=yes', 'dryRun=', 'dryRun=true&dryRun=false'])('is not guessed from ?%s', async (query) => {
    const { status, body } = await plan({ workspaceName: 'dbw-plan-query' }, query);
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'REQUEST_INVALID', errors: [{ pointer: '?dryRun' }] });
  });

  test('that says false is a start', async () => {
    const { status, body } = await plan({ workspaceName: 'dbw-no-dry-run' }, 'dryRun=false');
    expect(status).toBe(202);
    expect((await world.finish(body.id)).failure).toBeUndefined();
  });
});
