import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { assignRole } from '../../activities/assignRole.ts';
import { ensureIdentity } from '../../activities/ensureIdentity.ts';
import { ensureWorkspace } from '../../activities/ensureWorkspace.ts';
import { readWorkspace } from '../../activities/readWorkspace.ts';
import type { Deployment, WorkspaceState } from '../../domain/steps.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import {
  assignmentsVersion,
  type CloudCaller,
  cloudCaller,
  identitiesVersion,
  workspacesVersion,
} from '../../local/soak/cloudCaller.ts';
import { quickLatencies } from '../../local/simulation/quickCloud.ts';
import { setFault, setScenario } from '../support/world.ts';

let activities: ActivityCloud;
let caller: CloudCaller;
beforeAll(async () => {
  activities = await startActivityCloud();
  caller = cloudCaller(activities.cloud);
});
beforeEach(() => activities.cloud.azure.arm.faults.clear());
afterAll(() => activities.cloud.close());

const identityPath = (name: string): string => `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`;
const workspacePath = (name: string): string => `/providers/Microsoft.Databricks/workspaces/${name}`;
const writesTo = (end: string): number =>
  activities.cloud.azure.arm.requests.filter(
    ({ method, path }) => method !== 'GET' && path.split('?')[0]?.endsWith(`/${end}`),
  ).length;
const loseReply = (method: string, path: string): Promise<void> =>
  setFault(activities.cloud.azure.arm, { method, path, reset: true, when: 'after' });
const page = { status: 404, headers: { 'content-type': 'text/html' }, body: '<html><h1>Not here</h1></html>' };

async function makeWorkspace(name: string, sku: string): Promise<void> {
  const { subscriptionId } = activities.deployment(name);
  const { status } = await caller.arm('PUT', workspacePath(name), workspacesVersion, {
    location: 'westeurope',
    sku: { name: sku },
    tags: { owner: 'somebody' },
    properties: {
      managedResourceGroupId: `/subscriptions/${subscriptionId}/resourceGroups/managed-${name}`,
      computeMode: 'Hybrid',
    },
  });
  expect(status).toBe(201);
}

const passCreation = (): void => activities.clock.advance(quickLatencies.workspaceSeconds * 1000);

test('a token that never comes is waited for half a minute, and not longer', async () => {
  const { faults } = activities.cloud.azure.identity;
  faults.add({ method: 'GET', path: '/msi/token', latencyMs: 1e12 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const failure = failureOf(ensureIdentity(activities.deployment('ws-no-token')));
    await vi.waitUntil(() => faults.list()[0]?.used === 1, { timeout: 20_000 });
    vi.advanceTimersByTime(30_000);
    expect(await failure).toMatchObject({ code: 'TOKEN_UNAVAILABLE', retryable: true });
  } finally {
    vi.useRealTimers();
    faults.clear();
  }
});

describe('ensureIdentity', () => {
  test('makes the identity with the tags of the request and of the deployment, and finds it again', async () => {
    const deployment = activities.deployment('ws-identity', { tags: { cost: '42' } });
    const made = await ensureIdentity(deployment);
    expect(made.name).toBe('id-ws-identity');
    const { body } = await caller.arm('GET', identityPath('id-ws-identity'), identitiesVersion);
    expect(body).toMatchObject({
      location: 'westeurope',
      tags: { cost: '42', 'accelerator-deployment': deployment.id },
      properties: { principalId: made.principalId, clientId: made.clientId },
    });
    expect(await ensureIdentity(deployment)).toEqual(made);
    expect(writesTo('id-ws-identity')).toBe(1);
  });

  test('uses an identity that is there as it is', async () => {
    const theirs = { location: 'northeurope', tags: { owner: 'somebody' } };
    await caller.arm('PUT', identityPath('id-theirs'), identitiesVersion, theirs);
    const found = await ensureIdentity(activities.deployment('ws-identity-2', { identityName: 'id-theirs' }));
    const { body } = await caller.arm('GET', identityPath('id-theirs'), identitiesVersion);
    expect(body).toMatchObject({ ...theirs, properties: { principalId: found.principalId } });
    expect(writesTo('id-theirs')).toBe(1);
  });

  test('finds the identity whose creation got no reply', async () => {
    const deployment = activities.deployment('ws-identity-3');
    await loseReply('PUT', '*/id-ws-identity-3');
    expect(await failureOf(ensureIdentity(deployment))).toMatchObject({ code: 'AZURE_UNAVAILABLE', retryable: true });
    expect((await ensureIdentity(deployment)).name).toBe('id-ws-identity-3');
    expect(writesTo('id-ws-identity-3')).toBe(1);
  });

  test('waits as it is asked to, whatever else the answer says', async () => {
    for (const body of [{}, [], 'Slow down.', { error: null }]) {
      const asked = { status: 429, headers: { 'retry-after': '17' }, body };
      await setFault(activities.cloud.azure.arm, { method: 'GET', path: '*/id-ws-identity-5', ...asked });
      const failure = await failureOf(ensureIdentity(activities.deployment('ws-identity-5')));
      expect(failure).toMatchObject({ code: 'AZURE_THROTTLED', retryAfterSeconds: 17 });
    }
  });

  test('writes nothing when a gateway says 404, or the resource group is missing', async () => {
    await setFault(activities.cloud.azure.arm, { method: 'GET', path: '*/id-ws-identity-4', ...page });
    const gateway = await failureOf(ensureIdentity(activities.deployment('ws-identity-4')));
    expect(gateway).toMatchObject({ code: 'ANSWER_INVALID', retryable: true });
    const lost = activities.deployment('ws-identity-4', { resourceGroup: 'rg-missing' });
    expect(await failureOf(ensureIdentity(lost))).toMatchObject({ code: 'AZURE_REJECTED', retryable: false });
    expect(writesTo('id-ws-identity-4')).toBe(0);
  });
});

describe('ensureWorkspace', () => {
  test('asks once for a premium workspace, and knows it as its own while it is made and afterwards', async () => {
    const deployment = activities.deployment('ws-new', { tags: { cost: '42' } });
    const accepted = await ensureWorkspace(deployment);
    expect(accepted).toMatchObject({ state: 'creating', created: true, retryAfterSeconds: 15 });
    expect(new URL(accepted.operationUrl ?? '').origin).toBe(activities.cloud.azure.url);
    expect(await ensureWorkspace(deployment)).toMatchObject({ state: 'creating', created: true });
    passCreation();
    const { resourceId } = accepted;
    expect(await ensureWorkspace(deployment)).toMatchObject({ state: 'ready', created: true, resourceId });
    expect(writesTo('ws-new')).toBe(1);
    const { body } = await caller.arm('GET', workspacePath('ws-new'), workspacesVersion);
    expect(body).toMatchObject({
      sku: { name: 'premium' },
      tags: { cost: '42', 'accelerator-deployment': deployment.id },
    });
  });

  test('finds the workspace whose creation got no reply', async () => {
    const deployment = activities.deployment('ws-lost');
    await loseReply('PUT', '*/ws-lost');
    expect(await failureOf(ensureWorkspace(deployment))).toMatchObject({ code: 'AZURE_UNAVAILABLE', retryable: true });
    expect(await ensureWorkspace(deployment)).toMatchObject({ state: 'creating', created: true });
    expect(writesTo('ws-lost')).toBe(1);
  });

  test.each(['premium', 'Premium'])('adopts a %s workspace, also one that somebody is just making', async (sku) => {
    const name = `ws-adopted-${sku.charCodeAt(0)}`;
    await makeWorkspace(name, sku);
    const deployment = activities.deployment(name);
    expect(await ensureWorkspace(deployment)).toMatchObject({ state: 'creating', created: false });
    passCreation();
    expect(await ensureWorkspace(deployment)).toMatchObject({ state: 'ready', created: false });
    expect(writesTo(name)).toBe(1);
  });

  test.each(['standard', 'trial'])('refuses a %s workspace', async (sku) => {
    await makeWorkspace(`ws-${sku}`, sku);
    const failure = await failureOf(ensureWorkspace(activities.deployment(`ws-${sku}`)));
    expect(failure).toMatchObject({ code: 'WORKSPACE_NOT_PREMIUM', retryable: false });
    expect(failure.message).toContain(sku);
  });

  test('refuses any workspace of somebody else when the request says so', async () => {
    await makeWorkspace('ws-taken', 'premium');
    const refused = ensureWorkspace(activities.deployment('ws-taken', { ifExists: 'fail' }));
    expect(await failureOf(refused)).toMatchObject({ code: 'WORKSPACE_EXISTS', retryable: false });
  });

  test('asks again for its own workspace that failed, and gives up on a failed one of somebody else', async () => {
    const agreed = { kind: 'workspaceFails', code: 'Sorry', message: 'Not today.' };
    await setScenario(activities.cloud.azure.arm, { ...agreed, name: 'ws-own-failed' });
    await setScenario(activities.cloud.azure.arm, { ...agreed, name: 'ws-their-failed' });
    await makeWorkspace('ws-their-failed', 'premium');
    const own = activities.deployment('ws-own-failed');
    await ensureWorkspace(own);
    passCreation();
    const theirs = ensureWorkspace(activities.deployment('ws-their-failed'));
    expect(await failureOf(theirs)).toMatchObject({ code: 'WORKSPACE_FAILED', retryable: false });
    expect(await ensureWorkspace(own)).toMatchObject({ state: 'creating', created: true });
    expect([writesTo('ws-own-failed'), writesTo('ws-their-failed')]).toEqual([2, 1]);
  });
});

describe('a workspace of which Azure tells', () => {
  test.each([
    ['a page', '<html>Sign in</html>'],
    ['null', 'null'],
    ['a list', []],
    ['a number for an address', { id: '/x', properties: { provisioningState: 'Succeeded', workspaceUrl: 7 } }],
    ['a text for its properties', { id: '/x', properties: { authorizations: 'none' } }],
    ['429 and no reason', undefined],
  ])('%s is neither there nor missing', async (_what, body) => {
    const status = body === undefined ? 429 : 200;
    await setFault(activities.cloud.azure.arm, { method: 'GET', path: '*/ws-odd', status, body });
    const failure = await failureOf(ensureWorkspace(activities.deployment('ws-odd')));
    expect(failure).toMatchObject({ code: status === 200 ? 'ANSWER_INVALID' : 'AZURE_THROTTLED', retryable: true });
    expect(JSON.stringify(failure)).not.toMatch(/Cannot read|is not a function/);
    expect(writesTo('ws-odd')).toBe(0);
  });
});

describe('readWorkspace', () => {
  const failed = async (name: string): Promise<Deployment & { workspace: WorkspaceState }> => {
    const agreed = { kind: 'workspaceFails', name, code: 'QuotaExceeded', message: 'No workspace is left.' };
    await setScenario(activities.cloud.azure.arm, agreed);
    const deployment = activities.deployment(name);
    const workspace = await ensureWorkspace(deployment);
    passCreation();
    return { ...deployment, workspace };
  };

  test('tells the operation\u2019s own reason when the creation failed', async () => {
    expect(await failureOf(readWorkspace(await failed('ws-reason')))).toMatchObject({
      code: 'WORKSPACE_FAILED',
      message: 'No workspace is left.',
      cause: 'QuotaExceeded: No workspace is left.',
    });
  });
});

describe('assignRole', () => {
  const prepared = async (name: string) => {
    const deployment = activities.deployment(name);
    const identity = await ensureIdentity(deployment);
    const workspace = await activities.readyWorkspace(deployment);
    return { ...deployment, identity, workspace };
  };
  const assignmentsOf = async (name: string, principalId: string): Promise<unknown[]> => {
    const path = `${workspacePath(name)}/providers/Microsoft.Authorization/roleAssignments`;
    const { body } = await caller.arm('GET', path, assignmentsVersion);
    const { value } = body as { value: { properties: { principalId: string } }[] };
    return value.filter(({ properties }) => properties.principalId === principalId);
  };

  test('gives one role, however often it is called and whether or not its reply arrives', async () => {
    const input = await prepared('ws-role');
    await loseReply('PUT', '*/ws-role/*/roleAssignments/*');
    expect(await failureOf(assignRole(input))).toMatchObject({ code: 'AZURE_UNAVAILABLE', retryable: true });
    expect(await assignRole(input)).toEqual(await assignRole(input));
    expect(await assignmentsOf('ws-role', input.identity.principalId)).toHaveLength(1);
  });

  test('is content with an assignment that exists under another name', async () => {
    const input = await prepared('ws-role-2');
    const path = `${workspacePath('ws-role-2')}/providers/Microsoft.Authorization/roleAssignments/${crypto.randomUUID()}`;
    const role = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
    const { status } = await caller.arm('PUT', path, assignmentsVersion, {
      properties: {
        roleDefinitionId: `/subscriptions/${input.subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
        principalId: input.identity.principalId,
        principalType: 'ServicePrincipal',
      },
    });
    expect(status).toBe(201);
    await assignRole(input);
    expect(await assignmentsOf('ws-role-2', input.identity.principalId)).toHaveLength(1);
  });

  test('does not take a page of HTML for an assignment', async () => {
    const input = await prepared('ws-role-3');
    await setFault(activities.cloud.azure.arm, { method: 'PUT', path: '*/roleAssignments/*', ...page, status: 200 });
    expect(await failureOf(assignRole(input))).toMatchObject({ code: 'ANSWER_INVALID', retryable: true });
  });

  test('ends with WORKSPACE_GONE when somebody has deleted the workspace', async () => {
    const input = await prepared('ws-role-4');
    await caller.arm('DELETE', workspacePath('ws-role-4'), workspacesVersion);
    activities.clock.advance(quickLatencies.workspaceSeconds * 1000);
    expect(await failureOf(assignRole(input))).toMatchObject({ code: 'WORKSPACE_GONE', retryable: false });
  });
});
