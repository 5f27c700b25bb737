import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Answer, type Cloud, groupId, idOf, startCloud, subscriptionId, wish } from './startCloud.ts';

const subscription = `/subscriptions/${subscriptionId}`;
const usages = (location: string): string =>
  `${subscription}/providers/Microsoft.Compute/locations/${location}/usages?api-version=2024-07-01`;
const provider = `${subscription}/providers/Microsoft.Databricks?api-version=2021-04-01`;
const permissions = (scope: string): string =>
  `${scope}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;

const scenario = ({ send }: Cloud, body: object): Promise<Answer> => send('POST', '/__scenarios', body);

interface Usage {
  currentValue: number;
  limit: number;
  name: { value: string };
}
const usagesOf = ({ body }: Answer): Usage[] => body['value'] as Usage[];

describe('the quotas of a location', () => {
  test('are listed by family, with what is taken of them', async () => {
    const { send } = await startCloud();
    const answer = await send('GET', usages('westeurope'));
    expect(answer.status).toBe(200);
    expect(usagesOf(answer)).toContainEqual({
      unit: 'Count',
      currentValue: 0,
      limit: 64,
      name: { value: 'Standard NCASv3_T4 Family', localizedValue: 'Standard NCASv3_T4 Family vCPUs' },
    });
    expect(usagesOf(answer).map(({ name }) => name.value)).toContain('cores');
  });

  test('are what a scenario says, until it is cleared', async () => {
    const cloud = await startCloud();
    await scenario(cloud, { kind: 'quota', family: 'standardDADSv5Family', limit: 10, currentValue: 8 });
    const limitOf = async (): Promise<Usage | undefined> =>
      usagesOf(await cloud.send('GET', usages('westeurope'))).find(({ name }) => name.value === 'standardDADSv5Family');
    expect(await limitOf()).toMatchObject({ limit: 10, currentValue: 8 });
    await cloud.send('DELETE', '/__scenarios');
    expect(await limitOf()).toMatchObject({ limit: 100, currentValue: 0 });
  });

  test('of a location that nobody offers are an error that names those that are', async () => {
    const { send } = await startCloud();
    const { status, body } = await send('GET', usages('atlantis'));
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ code: 'NoRegisteredProviderFound' });
    expect(body.error.message).toContain('westeurope');
  });
});

describe('what the caller may do', () => {
  test('is listed for a group and for what is in it, one entry for each role at the scope or above', async () => {
    const { send, databricks, clock } = await startCloud();
    await databricks.workspaces.createOrUpdate('rg-analytics', 'ws-vol', wish('ws-vol')).submitted();
    clock.advance(200_000);
    for (const scope of [groupId, idOf('ws-vol')]) {
      const { status, body } = await send('GET', permissions(scope));
      expect(status).toBe(200);
      expect(body['value']).toContainEqual({
        actions: ['*'],
        notActions: ['Microsoft.Authorization/*/delete', 'Microsoft.Authorization/*/write'],
        dataActions: [],
        notDataActions: [],
      });
      expect(body['value']).toHaveLength(3);
    }
  });

  test('lacks a role that a scenario takes away, and then the calls that it allowed are refused', async () => {
    const cloud = await startCloud();
    await scenario(cloud, { kind: 'roleMissing', role: 'Contributor' });
    const { body } = await cloud.send('GET', permissions(groupId));
    expect(JSON.stringify(body['value'])).not.toContain('"*"');
    const put = cloud.databricks.workspaces.createOrUpdate('rg-analytics', 'ws-vol', wish('ws-vol')).submitted();
    await expect(put).rejects.toMatchObject({ statusCode: 403, code: 'AuthorizationFailed' });
  });

  test('is nothing for a stranger, and unknown for a scope that is not there', async () => {
    const { send, token } = await startCloud();
    const stranger = { authorization: `Bearer ${token({ oid: randomUUID() })}` };
    const { body } = await send('GET', permissions(groupId), undefined, stranger);
    expect(body['value']).toEqual([]);
    expect(await send('GET', permissions(`${groupId}x`))).toMatchObject({
      status: 404,
      body: { error: { code: 'ResourceGroupNotFound' } },
    });
  });
});

test('providers and quotas of the subscription are refused to who has roles on a group only', async () => {
  const cloud = await startCloud();
  const { body } = await cloud.send('GET', provider);
  expect(body['resourceTypes']).toMatchObject([{ locations: expect.arrayContaining(['West Europe']) as string[] }]);
  await scenario(cloud, { kind: 'roleMissing', role: 'Accelerator preflight' });
  for (const path of [provider, usages('westeurope')]) {
    expect(await cloud.send('GET', path)).toMatchObject({
      status: 403,
      body: { error: { code: 'AuthorizationFailed' } },
    });
  }
});
