import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { conditionHolds } from '../../local/azure/assignmentCondition.ts';
import { delegation } from '../../local/azure/delegation.ts';
import { app, type Cloud, groupId, startCloud, subscriptionId, group } from './startCloud.ts';

const contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const roleId = (role: string): string =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
const write = 'Microsoft.Authorization/roleAssignments/write';
const remove = 'Microsoft.Authorization/roleAssignments/delete';
const about = (role: string, principalType = 'ServicePrincipal') => ({
  roleDefinitionId: roleId(role),
  principalId: 'somebody',
  principalType,
});

describe('the condition of the right to assign roles', () => {
  test.each([
    ['the one role, to a service principal', { action: write, request: about(contributor) }, true],
    [
      'the same in another case',
      { action: write, request: about(contributor.toUpperCase(), 'serviceprincipal') },
      true,
    ],
    ['another role', { action: write, request: about(owner) }, false],
    ['the one role, to a user', { action: write, request: about(contributor, 'User') }, false],
    ['the end of the one role', { action: remove, resource: about(contributor) }, true],
    ['the end of another', { action: remove, resource: about(owner) }, false],
    ['the end of a user’s', { action: remove, resource: about(contributor, 'User') }, false],
    ['whatever is no assignment', { action: 'Microsoft.Databricks/workspaces/write' }, true],
  ])('judges %s', (_what, context, holds) => {
    expect(conditionHolds(delegation, context)).toBe(holds);
  });

  test.each([
    '@Request[Microsoft.Authorization/roleAssignments:Description] StringEqualsIgnoreCase {a}',
    "@Request[Microsoft.Authorization/roleAssignments:PrincipalType] StringLike {'a'}",
    "(ActionMatches{'a'}",
    "ActionMatches{'a'} ActionMatches{'b'}",
    '',
  ])('is not guessed at where it is not understood: %s', (condition) => {
    expect(() => conditionHolds(condition, { action: write, request: about(contributor) })).toThrow(/^The condition /);
  });
});

describe('an app that may assign one role', () => {
  const path = (name: string): string =>
    `${groupId}/providers/Microsoft.Authorization/roleAssignments/${name}?api-version=2022-04-01`;
  async function prepared(): Promise<Cloud & { principalId: string }> {
    const cloud = await startCloud({ delegation });
    const made = await cloud.identities.userAssignedIdentities.createOrUpdate(group, 'id-1', {
      location: 'westeurope',
    });
    cloud.clock.advance(100_000);
    return { ...cloud, principalId: made.principalId ?? '' };
  }

  test('assigns and takes it, and is refused another, which is noted', async () => {
    const cloud = await prepared();
    const name = randomUUID();
    const wish = (role: string) => ({
      properties: { roleDefinitionId: roleId(role), principalId: cloud.principalId, principalType: 'ServicePrincipal' },
    });
    expect((await cloud.send('PUT', path(name), wish(contributor))).status).toBe(201);
    expect((await cloud.send('DELETE', path(name))).status).toBe(200);
    const refused = await cloud.send('PUT', path(randomUUID()), wish(owner));
    expect([refused.status, refused.body.error.code]).toEqual([403, 'AuthorizationFailed']);
    const noted = cloud.azure.askedByApp().filter(({ action }) => action === write);
    expect(noted).toMatchObject([
      { scope: groupId, granted: true, assignment: { roleDefinitionId: roleId(contributor) } },
      { scope: groupId, granted: false, assignment: { roleDefinitionId: roleId(owner) } },
    ]);
    expect((await cloud.send('GET', '/__permissions')).body).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ principalId: app.objectId, action: remove })]),
    );
    await cloud.send('DELETE', '/__permissions');
    expect(cloud.azure.askedByApp()).toEqual([]);
  });

  test('cannot take its own right away', async () => {
    const cloud = await prepared();
    const list = await cloud.send('GET', path('').replace('/?', '?'));
    const own = (list.body['value'] as { name: string; properties: { condition: string | null } }[]).find(
      ({ properties }) => properties.condition !== null,
    );
    expect((await cloud.send('DELETE', path(own?.name ?? ''))).status).toBe(403);
  });
});
