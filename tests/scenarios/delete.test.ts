import { afterAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { cloudCaller, identitiesVersion, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import { expectFailure } from '../support/expectFailure.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { rolesOnWorkspaces, taggedResources } from '../support/taggedResources.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { setFault, setScenario, startWorld } from '../support/world.ts';
import { workspaceContents } from '../support/workspaceContents.ts';

const twoNames = (catalogue: string | undefined): string => {
  const [entry] = Object.entries(JSON.parse(catalogue ?? '{}') as object);
  return JSON.stringify({ [entry?.[0] ?? '']: entry?.[1] as object, second: entry?.[1] as object });
};
const world = await startWorld({
  script: quickScript,
  latencies: quickLatencies,
  settings: ({ ACCELERATORS }) => ({ ACCELERATORS: twoNames(ACCELERATORS) }),
});
afterAll(() => world.close());
const { arm } = world.cloud.azure;
const caller = cloudCaller(world.cloud);
const workspacePath = (name: string): string => `/providers/Microsoft.Databricks/workspaces/${name}`;

const ask = async (id: string, query = ''): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await world.call(`/api/deployments/${id}${query}`, { method: 'DELETE' });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
/** Deletes and moves the clock until that is over. */
async function remove(id: string, query = ''): Promise<StatusResource> {
  const { status, body } = await ask(id, query);
  expect([status, body]).toEqual([202, expect.objectContaining({ id, name: 'destroy' })]);
  return world.finish(id);
}
const instance = (id: string): string => `/runtime/webhooks/durabletask/instances/${id}`;
const kindsOf = (items: { kind: string }[] = []): string[] => items.map(({ kind }) => kind).toSorted();

/** A premium workspace that is there before, with things of somebody in it. */
async function somebodysWorkspace(name: string): Promise<void> {
  const { status } = await caller.arm('PUT', workspacePath(name), workspacesVersion, {
    location: 'westeurope',
    sku: { name: 'premium' },
    tags: { owner: 'somebody' },
    properties: {
      managedResourceGroupId: `/subscriptions/${world.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? ''}/resourceGroups/managed-${name}`,
      computeMode: 'Hybrid',
    },
  });
  expect(status).toBe(201);
  await world.pass(quickLatencies.workspaceSeconds + quickLatencies.storageSeconds);
  await createJob(name, { name: 'somebody\u2019s job' });
  await caller.databricks(name, 'POST', '/api/2.0/workspace/mkdirs', { path: '/Shared/somebody' });
}

async function createJob(workspace: string, settings: object): Promise<string> {
  const cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
  const task = { task_key: 'only', notebook_task: { notebook_path: '/Shared/n' }, new_cluster: cluster };
  const body = { ...settings, tasks: [task] };
  const made = await caller.databricks(workspace, 'POST', '/api/2.2/jobs/create', body);
  expect(made.status).toBe(200);
  return String(made.body['job_id']);
}

const stateOf = (name: string): Promise<unknown[]> => workspaceContents(caller, name);

describe('a deployment that made its workspace', () => {
  test('leaves nothing behind when it is deleted, and can be deployed again', async () => {
    const name = 'dbw-own';
    const { id, state } = await world.deploy({ workspaceName: name });
    expect(state).toBe('Succeeded');
    expect((await taggedResources(world.cloud, id, name)).length).toBeGreaterThan(10);
    const before = world.clock.now();

    const deleted = await remove(id);
    expect(deleted).toMatchObject({ state: 'Deleted', phase: 'Done', kept: [], notes: [] });
    expect(kindsOf(deleted.removed)).toEqual(['identity', 'managedResourceGroup', 'roleAssignment', 'workspace']);
    expect(deleted.steps.map(({ name: step, state: of }) => [step, of])).toEqual(
      ['removalPlan', 'removeRuns', 'removeRole', 'removeWorkspace', 'removeManagedGroup', 'removeIdentity'].map(
        (step) => [step, 'done'],
      ),
    );
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
    expect(await rolesOnWorkspaces(world.cloud)).toBe(0);
    expect(world.cloud.databricks.workspaces()).toEqual([]);
    expect((world.clock.now() - before) / 1000).toBeLessThan(3 * quickLatencies.workspaceSeconds);

    const again = await ask(id);
    expect([again.status, again.body['state']]).toEqual([200, 'Deleted']);

    const anew = await world.deploy({ workspaceName: name });
    expect(anew).toMatchObject({ id, state: 'Succeeded', attempt: 3 });
    expect(anew.earlierAttempts.map(({ outcome }) => outcome)).toEqual(['Succeeded', 'Deleted']);
    expect(await inventoryOf(world.cloud, name)).toEqual(oneOfEach);
    await remove(id, '?data=true');
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
  });

  test('is not deleted while it runs; its runs end before its workspace does', async () => {
    const name = 'dbw-active';
    const { id } = await world.start({ workspaceName: name });
    const refused = await ask(id);
    expect([refused.status, refused.body['code']]).toEqual([409, 'DEPLOYMENT_ACTIVE']);
    await world.until(async () => (await world.read(id)).runs.length > 1);
    // Somebody ends the orchestration, which leaves the runs as they are.
    await world.call(`${instance(id)}/terminate?reason=x&code=${world.host.keys.durable}`, { method: 'POST', key: '' });
    await world.until(() => world.isOver(id));
    const ended = await remove(id);
    expect(ended.state).toBe('Deleted');
    expect(kindsOf(ended.removed)).toContain('run');
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
  });

  test('shows by a dry run what would go, and writes nothing', async () => {
    const name = 'dbw-dry';
    const { id } = await world.deploy({ workspaceName: name });
    const servers = [arm, findWorkspace(world.cloud, name)];
    const writes = (): number =>
      servers
        .flatMap(({ requests }) => requests)
        .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/search')).length;
    const before = writes();
    const doubtful = await ask(id, '?dryRun=true&dryRun=false');
    expect([doubtful.status, doubtful.body['code']]).toEqual([422, 'REQUEST_INVALID']);
    const { status, body } = await ask(id, '?dryRun=true');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id,
      dryRun: true,
      data: false,
      warnings: [expect.stringContaining('everything in it')],
    });
    expect(kindsOf(body['remove'] as [])).toEqual([
      'identity',
      'job',
      'job',
      'managedResourceGroup',
      'roleAssignment',
      'workspace',
    ]);
    expect(writes()).toBe(before);
    expect(await inventoryOf(world.cloud, name)).toEqual(oneOfEach);
    expect((await world.read(id)).state).toBe('Succeeded');
    await remove(id);
  });

  test('is deleted though a person has deleted the workspace before', async () => {
    const name = 'dbw-vanished';
    const { id } = await world.deploy({ workspaceName: name });
    await caller.arm('DELETE', workspacePath(name), workspacesVersion);
    await world.pass(quickLatencies.workspaceSeconds);
    const deleted = await remove(id);
    expect(deleted).toMatchObject({ state: 'Deleted', notes: [] });
    expect(kindsOf(deleted.removed)).toEqual(['identity']);
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
  });

  test('is deleted though Azure has kept the managed group of a workspace that a person has deleted', async () => {
    const name = 'dbw-kept';
    const { id } = await world.deploy({ workspaceName: name });
    await caller.arm('DELETE', workspacePath(name), workspacesVersion);
    await world.pass(quickLatencies.workspaceSeconds);
    const path = `*/resourceGroups/databricks-rg-${name}-*`;
    await setFault(arm, { method: 'GET', path, status: 200, body: { id: 'kept' }, times: 1000 });
    const deleted = await remove(id);
    expect(deleted).toMatchObject({ state: 'Deleted', notes: [expect.stringContaining(`databricks-rg-${name}-`)] });
    expect(kindsOf(deleted.removed)).toEqual(['identity']);
    arm.faults.clear();
  });

  test('is deleted though Azure was still making its workspace when it was cancelled', async () => {
    const name = 'dbw-half';
    const { id } = await world.start({ workspaceName: name });
    await world.until(async () =>
      (await world.read(id)).steps.some(({ name: step, state }) => step === 'workspace' && state === 'waiting'),
    );
    await world.call(`/api/deployments/${id}/cancel`, { method: 'POST' });
    expect((await world.finish(id)).state).toBe('Cancelled');
    const deleted = await remove(id);
    expect(deleted.state).toBe('Deleted');
    const answers = arm.requests.filter(({ method, path }) => method === 'DELETE' && path.includes(`/${name}?`));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([409, 202]));
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
  });

  test('fails with the lock that forbids it, and goes on when the lock is gone', async () => {
    const name = 'dbw-locked';
    const { id } = await world.deploy({ workspaceName: name });
    await setScenario(arm, { kind: 'locked', name });
    const failed = await remove(id);
    const failure = expectFailure(failed, 'RESOURCE_LOCKED', 'removeWorkspace');
    expect(failure.message).toContain(name);
    const retried = await world.call(`/api/deployments/${id}/retry`, { method: 'POST' });
    expect([retried.status, ((await retried.json()) as { code: string }).code]).toEqual([409, 'DEPLOYMENT_DELETED']);
    await fetch(`${arm.url}/__scenarios`, { method: 'DELETE' });
    expect((await remove(id)).state).toBe('Deleted');
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
  });
});

describe('a deployment that only used its workspace', () => {
  test('takes its own things away, and leaves the rest as it was, to the byte', async () => {
    const name = 'dbw-used';
    await somebodysWorkspace(name);
    const before = await stateOf(name);
    const { id } = await world.deploy({ workspaceName: name });
    expect(await stateOf(name)).not.toEqual(before);

    const deleted = await remove(id);
    expect(deleted.state).toBe('Deleted');
    expect(kindsOf(deleted.removed)).toEqual([
      'gitFolder',
      'identity',
      'job',
      'job',
      'roleAssignment',
      'servicePrincipal',
      'warehouse',
    ]);
    expect(kindsOf(deleted.kept)).toEqual(['experiment', 'model', 'schema', 'table', 'table', 'table', 'workspace']);
    const left = await taggedResources(world.cloud, id, name);
    expect(left.map((what) => what.split(' ')[0])).toEqual([
      'data',
      'data',
      'data',
      'data',
      'experiment',
      'model',
      'run',
    ]);

    const more = await remove(id, '?data=true');
    expect(kindsOf(more.removed)).toEqual(['experiment', 'model', 'schema', 'table', 'table', 'table']);
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
    await world.pass(60);
    expect(await stateOf(name)).toEqual(before);

    const anew = await world.deploy({ workspaceName: name });
    expect(anew.state).toBe('Succeeded');
    await remove(id, '?data=true');
    await world.pass(60);
    expect(await stateOf(name)).toEqual(before);
  });

  test('takes away by its target what the backend has forgotten', async () => {
    const name = 'dbw-forgotten';
    await somebodysWorkspace(name);
    const { id } = await world.deploy({ workspaceName: name, identityName: 'id-of-another-name' });
    await world.call(`${instance(id)}?code=${world.host.keys.durable}`, { method: 'DELETE', key: '' });
    const unknown = await ask(id);
    expect([unknown.status, unknown.body['code']]).toEqual([404, 'DEPLOYMENT_NOT_FOUND']);
    expect(unknown.body['detail']).toContain('resourceGroup=');
    for (const [query, code] of [
      [`?resourceGroup=rg-volatility&workspaceName=dbw-other`, 'DEPLOYMENT_NOT_FOUND'],
      [`?resourceGroup=rg-volatility&workspaceName=x`, 'NOT_ALLOWED'],
      ['?data=yes', 'REQUEST_INVALID'],
      ['?force=true', 'REQUEST_INVALID'],
    ] as const)
      expect([query, (await ask(id, query)).body['code']]).toEqual([query, code]);
    const target = `resourceGroup=RG-Volatility&workspaceName=${name}`;
    expect(kindsOf((await ask(id, `?dryRun=true&${target}`)).body['remove'] as [])).toContain('identity');
    const deleted = await remove(id, `?data=true&${target}`);
    expect(deleted).toMatchObject({ state: 'Deleted', attempt: 1 });
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
    expect(await rolesOnWorkspaces(world.cloud)).toBe(0);
  });
});

describe('deletions of one target', () => {
  test('are one, asked twice at once, and a request to deploy meanwhile is refused', async () => {
    const name = 'dbw-race';
    const { id } = await world.deploy({ workspaceName: name });
    const answers = await Promise.all([ask(id), ask(id)]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    const body = { resourceGroup: 'rg-volatility', workspaceName: name };
    const refused = await world.call('/api/deployments', { method: 'POST', body });
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([409, 'DEPLOYMENT_CONFLICT']);
    expect((await ask(id, '?data=true')).body['code']).toBe('DEPLOYMENT_CONFLICT');
    expect((await world.finish(id)).state).toBe('Deleted');
    const deletes = arm.requests.filter(
      ({ method, path }) => method === 'DELETE' && path.includes(`/workspaces/${name}?`),
    );
    expect(deletes).toHaveLength(1);
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
  });
});

describe('a deletion leaves nothing behind when the reply is lost of', () => {
  const own = ['*/roleAssignments/*', '*/workspaces/{name}', '*/userAssignedIdentities/id-{name}'] as const;
  test.each(own)('DELETE %s of a workspace that was made', async (pattern) => {
    const name = `dbw-lost-${own.indexOf(pattern)}`;
    const { id } = await world.deploy({ workspaceName: name });
    const path = pattern.replace('{name}', name);
    await setFault(arm, { method: 'DELETE', path, reset: true, when: 'after' });
    expect((await remove(id)).state).toBe('Deleted');
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
    expect(arm.faults.list().find((rule) => rule.path === path)?.used).toBe(1);
    arm.faults.clear();
  });

  test('each call of a deletion in a used workspace', async () => {
    const name = 'dbw-lossy';
    await somebodysWorkspace(name);
    const before = await stateOf(name);
    const { id } = await world.deploy({ workspaceName: name });
    const server = findWorkspace(world.cloud, name);
    const writes = [
      ['DELETE', '/api/2.1/unity-catalog/tables/*'],
      ['DELETE', '/api/2.1/unity-catalog/models/*'],
      ['DELETE', '/api/2.1/unity-catalog/schemas/*'],
      ['POST', '/api/2.0/mlflow/experiments/delete'],
      ['POST', '/api/2.2/jobs/delete'],
      ['DELETE', '/api/2.0/repos/*'],
      ['DELETE', '/api/2.0/sql/warehouses/*'],
      ['DELETE', '/api/2.0/preview/scim/v2/ServicePrincipals/*'],
    ] as const;
    for (const [method, path] of writes) await setFault(server, { method, path, reset: true, when: 'after' });
    expect((await remove(id, '?data=true')).state).toBe('Deleted');
    expect(server.faults.list().map(({ used }) => used)).toEqual(writes.map(() => 1));
    server.faults.clear();
    expect(await taggedResources(world.cloud, id, name)).toEqual([]);
    await world.pass(60);
    expect(await stateOf(name)).toEqual(before);
  });
});

test('a deployment whose workspace another one uses is not deleted before that one', async () => {
  const name = 'dbw-both';
  const first = await world.deploy({ workspaceName: name });
  const job = await createJob(name, { name: 'accelerator other', tags: { 'accelerator-deployment': 'a'.repeat(24) } });
  expect(expectFailure(await remove(first.id), 'WORKSPACE_SHARED', 'removalPlan').message).toContain('a'.repeat(24));
  expect(await inventoryOf(world.cloud, name)).toMatchObject({ workspaces: 1, identities: 1, roleAssignments: 1 });
  await caller.databricks(name, 'POST', '/api/2.2/jobs/delete', { job_id: job });
  expect((await remove(first.id)).state).toBe('Deleted');
  const identity = await caller.arm(
    'GET',
    `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${name}`,
    identitiesVersion,
  );
  expect(identity.status).toBe(404);
});

test('a deployment whose workspace is being used by one that has no job in it yet is not deleted either', async () => {
  const name = 'dbw-begun';
  const first = await world.deploy({ workspaceName: name });
  const shown = (await ask(first.id, '?dryRun=true')).body['warnings'] as string[];
  const second = await world.start({ workspaceName: name, accelerator: 'second' });
  expect(second.id).not.toBe(first.id);
  const doubted = (await ask(first.id, '?dryRun=true')).body['warnings'] as string[];
  expect(doubted.filter((warning) => !shown.includes(warning))).toEqual([expect.stringContaining(second.id)]);
  expect((await ask(first.id)).status).toBe(202);
  await world.until(() => world.isOver(first.id));
  expect(expectFailure(await world.read(first.id), 'WORKSPACE_SHARED', 'removalPlan').message).toContain(second.id);
  await world.finish(second.id);
  expect((await remove(second.id)).state).toBe('Deleted');
  expect((await remove(first.id)).state).toBe('Deleted');
});

test('no deployment begins in a workspace that is being deleted', async () => {
  const name = 'dbw-going';
  const { id } = await world.deploy({ workspaceName: name });
  expect((await ask(id)).status).toBe(202);
  const body = { resourceGroup: 'rg-volatility', workspaceName: name, accelerator: 'second' };
  const refused = await world.call('/api/deployments', { method: 'POST', body });
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({
    code: 'DEPLOYMENT_CONFLICT',
    detail: expect.stringContaining(id) as string,
  });
  expect((await world.finish(id)).state).toBe('Deleted');
});
