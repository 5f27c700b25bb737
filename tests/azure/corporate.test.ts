import { describe, expect, test } from 'vitest';
import { type Answer, type Cloud, group, groupId, idOf, startCloud, subscriptionId, wireWish } from './startCloud.ts';

const version = 'api-version=2026-01-01';
const virtualNetwork = `${groupId}/providers/Microsoft.Network/virtualNetworks/vnet-hub`;
const injected = {
  customVirtualNetworkId: { value: virtualNetwork },
  customPublicSubnetName: { value: 'snet-host' },
  customPrivateSubnetName: { value: 'snet-container' },
};

const put = ({ send }: Cloud, name: string, properties: object, tags: object = {}): Promise<Answer> =>
  send('PUT', `${idOf(name)}?${version}`, { ...wireWish(name, { ...properties }), tags });

const identityPath = `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-vol?api-version=2024-11-30`;
const putIdentity = ({ send }: Cloud, tags: object): Promise<Answer> =>
  send('PUT', identityPath, { location: 'westeurope', tags });

describe('the network of a workspace', () => {
  test('is shown with the types of its parameters, and has no public addresses by default', async () => {
    const cloud = await startCloud();
    await put(cloud, 'ws-plain', {});
    await put(cloud, 'ws-vnet', {
      parameters: { ...injected, enableNoPublicIp: { value: false } },
      publicNetworkAccess: 'Disabled',
      requiredNsgRules: 'NoAzureDatabricksRules',
    });
    const plain = await cloud.send('GET', `${idOf('ws-plain')}?${version}`);
    expect(plain.body).toMatchObject({
      properties: { parameters: { enableNoPublicIp: { type: 'Bool', value: true } }, publicNetworkAccess: 'Enabled' },
    });
    const { parameters, publicNetworkAccess } = await cloud.databricks.workspaces.get(group, 'ws-vnet');
    expect(publicNetworkAccess).toBe('Disabled');
    expect(parameters).toMatchObject({
      customVirtualNetworkId: { type: 'String', value: virtualNetwork },
      customPublicSubnetName: { value: 'snet-host' },
      customPrivateSubnetName: { value: 'snet-container' },
      enableNoPublicIp: { value: false },
    });
  });

  const { customPublicSubnetName: publicSubnet, ...withoutPublic } = injected;
  const foreign = virtualNetwork.replace(subscriptionId, '22222222-2222-4333-8444-555555555555');
  test.each([
    ['lacks a subnet', { parameters: withoutPublic }, 'InvalidVirtualNetworkParameters'],
    ['has subnets alone', { parameters: { customPublicSubnetName: publicSubnet } }, 'InvalidVirtualNetworkParameters'],
    [
      'has one subnet twice',
      { parameters: { ...injected, customPrivateSubnetName: { value: 'SNET-host' } } },
      'InvalidVirtualNetworkParameters',
    ],
    [
      'is in another subscription',
      { parameters: { ...injected, customVirtualNetworkId: { value: foreign } } },
      'InvalidVirtualNetworkParameters',
    ],
    ['has an unknown parameter', { parameters: { customSubnet: { value: 'x' } } }, 'InvalidRequestContent'],
    ['has a text for a boolean', { parameters: { enableNoPublicIp: { value: 'true' } } }, 'InvalidRequestContent'],
    ['has a bare value', { parameters: { enableNoPublicIp: true } }, 'InvalidRequestContent'],
    ['has an unknown access', { publicNetworkAccess: 'Sometimes' }, 'InvalidRequestContent'],
    ['has unknown rules', { requiredNsgRules: 'NoRules' }, 'InvalidRequestContent'],
  ])('is refused when it %s', async (_what, properties, code) => {
    const cloud = await startCloud();
    expect(await put(cloud, 'ws-vol', properties)).toMatchObject({ status: 400, body: { error: { code } } });
  });

  test('may not be one in which the caller may put nothing', async () => {
    const cloud = await startCloud();
    const elsewhere = { value: virtualNetwork.replace(group, 'rg-network') };
    const answer = await put(cloud, 'ws-vol', { parameters: { ...injected, customVirtualNetworkId: elsewhere } });
    expect(answer).toMatchObject({ status: 403, body: { error: { code: 'LinkedAuthorizationFailed' } } });
    expect(answer.body.error.message).toContain('Microsoft.Network/virtualNetworks/subnets/join/action');
  });
});

describe('a policy', () => {
  const agree = (cloud: Cloud, scenario: object): Promise<Answer> => cloud.send('POST', '/__scenarios', scenario);

  test('that requires a tag denies workspaces and identities without it, whatever the casing of its name', async () => {
    const cloud = await startCloud();
    await agree(cloud, { kind: 'policyRequiresTag', tag: 'costCentre', assignment: 'Tags of finance' });
    for (const answer of [await put(cloud, 'ws-vol', {}), await putIdentity(cloud, { owner: 'x' })]) {
      expect(answer).toMatchObject({ status: 403, body: { error: { code: 'RequestDisallowedByPolicy' } } });
    }
    expect((await put(cloud, 'ws-vol', {}, { CostCentre: '4711' })).status).toBe(201);
    expect((await putIdentity(cloud, { costcentre: '4711' })).status).toBe(201);
    cloud.clock.advance(100_000);
    const patched = await cloud.send('PATCH', `${idOf('ws-vol')}?${version}`, { tags: { a: '1' } });
    expect(patched.status).toBe(403);
  });

  test('names itself, its assignment and what it found in the details of its denial', async () => {
    const cloud = await startCloud();
    await agree(cloud, { kind: 'policyRequiresTag', tag: 'costCentre', assignment: 'Tags of finance' });
    const { body } = await put(cloud, 'ws-vol', {});
    expect(body.error).toMatchObject({
      target: 'ws-vol',
      additionalInfo: [
        {
          type: 'PolicyViolation',
          info: {
            policyDefinitionDisplayName: 'Require a tag on resources',
            policyDefinitionEffect: 'Deny',
            policyAssignmentDisplayName: 'Tags of finance',
            policyAssignmentScope: groupId,
            policyAssignmentParameters: { tagName: { value: 'costCentre' } },
            evaluationDetails: { evaluatedExpressions: [{ expression: 'tags[costCentre]', operator: 'Exists' }] },
          },
        },
      ],
    });
    const { message } = body.error;
    const identifiers = JSON.parse(/identifiers: '(.*)'\.$/.exec(message)?.[1] ?? '') as unknown[];
    expect(identifiers).toMatchObject([
      { policyAssignment: { name: 'Tags of finance' }, policyDefinition: { name: 'Require a tag on resources' } },
    ]);
  });

  test('with words of its own says these, and all that deny a resource are told together', async () => {
    const cloud = await startCloud();
    await agree(cloud, { kind: 'policyDenies', name: 'ws-vol', policy: 'Only in the hub', message: 'Ask the hub.' });
    await agree(cloud, { kind: 'policyDenies', name: '*', policy: 'No clouds' });
    const { body } = await put(cloud, 'ws-vol', {});
    expect(body.error.message).toBe(
      "Resource 'ws-vol' was disallowed by policy. Reasons: 'Ask the hub.'. See error details for policy resource IDs.",
    );
    expect(body.error['additionalInfo' as 'message']).toHaveLength(2);
  });
});
