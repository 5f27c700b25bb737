import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  deploymentId,
  idempotencyToken,
  identityNameFor,
  isDeploymentId,
  jobNameFor,
  managedResourceGroupFor,
  repositoryPathFor,
  roleAssignmentName,
  storageInstanceId,
  type Target,
  watchInstanceId,
} from '../../domain/ids.ts';
import { parseRequest } from '../../domain/request.ts';

const target = {
  subscriptionId: '00000000-0000-4000-8000-000000000001',
  resourceGroup: 'rg-volatility',
  workspaceName: 'ws-volatility',
  accelerator: 'predicting-implied-volatility',
} satisfies Target;
const id = deploymentId(target);

const name = fc.stringMatching(/^[-\w]{3,64}$/);
const targets = fc.record({
  subscriptionId: fc.uuid(),
  resourceGroup: name,
  workspaceName: name,
  accelerator: fc.stringMatching(/^[a-z0-9-]{1,64}$/),
});

describe('deploymentId', () => {
  test('has always been this one for this target', () => {
    expect(id).toBe('1af863dc519188bec3b504da');
  });

  test('is the same for names that Azure takes for the same', () => {
    fc.assert(
      fc.property(targets, (one) => {
        const shouted = Object.fromEntries(Object.entries(one).map(([key, text]) => [key, text.toUpperCase()]));
        expect(deploymentId(shouted as unknown as Target)).toBe(deploymentId(one));
        expect(isDeploymentId(deploymentId(one))).toBe(true);
      }),
    );
  });

  test.each(['subscriptionId', 'resourceGroup', 'workspaceName', 'accelerator'] as const)('differs by %s', (part) => {
    expect(deploymentId({ ...target, [part]: `${target[part]}x` })).not.toBe(id);
  });

  test('does not take the end of one name for the start of the next', () => {
    expect(deploymentId({ ...target, resourceGroup: 'a', workspaceName: 'bc' })).not.toBe(
      deploymentId({ ...target, resourceGroup: 'ab', workspaceName: 'c' }),
    );
  });
});

describe('isDeploymentId', () => {
  test.each(['', 'x', id.toUpperCase(), `${id}0`, id.slice(1), `${id}\n`, `${id}:watch:1`, '../admin'])(
    'refuses %j',
    (text) => {
      expect(isDeploymentId(text)).toBe(false);
    },
  );
});

describe('names made of the id', () => {
  test('keep to what the other side takes', () => {
    fc.assert(
      fc.property(targets, fc.integer({ min: 1, max: 1e9 }), (one, attempt) => {
        const own = deploymentId(one);
        expect(idempotencyToken(own, attempt, 'zzzzzzzzz').length).toBeLessThanOrEqual(64);
        expect(managedResourceGroupFor(one.workspaceName, own)).toMatch(/^[-\w.()]{1,89}[^.]$/);
        const request = {
          resourceGroup: 'rg',
          workspaceName: 'ws-a',
          identityName: identityNameFor(one.workspaceName),
        };
        expect(parseRequest(request)).toHaveProperty('request');
        // Durable takes 100 characters, and none of / \ # ? in an instance id.
        for (const instance of [storageInstanceId(own, attempt), watchInstanceId(own, attempt)])
          expect(instance).toMatch(/^[^/\\#?]{1,100}$/);
        expect(jobNameFor(one.accelerator, own)).toContain(own);
        expect(repositoryPathFor('me', one.accelerator)).toBe(`/Users/me/${one.accelerator}`);
      }),
    );
  });

  test('differ by attempt where each attempt is to act anew', () => {
    expect(idempotencyToken(id, 1, 'a')).not.toBe(idempotencyToken(id, 2, 'a'));
    expect(idempotencyToken(id, 1, 'a')).not.toBe(idempotencyToken(id, 1, 'b'));
    expect(watchInstanceId(id, 1)).not.toBe(watchInstanceId(id, 2));
    expect(storageInstanceId(id, 1)).not.toBe(storageInstanceId(id, 2));
  });

  test('keep apart the managed groups of one workspace name in several groups', () => {
    const other = deploymentId({ ...target, resourceGroup: 'rg-other' });
    expect(managedResourceGroupFor('ws', id)).not.toBe(managedResourceGroupFor('ws', other));
  });
});

describe('roleAssignmentName', () => {
  const scope = `/subscriptions/${target.subscriptionId}/resourceGroups/rg/providers/Microsoft.Databricks/workspaces/ws`;
  const principal = '11111111-1111-4111-8111-111111111111';
  const role = 'b24988ac-6180-42a0-ab88-20f7382dd24c';

  test('is a UUID of version 5', () => {
    fc.assert(
      fc.property(fc.string(), fc.uuid(), fc.uuid(), (where, who, what) => {
        expect(roleAssignmentName(where, who, what)).toMatch(
          /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
        );
      }),
    );
  });

  test('has always been this one, in either case', () => {
    expect(roleAssignmentName(scope, principal, role)).toBe('632775df-f493-5cb9-96cb-2e862ba3732c');
    expect(roleAssignmentName(scope.toUpperCase(), principal, role)).toBe(roleAssignmentName(scope, principal, role));
  });

  test('differs by scope, principal and role', () => {
    const names = [
      roleAssignmentName(scope, principal, role),
      roleAssignmentName(`${scope}2`, principal, role),
      roleAssignmentName(scope, principal.replaceAll('1', '2'), role),
      roleAssignmentName(scope, principal, principal),
    ];
    expect(new Set(names).size).toBe(4);
  });
});
