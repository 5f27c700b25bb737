import { AzureDatabricksManagementClient } from '@azure/arm-databricks';
import { ManagedIdentityCredential } from '@azure/identity';
import { expect, test } from 'vitest';
import { app, type Cloud, group, startCloud, subscriptionId, tenantId, wish } from './startCloud.ts';

const databricksAudience = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';

async function ask(cloud: Cloud, query: Record<string, string>, header = cloud.azure.identityHeader) {
  const search = new URLSearchParams({ 'api-version': '2019-08-01', client_id: app.clientId, ...query });
  const response = await fetch(`${cloud.azure.identityEndpoint}?${search.toString()}`, {
    headers: { 'x-identity-header': header },
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

const claimsOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

// The credential keeps the endpoint for its whole process, so this one test has all that needs it.
test('The official credential gets tokens with which the official clients work', async () => {
  const { azure } = await startCloud();
  process.env['IDENTITY_ENDPOINT'] = azure.identityEndpoint;
  process.env['IDENTITY_HEADER'] = azure.identityHeader;
  const credential = new ManagedIdentityCredential({ clientId: app.clientId });
  const client = new AzureDatabricksManagementClient(credential, subscriptionId, { endpoint: azure.url });
  await client.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
  expect(await client.workspaces.get(group, 'ws-vol')).toMatchObject({ name: 'ws-vol' });

  const { token } = await credential.getToken(`${databricksAudience}/.default`);
  expect(claimsOf(token)).toMatchObject({
    aud: databricksAudience,
    oid: app.objectId,
    appid: app.clientId,
    tid: tenantId,
  });
  const older = await credential.getToken('https://management.core.windows.net//.default');
  expect(claimsOf(older.token)).toMatchObject({ aud: 'https://management.core.windows.net/' });
  expect(azure.identity.requests.map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('A token lives for a day of the clock and says so in text', async () => {
  const cloud = await startCloud();
  const { status, body } = await ask(cloud, { resource: 'https://management.azure.com' });
  const expires = String(Math.floor(cloud.clock.now() / 1000) + 86_400);
  expect(status).toBe(200);
  expect(body).toMatchObject({ expires_on: expires, token_type: 'Bearer', resource: 'https://management.azure.com' });
});

test('The endpoint refuses a wrong header, version, identity and audience', async () => {
  const cloud = await startCloud();
  const resource = 'https://management.azure.com';
  const answers = [
    await ask(cloud, { resource }, 'guessed'),
    await ask(cloud, { resource, 'api-version': '2017-09-01' }),
    await ask(cloud, { resource, client_id: app.objectId }),
    await ask(cloud, {}),
    await ask(cloud, { resource: 'https://graph.example' }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([401, 400, 400, 400, 400]);
});

test('The header stays the same over a restart, as a running app keeps it', async () => {
  const before = await startCloud();
  const after = await before.restart();
  expect(after.azure.identityHeader).toBe(before.azure.identityHeader);
});
