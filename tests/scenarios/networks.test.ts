import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CloudCaller, cloudCaller, identitiesVersion, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import { expectFailure } from '../support/expectFailure.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

const virtualNetwork = (subscription: string, name: string): string =>
  `/subscriptions/${subscription}/resourceGroups/rg-volatility/providers/Microsoft.Network/virtualNetworks/${name}`;

let hub: string;
let spoke: string;
/** In a resource group on which the app has no role. */
let foreign: string;
let world: World;
let caller: CloudCaller;
beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: ({ AZURE_SUBSCRIPTION_ID: subscription = '' }) => {
      hub = virtualNetwork(subscription, 'vnet-hub');
      spoke = virtualNetwork(subscription, 'vnet-spoke');
      foreign = spoke.replace('rg-volatility', 'rg-network');
      return {
        NETWORK: JSON.stringify({ virtualNetworkId: hub, noPublicIp: true }),
        ALLOWED_VIRTUAL_NETWORKS: `${spoke}, ${foreign}`,
        REQUIRED_TAGS: JSON.stringify({ costCentre: '4711', owner: null }),
      };
    },
  });
  caller = cloudCaller(world.cloud);
});
afterEach(() => fetch(`${world.cloud.azure.url}/__scenarios`, { method: 'DELETE' }));
afterAll(() => world.close());

const subnets = { publicSubnet: 'snet-host', privateSubnet: 'snet-container' };
const tags = { owner: 'ann' };

const post = (more: object): Promise<Response> =>
  world.call('/api/deployments', {
    method: 'POST',
    body: { resourceGroup: 'rg-volatility', workspaceName: 'dbw-refused', tags, network: subnets, ...more },
  });

describe('in a corporate network', () => {
  test('a deployment succeeds in the subnets that it names, under a policy that wants a tag on everything', async () => {
    await setScenario(world.cloud.azure.arm, { kind: 'policyRequiresTag', tag: 'costCentre' });
    const ended = await world.deploy({ workspaceName: 'dbw-inside', network: subnets, tags });
    expect(ended.failure).toBeUndefined();
    expect(await inventoryOf(world.cloud, 'dbw-inside')).toEqual(oneOfEach);

    const workspace = await caller.arm(
      'GET',
      '/providers/Microsoft.Databricks/workspaces/dbw-inside',
      workspacesVersion,
    );
    expect(workspace.body).toMatchObject({
      properties: {
        parameters: {
          customVirtualNetworkId: { value: hub },
          customPublicSubnetName: { value: 'snet-host' },
          customPrivateSubnetName: { value: 'snet-container' },
          enableNoPublicIp: { value: true },
        },
      },
      tags: { owner: 'ann', costCentre: '4711' },
    });
    const identity = '/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-dbw-inside';
    expect((await caller.arm('GET', identity, identitiesVersion)).body['tags']).toMatchObject({
      owner: 'ann',
      costCentre: '4711',
    });
  });

  test('another virtual network may be named if the settings allow it', async () => {
    const network = { virtualNetworkId: spoke, ...subnets };
    const ended = await world.deploy({ workspaceName: 'dbw-spoke', network, tags });
    expect(ended.failure).toBeUndefined();
    const { body } = await caller.arm('GET', '/providers/Microsoft.Databricks/workspaces/dbw-spoke', workspacesVersion);
    expect(body).toMatchObject({ properties: { parameters: { customVirtualNetworkId: { value: spoke } } } });
  });

  test.each<[what: string, more: () => object, pointers: string[]]>([
    ['no subnets', () => ({ network: {} }), ['/network/publicSubnet', '/network/privateSubnet']],
    ['public addresses', () => ({ network: { ...subnets, noPublicIp: false } }), ['/network/noPublicIp']],
    [
      'a foreign network',
      () => ({ network: { ...subnets, virtualNetworkId: hub.replace('hub', 'x') } }),
      ['/network/virtualNetworkId'],
    ],
    ['no owner', () => ({ tags: {} }), ['/tags/owner']],
    ['another cost centre', () => ({ tags: { ...tags, CostCentre: '1' } }), ['/tags/CostCentre']],
  ])('a request with %s is refused with a pointer', async (_what, more, pointers) => {
    const response = await post(more());
    expect(response.status).toBe(422);
    const { code, errors } = (await response.json()) as { code: string; errors: { pointer: string }[] };
    expect([code, errors.map(({ pointer }) => pointer)]).toEqual(['NOT_ALLOWED', pointers]);
  });
});

describe('a policy that denies', () => {
  test('is named with its assignment, and the same request goes through when it is met', async () => {
    const names = { policy: 'Require a team', assignment: 'Tags of finance' };
    await setScenario(world.cloud.azure.arm, { kind: 'policyRequiresTag', tag: 'team', ...names });
    const refused = await world.deploy({ workspaceName: 'dbw-team', network: subnets, tags });
    expect(refused.failure).toMatchObject({ code: 'POLICY_DENIED' });
    expect(refused.failure?.message).toMatch(
      /^Resource '.*dbw-team' is forbidden by the policy "Require a team" \(assignment "Tags of finance"\)\.$/,
    );
    expect(refused.failure?.cause).toContain('RequestDisallowedByPolicy');
    const accepted = await world.deploy({
      workspaceName: 'dbw-team',
      network: subnets,
      tags: { ...tags, team: 'quants' },
    });
    expect(accepted.failure).toBeUndefined();
    expect(accepted.attempt).toBe(2);
  });
});

test('an existing workspace with another network is refused when the request names one, and used when it names none', async () => {
  const subscription = world.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? '';
  const managedResourceGroupId = `/subscriptions/${subscription}/resourceGroups/managed-theirs`;
  const theirs = {
    location: 'westeurope',
    sku: { name: 'premium' },
    properties: { computeMode: 'Hybrid', managedResourceGroupId },
  };
  const path = '/providers/Microsoft.Databricks/workspaces/dbw-theirs';
  expect((await caller.arm('PUT', path, workspacesVersion, theirs)).status).toBe(201);
  await world.pass(quickLatencies.workspaceSeconds);
  const refused = await world.deploy({ workspaceName: 'dbw-theirs', network: subnets, tags });
  const failure = expectFailure(refused, 'WORKSPACE_NETWORK_DIFFERS', 'workspace');
  expect(failure.message).toContain('publicSubnet none');
  expect((await world.deploy({ workspaceName: 'dbw-theirs', tags })).failure).toBeUndefined();
});

test('a virtual network in which the app has no rights ends the deployment with what it needs', async () => {
  const network = { virtualNetworkId: foreign, ...subnets };
  const ended = await world.deploy({ workspaceName: 'dbw-foreign', network, tags });
  const failure = expectFailure(ended, 'AZURE_DENIED', 'workspace');
  expect(failure.cause).toContain('subnets/join/action');
  expect(failure.hint).toContain('Network Contributor');
});
