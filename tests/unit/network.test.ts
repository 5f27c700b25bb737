import { describe, expect, test } from 'vitest';
import { type Network, type NetworkRules, resolveNetwork } from '../../domain/network.ts';

const subscriptionId = '11111111-2222-4333-8444-555555555555';
const hub = `/subscriptions/${subscriptionId}/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/hub`;
const spoke = hub.replace('hub', 'spoke');
const subnets = { publicSubnet: 'snet-host', privateSubnet: 'snet-container' };
const open: NetworkRules = { subscriptionId, network: {}, allowed: [] };
const corporate: NetworkRules = {
  subscriptionId,
  network: { virtualNetworkId: hub, ...subnets, noPublicIp: true, publicNetworkAccess: 'Disabled' },
  allowed: [spoke],
};

const pointersOf = (asked: Network | undefined, rules: NetworkRules): string[] =>
  resolveNetwork(asked, rules).faults.map(({ pointer }) => pointer.replace('/network/', ''));

describe('resolveNetwork', () => {
  test('gives a workspace no public addresses when nobody says anything', () => {
    expect(resolveNetwork(undefined, open)).toEqual({ network: { noPublicIp: true }, faults: [] });
  });

  test('takes the wishes of a request where the settings have none', () => {
    expect(resolveNetwork({ noPublicIp: false }, open)).toEqual({ network: { noPublicIp: false }, faults: [] });
  });

  test('gives a request without wishes what the settings say', () => {
    expect(resolveNetwork(undefined, corporate)).toEqual({ network: corporate.network, faults: [] });
  });

  test('lets a request choose the subnets, which belong to one workspace alone', () => {
    const rules = { ...open, network: { virtualNetworkId: hub } };
    expect(pointersOf({}, rules)).toEqual(['publicSubnet', 'privateSubnet']);
    // Whoever says nothing may mean a workspace that is there.
    expect(pointersOf(undefined, rules)).toEqual([]);
    expect(resolveNetwork(subnets, rules)).toEqual({
      network: { noPublicIp: true, virtualNetworkId: hub, ...subnets },
      faults: [],
    });
  });

  test('lets a request name an allowed network, however it is spelt, and keeps the rest of the settings', () => {
    const asked = { virtualNetworkId: spoke.toUpperCase(), publicSubnet: 'a', privateSubnet: 'b' };
    const expected = { ...asked, noPublicIp: true, publicNetworkAccess: 'Disabled' };
    expect(resolveNetwork(asked, corporate)).toEqual({ network: expected, faults: [] });
  });

  test('does not look for the subnets of one network in another one', () => {
    expect(pointersOf({ virtualNetworkId: spoke }, corporate)).toEqual(['publicSubnet', 'privateSubnet']);
  });

  const another = '22222222-2222-4333-8444-555555555555';
  const foreign = hub.replace(subscriptionId, another);
  test.each<[what: string, asked: Network, rules: NetworkRules, pointers: string[]]>([
    ['a network that is not allowed', { virtualNetworkId: spoke, ...subnets }, open, ['virtualNetworkId']],
    [
      'public addresses where the settings forbid them',
      { noPublicIp: false },
      corporate,
      ['noPublicIp', 'publicNetworkAccess'],
    ],
    [
      'public access where the settings forbid it',
      { publicNetworkAccess: 'Enabled' },
      corporate,
      ['publicNetworkAccess'],
    ],
    ['no public access without a network', { publicNetworkAccess: 'Disabled' }, open, ['publicNetworkAccess']],
    ['one subnet alone', { publicSubnet: 'a' }, open, ['virtualNetworkId', 'privateSubnet']],
    ['one subnet twice', { publicSubnet: 'a', privateSubnet: 'A' }, corporate, ['privateSubnet']],
    [
      'a network of another subscription',
      { virtualNetworkId: foreign, ...subnets },
      { ...open, allowed: [foreign] },
      ['virtualNetworkId'],
    ],
  ])('points at %s', (_what, asked, rules, pointers) => {
    expect(pointersOf(asked, rules)).toEqual(pointers);
  });
});
