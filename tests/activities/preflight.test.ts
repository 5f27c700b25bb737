import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checkCompute } from '../../activities/checkCompute.ts';
import { checkSubscription } from '../../activities/checkSubscription.ts';
import { ensureIdentity } from '../../activities/ensureIdentity.ts';
import { ensureWorkspace } from '../../activities/ensureWorkspace.ts';
import { readings } from '../../activities/readings.ts';
import { subscriptionReport } from '../../activities/subscriptionReport.ts';
import type { Finding } from '../../domain/preflight.ts';
import type { CheckInput, Deployment, SubscriptionReport, Workspace } from '../../domain/steps.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import { setFault, setScenario } from '../support/world.ts';

let world: ActivityCloud;
beforeAll(async () => {
  world = await startActivityCloud();
});
afterEach(async () => {
  await fetch(`${world.cloud.azure.url}/__scenarios`, { method: 'DELETE' });
  world.cloud.azure.arm.faults.clear();
});

const at = '2026-03-01T12:00:00.000Z';
const inputFor = (name: string, more: Parameters<ActivityCloud['deployment']>[1] = {}): CheckInput => ({
  ...world.deployment(name, more),
  at,
});
const check = (name: string, more: Parameters<ActivityCloud['deployment']>[1] = {}): Promise<SubscriptionReport> =>
  checkSubscription(inputFor(name, more));
const codesOf = ({ findings }: { findings: Finding[] }): string[] =>
  findings.map(({ severity, code }) => `${severity} ${code}`);
const scenario = (body: { kind: string } & Record<string, unknown>): Promise<void> =>
  setScenario(world.cloud.azure.arm, body);

describe('checkSubscription', () => {
  test('finds nothing wrong with a target where everything is still to be made, and only reads', async () => {
    const before = world.cloud.azure.arm.requests.length;
    expect(await check('dbw-check')).toEqual({ findings: [], workspace: 'missing', identity: 'missing' });
    const made = world.cloud.azure.arm.requests.slice(before);
    expect(new Set(made.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(made).toHaveLength(7);
  });

  test('knows the workspace and the identity that are there, and whose the workspace is', async () => {
    const deployment = world.deployment('dbw-known');
    await ensureIdentity(deployment);
    await ensureWorkspace(deployment);
    const creating = await check('dbw-known');
    expect(creating).toMatchObject({ findings: [], identity: 'there', workspace: { ours: true, sku: 'premium' } });
    expect(creating.workspace).not.toHaveProperty('host');

    world.clock.advance(100_000);
    const other = await checkSubscription({ ...deployment, id: 'another', at });
    expect(other.workspace).toMatchObject({
      ours: false,
      location: 'westeurope',
      provisioningState: 'Succeeded',
      host: expect.stringMatching(/^localhost:\d+$/) as string,
    });
  });

  test.each([
    [{ kind: 'providerNotRegistered', namespace: 'Microsoft.Databricks' }, 'PROVIDER_NOT_REGISTERED'],
    [{ kind: 'providerNotRegistered', namespace: 'Microsoft.ManagedIdentity' }, 'PROVIDER_NOT_REGISTERED'],
    [{ kind: 'quota', family: 'Standard NCASv3_T4 Family', limit: 0 }, 'QUOTA_TOO_LOW'],
    [{ kind: 'quota', family: 'cores', limit: 10 }, 'QUOTA_TOO_LOW'],
  ] as const)('sees %o', async (trouble, code) => {
    await scenario(trouble);
    expect(codesOf(await check('dbw-trouble'))).toEqual([`error ${code}`]);
  });

  test('names a group that does not exist', async () => {
    expect(codesOf(await check('dbw-nowhere', { resourceGroup: 'rg-nowhere' }))).toEqual([
      'error RESOURCE_GROUP_MISSING',
    ]);
  });

  test.each(['Contributor', 'Role Based Access Control Administrator'])(
    'asks for another try while the role %s alone is missing, because it may still spread',
    async (role) => {
      await scenario({ kind: 'roleMissing', role });
      const failure = await failureOf(check('dbw-role'));
      expect(failure).toMatchObject({ code: 'ROLE_MISSING', retryable: true });
      expect(failure.cause).toContain(`--role "${role}"`);
    },
  );

  test('does not wait for a role when something else is wrong too', async () => {
    await scenario({ kind: 'roleMissing', role: 'Contributor' });
    await scenario({ kind: 'quota', family: 'cores', limit: 0 });
    expect(codesOf(await check('dbw-both'))).toEqual(
      expect.arrayContaining(['error ROLE_MISSING', 'error QUOTA_TOO_LOW']) as string[],
    );
  });

  test('warns of what an identity with rights on the group alone may not read', async () => {
    await scenario({ kind: 'roleMissing', role: 'Accelerator preflight' });
    const report = await check('dbw-group-only');
    expect(codesOf(report)).toEqual(Array.from({ length: 3 }, () => 'warning NOT_CHECKED'));
    expect(report.findings.map(({ hint }) => hint).join()).toContain('az vm list-usage --location westeurope');
  });

  test('takes a part of the roles for none that were read, and misses nothing', async () => {
    const nextLink = 'https://management.azure.com/subscriptions/x?page=2';
    const body = { value: [{ actions: ['*/read'], notActions: [] }], nextLink };
    await setFault(world.cloud.azure.arm, { method: 'GET', path: '*/permissions', status: 200, body });
    expect(codesOf(await check('dbw-pages'))).toEqual(['warning NOT_CHECKED']);
  });

  test.each([
    ['a page instead of an answer', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html></html>' }],
    ['an unknown shape', { status: 200, body: { value: 'none' } }],
    ['a refusal', { status: 400, body: { error: { code: 'Odd', message: 'No such thing.' } } }],
  ])('warns of %s', async (_what, fault) => {
    await setFault(world.cloud.azure.arm, { method: 'GET', path: '*/usages', ...fault });
    expect(codesOf(await check('dbw-odd'))).toEqual(['warning NOT_CHECKED']);
  });

  test.each([
    [
      { status: 429, headers: { 'retry-after': '17' } },
      { code: 'AZURE_THROTTLED', retryAfterSeconds: 17 },
    ],
    [{ status: 503 }, { code: 'AZURE_UNAVAILABLE' }],
    [{ reset: true }, { code: 'AZURE_UNAVAILABLE' }],
  ])('is to be tried again after %o', async (fault, expected) => {
    await setFault(world.cloud.azure.arm, { method: 'GET', path: '*/usages', ...fault });
    expect(await failureOf(check('dbw-passing'))).toMatchObject({ ...expected, retryable: true });
  });

  test('in a plan tolerates what passes by itself, and does not wait for ever', async () => {
    await setFault(world.cloud.azure.arm, { method: 'GET', path: '*/usages', status: 503 });
    await setFault(world.cloud.azure.arm, { method: 'GET', path: '*/permissions', latencyMs: 600_000 });
    const report = subscriptionReport(inputFor('dbw-plan'), readings.withinSeconds(0.5));
    expect(codesOf(await report)).toEqual(['warning NOT_CHECKED', 'warning NOT_CHECKED']);
    world.clock.advance(601_000);
  });
});

describe('checkCompute', () => {
  let deployment: Deployment;
  let workspace: Workspace;
  beforeAll(async () => {
    deployment = world.deployment('dbw-compute');
    workspace = await world.readyWorkspace(deployment);
  });
  const server = () => {
    const found = world.cloud.databricks.workspaces().find(({ resourceId }) => resourceId.endsWith('/dbw-compute'));
    if (!found) throw new Error('no workspace');
    return found.server;
  };
  afterEach(async () => {
    server().faults.clear();
    await fetch(`${server().url}/__scenarios`, { method: 'DELETE' });
  });

  test('finds nothing wrong with the usual clusters', async () => {
    expect(await checkCompute({ ...deployment, workspace })).toEqual({ findings: [] });
  });

  test.each([
    ['15.4.x-scala2.12', 'RUNTIME_NOT_OFFERED'],
    ['Standard_NC4as_T4_v3', 'NODE_TYPE_NOT_OFFERED'],
  ])('sees that %s is not offered', async (code, error) => {
    await setScenario(server(), { kind: 'notOffered', code });
    const { findings } = await checkCompute({ ...deployment, workspace });
    expect(findings).toMatchObject([{ severity: 'error', code: error }]);
    expect(findings[0]?.message).toContain(code);
  });

  test('sees that a node type is not to be had in the region', async () => {
    const request = { ...deployment.request, compute: { nodeType: 'Standard_NC6s_v3' } };
    const { findings } = await checkCompute({ ...deployment, request, workspace });
    expect(findings).toMatchObject([{ code: 'NODE_TYPE_NOT_OFFERED' }]);
    expect(findings[0]?.message).toContain('NotAvailableInRegion');
  });

  test('warns when it is refused, and is to be tried again when the workspace is down', async () => {
    await setFault(server(), { method: 'GET', path: '*/clusters/*', status: 403, times: 2, body: { message: 'No.' } });
    expect(codesOf(await checkCompute({ ...deployment, workspace }))).toEqual([
      'warning NOT_CHECKED',
      'warning NOT_CHECKED',
    ]);
    await setFault(server(), { method: 'GET', path: '*/clusters/list-node-types', status: 503 });
    expect(await failureOf(checkCompute({ ...deployment, workspace }))).toMatchObject({
      code: 'DATABRICKS_UNAVAILABLE',
      retryable: true,
    });
  });
});
