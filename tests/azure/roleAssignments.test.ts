import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { app, type Cloud, group, groupId, idOf, startCloud, subscriptionId, wish } from './startCloud.ts';

const contributor = 'b24988ac-6180-42a0-ab88-20f7382dd24c';
const owner = '8e3af657-a8ff-443c-a75c-2fe8c4bcb635';
const reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7';
const roleId = (role: string) =>
  `/subscriptions/${subscriptionId}/providers/Microsoft.Authorization/roleDefinitions/${role}`;
const grant = (principalId: string, role = contributor) => ({
  roleDefinitionId: roleId(role),
  principalId,
  principalType: 'ServicePrincipal',
});

/** A cloud with a ready workspace and an identity that the directory knows. */
async function prepared(): Promise<Cloud & { principalId: string }> {
  const cloud = await startCloud();
  await cloud.databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
  const principalId = await newIdentity(cloud, 'id-vol');
  cloud.clock.advance(100_000);
  return { ...cloud, principalId };
}

async function newIdentity({ identities }: Cloud, name: string): Promise<string> {
  const made = await identities.userAssignedIdentities.createOrUpdate(group, name, { location: 'westeurope' });
  return made.principalId ?? '';
}

describe('a role assignment', () => {
  test('makes its principal an administrator of the scope and what is below it, and no more', async () => {
    const { authorization, azure, principalId } = await prepared();
    const made = await authorization.roleAssignments.create(idOf('ws-vol'), randomUUID(), grant(principalId));
    expect(made).toMatchObject({ scope: idOf('ws-vol'), principalId, principalType: 'ServicePrincipal' });
    expect(azure.arm.requests.at(-1)).toMatchObject({ status: 201 });
    expect(azure.mayAdminister(idOf('WS-VOL'), principalId)).toBe(true);
    expect(azure.mayAdminister(groupId, principalId)).toBe(false);
    expect(azure.mayAdminister(idOf('ws-vol-2'), principalId)).toBe(false);
    expect(azure.mayAdminister(idOf('ws-vol'), app.objectId)).toBe(true);
  });

  test('of Reader gives no administrator', async () => {
    const { authorization, azure, principalId } = await prepared();
    await authorization.roleAssignments.create(groupId, randomUUID(), grant(principalId, reader));
    expect(azure.mayAdminister(idOf('ws-vol'), principalId)).toBe(false);
  });

  test('is refused with PrincipalNotFound until the new identity has replicated', async () => {
    const cloud = await startCloud();
    const principalId = await newIdentity(cloud, 'id-new');
    const create = () => cloud.authorization.roleAssignments.create(groupId, randomUUID(), grant(principalId));
    await expect(create()).rejects.toMatchObject({ statusCode: 400, code: 'PrincipalNotFound' });
    cloud.clock.advance(29_000);
    await expect(create()).rejects.toMatchObject({ code: 'PrincipalNotFound' });
    cloud.clock.advance(1_000);
    expect(await create()).toMatchObject({ principalId });
  });

  test('sent again under the same name is answered 200 and stays one', async () => {
    const { authorization, azure, principalId } = await prepared();
    const name = randomUUID();
    const first = await authorization.roleAssignments.create(idOf('ws-vol'), name, grant(principalId));
    const second = await authorization.roleAssignments.create(idOf('ws-vol'), name, grant(principalId));
    expect(second).toEqual(first);
    expect(azure.arm.requests.slice(-2).map(({ status }) => status)).toEqual([201, 200]);
  });

  test('under another name conflicts and names the one that exists', async () => {
    const { authorization, principalId } = await prepared();
    const name = randomUUID();
    await authorization.roleAssignments.create(idOf('ws-vol'), name, grant(principalId));
    const again = authorization.roleAssignments.create(idOf('ws-vol'), randomUUID(), grant(principalId));
    await expect(again).rejects.toMatchObject({ statusCode: 409, code: 'RoleAssignmentExists' });
    await expect(again).rejects.toThrow(name.replaceAll('-', ''));
  });

  test('cannot be turned over to another principal or role', async () => {
    const cloud = await prepared();
    const other = await newIdentity(cloud, 'id-other');
    cloud.clock.advance(30_000);
    const name = randomUUID();
    await cloud.authorization.roleAssignments.create(groupId, name, grant(cloud.principalId));
    for (const changed of [grant(other), grant(cloud.principalId, reader)]) {
      const update = cloud.authorization.roleAssignments.create(groupId, name, changed);
      await expect(update).rejects.toMatchObject({ statusCode: 400, code: 'RoleAssignmentUpdateNotPermitted' });
    }
  });

  test('goes with the resource that it is on and outlives its principal', async () => {
    const { authorization, databricks, identities, clock, azure, principalId } = await prepared();
    const onWorkspace = await authorization.roleAssignments.create(idOf('ws-vol'), randomUUID(), grant(principalId));
    const onGroup = await authorization.roleAssignments.create(groupId, randomUUID(), grant(principalId));
    await databricks.workspaces.delete(group, 'ws-vol').submitted();
    clock.advance(100_000);
    await identities.userAssignedIdentities.delete(group, 'id-vol');
    const left: (string | undefined)[] = [];
    for await (const { id } of authorization.roleAssignments.listForResourceGroup(group)) left.push(id);
    expect(left).toContain(onGroup.id);
    expect(left).not.toContain(onWorkspace.id);
    expect(azure.mayAdminister(idOf('ws-vol'), principalId)).toBe(true);
    const anew = authorization.roleAssignments.create(groupId, randomUUID(), grant(principalId, reader));
    await expect(anew).rejects.toMatchObject({ code: 'PrincipalNotFound' });
  });

  test('is there after a restart, can be read and deleted', async () => {
    const before = await prepared();
    const name = randomUUID();
    await before.authorization.roleAssignments.create(idOf('ws-vol'), name, grant(before.principalId));
    const { authorization, azure } = await before.restart();
    expect(await authorization.roleAssignments.get(idOf('ws-vol'), name)).toMatchObject({ name });
    await authorization.roleAssignments.delete(idOf('ws-vol'), name);
    expect(azure.mayAdminister(idOf('ws-vol'), before.principalId)).toBe(false);
    await expect(authorization.roleAssignments.get(idOf('ws-vol'), name)).rejects.toMatchObject({
      statusCode: 404,
      code: 'RoleAssignmentNotFound',
    });
  });

  test.each([
    [
      'an unknown role',
      groupId,
      randomUUID(),
      { roleDefinitionId: roleId(randomUUID()) },
      404,
      'RoleDefinitionDoesNotExist',
    ],
    ['an unknown principal', groupId, randomUUID(), { principalId: randomUUID() }, 400, 'PrincipalNotFound'],
    ['a wrong kind of principal', groupId, randomUUID(), { principalType: 'User' }, 400, 'UnmatchedPrincipalType'],
    ['a name that is no GUID', groupId, 'my-assignment', {}, 400, 'InvalidRoleAssignmentId'],
    ['an unknown workspace', idOf('ws-none'), randomUUID(), {}, 404, 'ResourceNotFound'],
    [
      'an unknown group',
      `/subscriptions/${subscriptionId}/resourceGroups/none`,
      randomUUID(),
      {},
      404,
      'ResourceGroupNotFound',
    ],
    ['an unknown subscription', `/subscriptions/${randomUUID()}`, randomUUID(), {}, 404, 'SubscriptionNotFound'],
    [
      'a scope where the app has no rights',
      `/subscriptions/${subscriptionId}`,
      randomUUID(),
      {},
      403,
      'AuthorizationFailed',
    ],
  ])('is refused for %s', async (_what, scope, name, changes, statusCode, code) => {
    const { authorization, principalId } = await prepared();
    const create = authorization.roleAssignments.create(scope, name, { ...grant(principalId), ...changes });
    await expect(create).rejects.toMatchObject({ statusCode, code });
  });
});

describe('the list of role assignments', () => {
  test('is filtered by principal and by scope', async () => {
    const { authorization, principalId } = await prepared();
    const made = await authorization.roleAssignments.create(idOf('ws-vol'), randomUUID(), grant(principalId));
    const ids = async (scope: string, filter: string): Promise<(string | undefined)[]> => {
      const found: (string | undefined)[] = [];
      for await (const { id } of authorization.roleAssignments.listForScope(scope, { filter })) found.push(id);
      return found;
    };
    expect(await ids(groupId, `principalId eq '${principalId}'`)).toEqual([made.id]);
    // The app's own: two on the group, one on the subscription.
    expect(await ids(groupId, 'atScope()')).toHaveLength(3);
    expect(await ids(idOf('ws-vol'), 'atScope()')).toHaveLength(4);
    expect(await ids(idOf('ws-vol'), `atScope() and assignedTo('${principalId}')`)).toEqual([made.id]);
    await expect(ids(groupId, "roleName eq 'Owner'")).rejects.toMatchObject({ code: 'UnsupportedQuery' });
  });
});

describe('a principal that was given a role', () => {
  test('may do what the role grants, and nothing else', async () => {
    const cloud = await prepared();
    const { authorization, send, token, principalId } = cloud;
    const asPrincipal = { authorization: `Bearer ${token({ oid: principalId, appid: randomUUID() })}` };
    const path = `${idOf('ws-vol')}?api-version=2026-01-01`;
    expect(await send('GET', path, undefined, asPrincipal)).toMatchObject({
      status: 403,
      body: { error: { code: 'AuthorizationFailed' } },
    });
    const list = `/subscriptions/${subscriptionId}/providers/Microsoft.Databricks/workspaces?api-version=2026-01-01`;
    expect((await send('GET', list, undefined, asPrincipal)).body['value']).toEqual([]);

    await authorization.roleAssignments.create(idOf('ws-vol'), randomUUID(), grant(principalId, reader));
    expect(await send('GET', path, undefined, asPrincipal)).toMatchObject({ status: 200 });
    expect((await send('GET', list, undefined, asPrincipal)).body['value']).toHaveLength(1);
    expect(await send('PATCH', path, { tags: {} }, asPrincipal)).toMatchObject({ status: 403 });

    await authorization.roleAssignments.create(idOf('ws-vol'), randomUUID(), grant(principalId, contributor));
    expect(await send('PATCH', path, { tags: {} }, asPrincipal)).toMatchObject({ status: 200 });
    const assign = `${idOf('ws-vol')}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}?api-version=2022-04-01`;
    expect(await send('PUT', assign, { properties: grant(app.objectId, owner) }, asPrincipal)).toMatchObject({
      status: 403,
    });
  });
});
