import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRequest } from '../../domain/request.ts';

const minimal = { resourceGroup: 'rg-volatility', workspaceName: 'ws-volatility' };

const virtualNetworkId =
  '/subscriptions/11111111-2222-4333-8444-555555555555/resourceGroups/rg-net/providers/Microsoft.Network/virtualNetworks/vnet-hub';

const pointersOf = (body: unknown): string[] => {
  const parsed = parseRequest(body);
  return 'faults' in parsed ? parsed.faults.map(({ pointer }) => pointer) : [];
};

describe('parseRequest', () => {
  test('fills in the defaults of a minimal request', () => {
    expect(parseRequest(minimal)).toEqual({
      request: {
        ...minimal,
        accelerator: 'predicting-implied-volatility',
        ifExists: 'use',
        compute: {},
        parameters: {},
        tags: {},
      },
    });
  });

  test('takes a request with every wish as it is', () => {
    const request = {
      ...minimal,
      accelerator: 'another-one',
      resourceGroup: '(rg).A_b-1',
      location: 'westeurope',
      identityName: 'id-1',
      ifExists: 'fail',
      compute: { sparkVersion: '15.4.x-gpu-ml-scala2.12', nodeType: 'Standard_NC4as_T4_v3', workers: 0 },
      parameters: { number_of_paths: '1000' },
      tags: { 'cost centre': 'Überseequartier 7' },
      network: {
        virtualNetworkId,
        publicSubnet: '0_a.B-c',
        privateSubnet: 'x',
        noPublicIp: false,
        publicNetworkAccess: 'Enabled',
      },
    };
    expect(parseRequest(request)).toEqual({ request });
  });

  test.each<[fault: string, body: unknown, pointers: string[]]>([
    ['nothing', undefined, ['']],
    ['null', null, ['']],
    ['a text', 'x', ['']],
    ['an empty object', {}, ['/resourceGroup', '/workspaceName']],
    ['a misspelt key', { ...minimal, workSpace: 'x' }, ['/workSpace']],
    ['a misspelt key inside', { ...minimal, compute: { node: 'x' } }, ['/compute/node']],
    ['a name of Object.prototype', { ...minimal, toString: 'x' }, ['/toString']],
    ['another accelerator name', { ...minimal, accelerator: '../x' }, ['/accelerator']],
    ['a resource group with a slash', { ...minimal, resourceGroup: 'a/b' }, ['/resourceGroup']],
    ['a resource group that ends with a period', { ...minimal, resourceGroup: 'rg.' }, ['/resourceGroup']],
    ['a resource group that is too long', { ...minimal, resourceGroup: 'r'.repeat(91) }, ['/resourceGroup']],
    ['a line break behind a name', { ...minimal, resourceGroup: 'rg\n' }, ['/resourceGroup']],
    ['a workspace name that is too short', { ...minimal, workspaceName: 'ab' }, ['/workspaceName']],
    ['letters of another script', { ...minimal, workspaceName: 'wѕ-volatility' }, ['/workspaceName']],
    ['a number for a name', { ...minimal, workspaceName: 123 }, ['/workspaceName']],
    ['a location with blanks', { ...minimal, location: 'West Europe' }, ['/location']],
    ['an identity name that starts with a hyphen', { ...minimal, identityName: '-id' }, ['/identityName']],
    ['another ifExists', { ...minimal, ifExists: 'overwrite' }, ['/ifExists']],
    ['half a worker', { ...minimal, compute: { workers: 1.5 } }, ['/compute/workers']],
    ['too many workers', { ...minimal, compute: { workers: 65 } }, ['/compute/workers']],
    ['workers below nothing', { ...minimal, compute: { workers: -1 } }, ['/compute/workers']],
    ['a runtime with a path', { ...minimal, compute: { sparkVersion: '15/4' } }, ['/compute/sparkVersion']],
    ['a list for compute', { ...minimal, compute: [] }, ['/compute']],
    ['a list for tags', { ...minimal, tags: ['a'] }, ['/tags']],
    ['a list for parameters', { ...minimal, parameters: ['a'] }, ['/parameters']],
    ['null for tags', { ...minimal, tags: null }, ['/tags']],
    ['a tag that is no text', { ...minimal, tags: { a: 1 } }, ['/tags/a']],
    ['a tag name that needs escapes', { ...minimal, tags: { 'a/b~c': '' } }, ['/tags/a~1b~0c']],
    ['a tag twice in two cases', { ...minimal, tags: { Owner: 'a', team: 'b', owner: 'c' } }, ['/tags']],
    ['too many tags', { ...minimal, tags: many(16) }, ['/tags']],
    ['a tag that is too long', { ...minimal, tags: { a: 'x'.repeat(257) } }, ['/tags/a']],
    [
      'the tag of the deployer',
      { ...minimal, tags: { 'Accelerator-Deployment': 'x' } },
      ['/tags/Accelerator-Deployment'],
    ],
    ['a parameter name in capitals', { ...minimal, parameters: { Paths: '1' } }, ['/parameters/Paths']],
    ['a parameter of the deployer', { ...minimal, parameters: { attempt: '2' } }, ['/parameters/attempt']],
    ['a parameter that is too long', { ...minimal, parameters: { a: 'x'.repeat(201) } }, ['/parameters/a']],
    ['too many parameters', { ...minimal, parameters: many(21) }, ['/parameters']],
    ['a list for the network', { ...minimal, network: [] }, ['/network']],
    ['a misspelt key of the network', { ...minimal, network: { subnet: 'a' } }, ['/network/subnet']],
    [
      'the name of a virtual network',
      { ...minimal, network: { virtualNetworkId: 'vnet-hub' } },
      ['/network/virtualNetworkId'],
    ],
    [
      'something else than a virtual network',
      { ...minimal, network: { virtualNetworkId: `${virtualNetworkId}/subnets/a` } },
      ['/network/virtualNetworkId'],
    ],
    ['a subnet that starts with a period', { ...minimal, network: { publicSubnet: '.a' } }, ['/network/publicSubnet']],
    ['a subnet that ends with a hyphen', { ...minimal, network: { privateSubnet: 'a-' } }, ['/network/privateSubnet']],
    ['a long subnet', { ...minimal, network: { privateSubnet: 'a'.repeat(81) } }, ['/network/privateSubnet']],
    ['words for a boolean', { ...minimal, network: { noPublicIp: 'yes' } }, ['/network/noPublicIp']],
    ['another access', { ...minimal, network: { publicNetworkAccess: 'On' } }, ['/network/publicNetworkAccess']],
    ['several faults', { ...minimal, location: '', ifExists: 1 }, ['/location', '/ifExists']],
  ])('points at %s', (_fault, body, pointers) => {
    expect(pointersOf(body)).toEqual(pointers);
  });

  test.each(['__proto__', 'prototype', 'constructor'])('drops no key named %s in silence', (name) => {
    const own = JSON.parse(`{"${name}": "x"}`) as object;
    expect(pointersOf({ ...minimal, tags: own })).toEqual(['/tags']);
    expect(pointersOf({ ...minimal, parameters: own })).toEqual(['/parameters']);
    expect(pointersOf({ ...minimal, compute: own })).toEqual(['/compute']);
    expect(pointersOf(JSON.parse(`{"resourceGroup":"rg","workspaceName":"wsa","${name}":{"x":1}}`))).toEqual([
      `/${name}`,
    ]);
  });

  test('finds a fault in a list', () => {
    expect(pointersOf([])).not.toEqual([]);
    expect(pointersOf([minimal])).not.toEqual([]);
  });

  test('says in words that a key is missing or not known', () => {
    const parsed = parseRequest({ resourceGroup: 'rg', wish: 1 });
    expect(parsed).toEqual({
      faults: [
        { pointer: '/workspaceName', message: 'This key is missing.' },
        { pointer: '/wish', message: 'This key is not known.' },
      ],
    });
  });

  test('never throws, changes nothing of Object and keeps every key of what it takes', () => {
    const anyValue = fc.jsonValue();
    const nearly = fc
      .record(
        {
          resourceGroup: fc.oneof(fc.constant('rg'), fc.string()),
          workspaceName: fc.oneof(fc.constant('ws-a'), fc.string()),
          compute: fc.oneof(fc.record({ workers: fc.integer({ min: 0, max: 80 }) }), anyValue),
          parameters: fc.oneof(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string()), anyValue),
          tags: fc.oneof(fc.dictionary(fc.string(), fc.string()), anyValue),
          __proto__: anyValue,
        },
        { requiredKeys: ['resourceGroup', 'workspaceName'] },
      )
      .map((body) => JSON.parse(JSON.stringify(body)) as Record<string, unknown>);
    fc.assert(
      fc.property(fc.oneof(anyValue, nearly), (body) => {
        const parsed = parseRequest(body);
        const faults = 'faults' in parsed ? parsed.faults : [];
        const taken = 'request' in parsed ? parsed.request : body;
        expect(faults.filter(({ pointer, message }) => !/^(\/.*)?$/s.test(pointer) || !message)).toEqual([]);
        expect({ x: taken }).toMatchObject({ x: body });
        expect('request' in parsed).toBe(faults.length === 0);
      }),
      { numRuns: 2000 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

function many(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`a${i}`, 'x']));
}
