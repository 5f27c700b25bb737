import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureIdentity } from '../../activities/ensureIdentity.ts';
import { ensureWorkspace } from '../../activities/ensureWorkspace.ts';
import { readWorkspace } from '../../activities/readWorkspace.ts';
import type { Network } from '../../domain/network.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import { type CloudCaller, cloudCaller, identitiesVersion, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import { quickLatencies } from '../../local/simulation/quickCloud.ts';
import { setFault, setScenario } from '../support/world.ts';

let activities: ActivityCloud;
let caller: CloudCaller;
beforeAll(async () => {
  activities = await startActivityCloud();
  caller = cloudCaller(activities.cloud);
});
afterAll(() => activities.cloud.close());

const networkIn = (group: string): Network => ({
  virtualNetworkId: `/subscriptions/${activities.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? ''}/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/vnet-hub`,
  publicSubnet: 'snet-host',
  privateSubnet: 'snet-container',
});
const workspacePath = (name: string): string => `/providers/Microsoft.Databricks/workspaces/${name}`;
const read = async (path: string, version: string): Promise<Record<string, unknown>> =>
  (await caller.arm('GET', path, version)).body;
const passCreation = (): void => activities.clock.advance(quickLatencies.workspaceSeconds * 1000);

describe('a workspace that is made', () => {
  test('gets its network and the required tags in the one PUT', async () => {
    const network = { ...networkIn('rg-volatility'), noPublicIp: true, publicNetworkAccess: 'Disabled' } as const;
    const deployment = activities.deployment('ws-injected', { tags: { owner: 'ann' } });
    await ensureWorkspace({ ...deployment, network, tags: { owner: 'ann', costCentre: '4711' } });
    const { properties, tags } = await read(workspacePath('ws-injected'), workspacesVersion);
    expect(properties).toMatchObject({
      parameters: {
        customVirtualNetworkId: { value: network.virtualNetworkId },
        customPublicSubnetName: { value: 'snet-host' },
        customPrivateSubnetName: { value: 'snet-container' },
        enableNoPublicIp: { value: true },
      },
      publicNetworkAccess: 'Disabled',
      requiredNsgRules: 'NoAzureDatabricksRules',
    });
    expect(tags).toEqual({ owner: 'ann', costCentre: '4711', 'accelerator-deployment': deployment.id });
  });

  test('may have public addresses', async () => {
    await ensureWorkspace({ ...activities.deployment('ws-public'), network: { noPublicIp: false } });
    const { properties } = await read(workspacePath('ws-public'), workspacesVersion);
    expect(properties).toMatchObject({
      parameters: { enableNoPublicIp: { value: false } },
      publicNetworkAccess: 'Enabled',
      requiredNsgRules: 'AllRules',
    });
  });

  test('needs subnets of its own in a virtual network of the settings', async () => {
    const { virtualNetworkId } = networkIn('rg-volatility');
    const network = { virtualNetworkId, noPublicIp: true };
    const failure = await failureOf(ensureWorkspace({ ...activities.deployment('ws-bare'), network }));
    expect(failure).toMatchObject({ code: 'NETWORK_INCOMPLETE', retryable: false });
  });

  test('cannot go into a network on which the app has no rights', async () => {
    const deployment = { ...activities.deployment('ws-foreign'), network: networkIn('rg-network') };
    const failure = await failureOf(ensureWorkspace(deployment));
    expect(failure).toMatchObject({ code: 'AZURE_DENIED', retryable: true });
    expect(failure.cause).toContain('subnets/join/action');
  });

  test.each([
    ['its identifiers', {}, ''],
    ['words of its own', { message: 'Ask finance.' }, " Reasons: 'Ask finance.'."],
  ])('is told which policy denies it, also by one with %s', async (_what, more, reasons) => {
    const names = { policy: 'Allowed tags', assignment: 'Tags of finance' };
    await setScenario(activities.cloud.azure.arm, { kind: 'policyDenies', name: 'ws-denied', ...names, ...more });
    const failure = await failureOf(ensureWorkspace(activities.deployment('ws-denied')));
    expect(failure).toMatchObject({ code: 'POLICY_DENIED', retryable: false });
    expect(failure.message).toBe(
      `Resource 'ws-denied' is forbidden by the policy "Allowed tags" (assignment "Tags of finance").${reasons}`,
    );
    expect(failure.cause).toMatch(/^RequestDisallowedByPolicy: Resource 'ws-denied' was disallowed by policy/);
  });

  test('fails with the policy that met what Databricks makes in its own group', async () => {
    const deployment = activities.deployment('ws-managed');
    const workspace = await ensureWorkspace(deployment);
    passCreation();
    const info = { policyDefinitionDisplayName: 'No public storage', policyAssignmentDisplayName: 'Baseline' };
    const denial = {
      code: 'RequestDisallowedByPolicy',
      message: "Resource 'dbstorage' was disallowed by policy.",
      additionalInfo: [{ type: 'PolicyViolation', info }],
    };
    const error = { code: 'ApplianceDeploymentFailed', message: 'The operation failed.', details: [denial] };
    const { arm } = activities.cloud.azure;
    await setFault(arm, {
      method: 'GET',
      path: '*/operationStatuses/*',
      status: 200,
      body: { status: 'Failed', error },
    });
    const shown = { id: workspace.resourceId, properties: { provisioningState: 'Failed' } };
    await setFault(arm, { method: 'GET', path: '*/ws-managed', status: 200, body: shown });
    expect(await failureOf(readWorkspace({ ...deployment, workspace }))).toMatchObject({
      code: 'POLICY_DENIED',
      message: `Resource 'dbstorage' is forbidden by the policy "No public storage" (assignment "Baseline").`,
      cause: 'ApplianceDeploymentFailed: The operation failed.',
      retryable: false,
    });
  });
});

describe('a workspace that is there', () => {
  beforeAll(async () => {
    const deployment = activities.deployment('ws-there');
    await ensureWorkspace({ ...deployment, network: { ...networkIn('rg-volatility'), noPublicIp: true } });
    passCreation();
  });

  test.each<[what: string, wish: () => Partial<Network>]>([
    ['names no network', () => ({})],
    ['names its own, however it is spelt', () => ({ publicSubnet: 'SNET-Host', noPublicIp: true })],
    ['names all of its own', () => networkIn('RG-VOLATILITY')],
  ])('is used by a request that %s', async (_what, wish) => {
    const deployment = activities.deployment('ws-there', { network: wish() });
    expect(await ensureWorkspace(deployment)).toMatchObject({ state: 'ready' });
  });

  test('is used whatever network the settings give to those that are made', async () => {
    const deployment = { ...activities.deployment('ws-there'), network: { noPublicIp: false } };
    expect(await ensureWorkspace(deployment)).toMatchObject({ state: 'ready' });
  });

  test.each<[key: keyof Network, wish: () => Network]>([
    ['virtualNetworkId', () => networkIn('rg-network')],
    ['privateSubnet', () => ({ ...networkIn('rg-volatility'), privateSubnet: 'other' })],
    ['noPublicIp', () => ({ noPublicIp: false })],
    ['publicNetworkAccess', () => ({ publicNetworkAccess: 'Disabled' })],
  ])('is refused, and not changed, by a request with another %s', async (key, wish) => {
    const failure = await failureOf(ensureWorkspace(activities.deployment('ws-there', { network: wish() })));
    expect(failure).toMatchObject({ code: 'WORKSPACE_NETWORK_DIFFERS', retryable: false });
    expect(failure.message).toContain(key);
  });
});

test('an identity gets the required tags, and a policy that denies it is named', async () => {
  const { arm } = activities.cloud.azure;
  await setScenario(arm, { kind: 'policyRequiresTag', tag: 'costCentre', assignment: 'Tags of finance' });
  const deployment = activities.deployment('ws-tagged');
  const failure = await failureOf(ensureIdentity(deployment));
  expect(failure).toMatchObject({ code: 'POLICY_DENIED', retryable: false });
  expect(failure.message).toBe(
    `Resource 'id-ws-tagged' is forbidden by the policy "Require a tag on resources" (assignment "Tags of finance").`,
  );
  await ensureIdentity({ ...deployment, tags: { costCentre: '4711' } });
  const path = '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-ws-tagged';
  expect((await read(path, identitiesVersion))['tags']).toEqual({
    costCentre: '4711',
    'accelerator-deployment': deployment.id,
  });
});
