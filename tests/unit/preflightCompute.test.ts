import { describe, expect, test } from 'vitest';
import type { Finding } from '../../domain/preflight.ts';
import { judgeCompute } from '../../domain/preflightCompute.ts';
import { clusterNeeds } from '../../domain/preflightNeeds.ts';

const codesOf = (findings: Finding[]): string[] => findings.map(({ severity, code }) => `${severity} ${code}`);

describe('what a workspace offers', () => {
  const context = { location: 'westeurope', at: '2026-08-01T00:00:00Z' };
  const needs = clusterNeeds('predicting-implied-volatility', {});
  const runtimes = { value: ['13.3.x-gpu-ml-scala2.12', '15.4.x-scala2.12', '15.4.x-gpu-ml-scala2.12'] };
  const node = (id: string, more: object = {}) => ({ id, deprecated: false, status: [], ...more });
  const nodeTypes = { value: [node('Standard_D4ads_v5'), node('Standard_NC4as_T4_v3')] };

  test('is no finding when the clusters can be had', () => {
    expect(judgeCompute({ runtimes, nodeTypes }, needs, context)).toEqual([]);
  });

  test('names a runtime that is not there, and one that is', () => {
    const [finding] = judgeCompute({ runtimes: { value: runtimes.value.slice(1) }, nodeTypes }, needs, context);
    expect(finding).toMatchObject({ code: 'RUNTIME_NOT_OFFERED', pointer: '/compute/sparkVersion' });
    expect(finding?.hint).toContain('"sparkVersion": "15.4.x-gpu-ml-scala2.12"');
  });

  test('may leave out a runtime that is out of support, which a cluster may still get: a warning', () => {
    const findings = judgeCompute({ runtimes: { value: runtimes.value.slice(1) }, nodeTypes }, needs, {
      ...context,
      at: '2026-08-22T00:00:00Z',
    });
    expect(codesOf(findings)).toEqual(['warning RUNTIME_NOT_LISTED']);
  });

  test.each([
    ['not listed', [node('Standard_D4ads_v5')], 'error NODE_TYPE_NOT_OFFERED'],
    [
      'not enabled',
      [node('Standard_D4ads_v5'), node('Standard_NC4as_T4_v3', { status: ['NotEnabledOnSubscription'] })],
      'error NODE_TYPE_NOT_OFFERED',
    ],
    [
      'deprecated',
      [node('Standard_D4ads_v5'), node('Standard_NC4as_T4_v3', { deprecated: true })],
      'warning NODE_TYPE_DEPRECATED',
    ],
  ])('says of a node type that is %s: %s', (_what, value, code) => {
    const findings = judgeCompute({ runtimes, nodeTypes: { value } }, needs, context);
    expect(codesOf(findings)).toEqual([code]);
  });

  test('that nobody may read is a warning', () => {
    const unread = { unread: 'No.' };
    expect(codesOf(judgeCompute({ runtimes: unread, nodeTypes: unread }, needs, context))).toEqual([
      'warning NOT_CHECKED',
      'warning NOT_CHECKED',
    ]);
  });
});
