import { expect, test } from 'vitest';
import { group, groupId, startCloud, tenantId } from './startCloud.ts';

const wanted = { location: 'westeurope', tags: { owner: 'tests' } };
const path = `${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-vol?api-version=2024-11-30`;

test('An identity is made at once: 201 the first time, 200 with the same ids afterwards', async () => {
  const { identities, azure } = await startCloud();
  const first = await identities.userAssignedIdentities.createOrUpdate(group, 'id-vol', wanted);
  const second = await identities.userAssignedIdentities.createOrUpdate(group, 'id-vol', {
    ...wanted,
    tags: { a: '1' },
  });
  expect(azure.arm.requests.map(({ status }) => status)).toEqual([201, 200]);
  expect(first).toMatchObject({ name: 'id-vol', tenantId, tags: { owner: 'tests' } });
  expect(first.id).toBe(`${groupId}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-vol`);
  expect(second).toMatchObject({ principalId: first.principalId, clientId: first.clientId, tags: { a: '1' } });
  expect(first.principalId).not.toBe(first.clientId);
});

test('An identity keeps its ids over a restart and gets new ones when it is made again after its deletion', async () => {
  const before = await startCloud();
  const made = await before.identities.userAssignedIdentities.createOrUpdate(group, 'id-vol', wanted);
  const { identities, azure } = await before.restart();
  expect(await identities.userAssignedIdentities.get(group, 'ID-VOL')).toMatchObject({ clientId: made.clientId });
  await identities.userAssignedIdentities.delete(group, 'id-vol');
  await identities.userAssignedIdentities.delete(group, 'id-vol');
  expect(azure.arm.requests.map(({ status }) => status)).toEqual([200, 200, 204]);
  await expect(identities.userAssignedIdentities.get(group, 'id-vol')).rejects.toMatchObject({
    statusCode: 404,
    code: 'ResourceNotFound',
  });
  const again = await identities.userAssignedIdentities.createOrUpdate(group, 'id-vol', wanted);
  expect(again.principalId).not.toBe(made.principalId);
});

test('Identities are listed in their group and their subscription', async () => {
  const { identities } = await startCloud();
  await identities.userAssignedIdentities.createOrUpdate(group, 'id-one', wanted);
  await identities.userAssignedIdentities.createOrUpdate(group, 'id-two', wanted);
  const names: (string | undefined)[] = [];
  for await (const { name } of identities.userAssignedIdentities.listByResourceGroup(group)) names.push(name);
  for await (const { name } of identities.userAssignedIdentities.listBySubscription()) names.push(name);
  expect(names).toEqual(['id-one', 'id-two', 'id-one', 'id-two']);
});

test('An identity cannot move to another location, nor be made without one or under a bad name', async () => {
  const { send } = await startCloud();
  await send('PUT', path, wanted);
  const refusals = [
    await send('PUT', path, { location: 'eastus' }),
    await send('PUT', path.replace('id-vol', 'id-new'), {}),
    await send('PUT', path.replace('id-vol', '-x'), wanted),
  ];
  expect(refusals.map(({ status, body }) => `${status} ${body.error.code}`)).toEqual([
    '409 InvalidResourceLocation',
    '400 LocationRequired',
    '400 InvalidResourceName',
  ]);
});

test('An identity is missed by reads and lists for as long as was agreed, and found by writes', async () => {
  const { identities, send, clock } = await startCloud();
  await send('POST', '/__scenarios', { kind: 'notYetVisible', name: 'id-vol', seconds: 90 });
  const made = await identities.userAssignedIdentities.createOrUpdate(group, 'id-vol', wanted);
  await expect(identities.userAssignedIdentities.get(group, 'id-vol')).rejects.toMatchObject({ statusCode: 404 });
  expect((await send('GET', path.replace('/id-vol', ''))).body.value).toEqual([]);
  const again = await identities.userAssignedIdentities.createOrUpdate(group, 'id-vol', wanted);
  expect(again.principalId).toBe(made.principalId);
  clock.advance(90_000);
  expect(await identities.userAssignedIdentities.get(group, 'id-vol')).toMatchObject({ clientId: made.clientId });
});
