import * as fc from 'fast-check';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { deploymentId } from '../../domain/ids.ts';
import type * as links from '../../functions/statusLink.ts';

const nowMs = Date.UTC(2026, 10, 23, 21, 0, 0);
const id = deploymentId({ subscriptionId: 's', resourceGroup: 'rg', workspaceName: 'ws', accelerator: 'a' });
const otherId = deploymentId({ subscriptionId: 's', resourceGroup: 'rg', workspaceName: 'other', accelerator: 'a' });

let statusLink: typeof links.statusLink;
let isStatusLink: typeof links.isStatusLink;

const load = async (key: string): Promise<typeof links> => {
  vi.resetModules();
  vi.stubEnv('AZURE_SUBSCRIPTION_ID', '00000000-0000-4000-8000-000000000001');
  vi.stubEnv('AZURE_CLIENT_ID', '00000000-0000-4000-8000-000000000002');
  vi.stubEnv('ACCELERATORS', '{}');
  vi.stubEnv('ALLOWED_RESOURCE_GROUPS', 'rg');
  vi.stubEnv('ALLOWED_LOCATIONS', 'westeurope');
  vi.stubEnv('STATUS_LINK_KEY', key);
  vi.stubEnv('STATUS_LINK_HOURS', '2');
  return import('../../functions/statusLink.ts');
};

beforeAll(async () => {
  ({ statusLink, isStatusLink } = await load('0123456789abcdef0123456789abcdef'));
});

const partsOf = (link: string): { expires: string; signature: string; path: string } => {
  const { searchParams, pathname } = new URL(link);
  return {
    expires: searchParams.get('expires') ?? '',
    signature: searchParams.get('signature') ?? '',
    path: pathname,
  };
};

describe('a status link', () => {
  test('leads to the status of its deployment and carries no key', () => {
    const link = statusLink('https://app.test', id, nowMs);
    expect(link).toMatch(
      new RegExp(`^https://app\\.test/api/deployments/${id}/status\\?expires=\\d+&signature=[\\w-]{43}$`),
    );
  });

  test('is good for its deployment until it expires, and no longer', () => {
    const { expires, signature } = partsOf(statusLink('https://app.test', id, nowMs));
    expect(Number(expires)).toBe(nowMs / 1000 + 7200);
    expect(isStatusLink(id, expires, signature, nowMs)).toBe(true);
    expect(isStatusLink(id, expires, signature, nowMs + 7_200_000)).toBe(true);
    expect(isStatusLink(id, expires, signature, nowMs + 7_200_001)).toBe(false);
  });

  test('is not good for another deployment', () => {
    const { expires, signature } = partsOf(statusLink('https://app.test', id, nowMs));
    expect(isStatusLink(otherId, expires, signature, nowMs)).toBe(false);
    expect(isStatusLink(`${id}\n`, expires, signature, nowMs)).toBe(false);
    expect(isStatusLink('', expires, signature, nowMs)).toBe(false);
  });

  test('cannot be prolonged', () => {
    const { expires, signature } = partsOf(statusLink('https://app.test', id, nowMs));
    expect(isStatusLink(id, String(Number(expires) + 1), signature, nowMs)).toBe(false);
    for (const odd of ['', '-1', '1e12', `${expires}.5`, ` ${expires}`, 'NaN', `${expires}\n`, '9'.repeat(13)])
      expect(isStatusLink(id, odd, signature, nowMs)).toBe(false);
  });

  test('is refused without one of its parts', () => {
    const { expires, signature } = partsOf(statusLink('https://app.test', id, nowMs));
    expect(isStatusLink(id, null, signature, nowMs)).toBe(false);
    expect(isStatusLink(id, expires, null, nowMs)).toBe(false);
    expect(isStatusLink(id, expires, '', nowMs)).toBe(false);
  });

  test('is refused with any other signature', () => {
    const { expires, signature } = partsOf(statusLink('https://app.test', id, nowMs));
    const changed = fc
      .tuple(fc.nat(signature.length - 1), fc.stringMatching(/^[\w-]$/))
      .map(([at, letter]) => signature.slice(0, at) + letter + signature.slice(at + 1));
    const padded = fc.constantFrom(`${signature}=`, ` ${signature}`, signature.toUpperCase(), signature.slice(1));
    fc.assert(
      fc.property(fc.oneof(changed, padded, fc.string(), fc.string({ unit: 'binary' })), (other) => {
        fc.pre(other !== signature);
        expect(isStatusLink(id, expires, other, nowMs)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('ends when the key is changed', async () => {
    const { expires, signature } = partsOf(statusLink('https://app.test', id, nowMs));
    const later = await load('fedcba9876543210fedcba9876543210');
    expect(later.isStatusLink(id, expires, signature, nowMs)).toBe(false);
  });
});
