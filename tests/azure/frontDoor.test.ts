import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { group, groupId, idOf, startCloud, subscriptionId, tenantId, wireWish, wish } from './startCloud.ts';

const workspace = `${idOf('ws-vol')}?api-version=2026-01-01`;
const groupPath = `${groupId}?api-version=2021-04-01`;

describe('the token of a request', () => {
  test.each([
    ['is missing', () => '', 'AuthenticationFailed'],
    ['has another scheme', () => 'Basic abc', 'AuthenticationFailedInvalidHeader'],
    ['is no token', () => 'Bearer abc', 'InvalidAuthenticationToken'],
    ['was tampered with', (good: string) => `Bearer ${good.slice(0, -4)}aaaa`, 'InvalidAuthenticationToken'],
  ])('is refused with 401 and a challenge when it %s', async (_what, header, code) => {
    const { send, token } = await startCloud();
    const answer = await send('GET', workspace, undefined, { authorization: header(token()) });
    expect(answer).toMatchObject({ status: 401, body: { error: { code } } });
    expect(answer.headers.get('www-authenticate')).toContain(`https://login.windows.net/${tenantId}`);
  });

  test.each([
    ['is for Databricks', { aud: '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d' }, 'InvalidAuthenticationTokenAudience'],
    ['has expired', { exp: 1_000_000_000 }, 'ExpiredAuthenticationToken'],
    ['is of another tenant', { tid: randomUUID() }, 'InvalidAuthenticationTokenTenant'],
  ])('is refused when it %s', async (_what, claims, code) => {
    const { send, token } = await startCloud();
    const answer = await send('GET', workspace, undefined, { authorization: `Bearer ${token(claims)}` });
    expect(answer).toMatchObject({ status: 401, body: { error: { code } } });
  });

  test('may name the older audience, with its slash', async () => {
    const { send, token } = await startCloud();
    const authorization = `Bearer ${token({ aud: 'https://management.core.windows.net/' })}`;
    expect(await send('GET', groupPath, undefined, { authorization })).toMatchObject({ status: 200 });
  });

  test('expires by the clock', async () => {
    const { send, token, clock } = await startCloud();
    const authorization = `Bearer ${token()}`;
    expect(await send('GET', groupPath, undefined, { authorization })).toMatchObject({ status: 200 });
    clock.advance(3_600_000);
    expect(await send('GET', groupPath, undefined, { authorization })).toMatchObject({ status: 401 });
  });
});

describe('a request is refused', () => {
  const elsewhere = `/subscriptions/${randomUUID()}`;
  test.each([
    ['without an API version', groupId, 400, 'MissingApiVersionParameter'],
    ['with an unknown version of a group', `${groupId}?api-version=1999-01-01`, 400, 'InvalidApiVersionParameter'],
    [
      'with an unknown version of a workspace',
      `${idOf('ws')}?api-version=1999-01-01`,
      400,
      'NoRegisteredProviderFound',
    ],
    ['for another subscription', `${elsewhere}/resourceGroups?api-version=2021-04-01`, 404, 'SubscriptionNotFound'],
    ['for an unknown group', workspace.replace(group, 'none'), 404, 'ResourceGroupNotFound'],
    ['for an unknown workspace', workspace, 404, 'ResourceNotFound'],
    [
      'for what nobody built',
      `${groupId}/providers/Microsoft.Web/sites/a?api-version=2024-04-01`,
      501,
      'NotImplementedByEmulator',
    ],
    ['for an address that cannot be decoded', `${groupId}%zz?api-version=2021-04-01`, 400, 'InvalidRequestUri'],
  ])('%s', async (_what, path, status, code) => {
    const { send } = await startCloud();
    expect(await send('GET', path)).toMatchObject({ status, body: { error: { code } } });
  });

  test('with the name of the operation that is missing', async () => {
    const { send } = await startCloud();
    const { body } = await send('POST', `${groupId}/providers/Microsoft.Web/sites/a/restart?api-version=2024-04-01`);
    expect(body.error.message).toContain(`POST ${groupId}/providers/Microsoft.Web/sites/a/restart`);
  });
});

describe('resource groups and providers', () => {
  test('are read and listed; a group takes tags; a new one needs rights that the app lacks', async () => {
    const { send } = await startCloud();
    expect(await send('GET', groupPath)).toMatchObject({ status: 200, body: { name: group, location: 'westeurope' } });
    const list = await send('GET', `/subscriptions/${subscriptionId}/resourceGroups?api-version=2021-04-01`);
    expect(list.body['value']).toMatchObject([{ name: group }]);
    const tagged = await send('PUT', groupPath, { location: 'West Europe', tags: { a: '1' } });
    expect(tagged).toMatchObject({ status: 200, body: { tags: { a: '1' } } });
    const other = await send('PUT', groupPath.replace(group, 'other'), { location: 'westeurope' });
    expect(other).toMatchObject({ status: 403, body: { error: { code: 'AuthorizationFailed' } } });
    expect(await send('DELETE', groupPath)).toMatchObject({ status: 501 });
  });

  test('tell which versions of a registered provider are served', async () => {
    const { send } = await startCloud();
    const path = (name: string) => `/subscriptions/${subscriptionId}/providers/${name}?api-version=2021-04-01`;
    expect(await send('GET', path('microsoft.databricks'))).toMatchObject({
      status: 200,
      body: {
        namespace: 'Microsoft.Databricks',
        registrationState: 'Registered',
        resourceTypes: [{ resourceType: 'workspaces', apiVersions: ['2024-05-01', '2026-01-01'] }],
      },
    });
    expect(await send('GET', path('Microsoft.Nothing'))).toMatchObject({
      status: 404,
      body: { error: { code: 'InvalidResourceNamespace' } },
    });
  });
});

describe('the account of calls', () => {
  test('answers 429 with Retry-After once 250 reads are spent, and gains 25 each second', async () => {
    const { send, clock } = await startCloud();
    const first = await send('GET', groupPath);
    expect(first.headers.get('x-ms-ratelimit-remaining-subscription-reads')).toBe('249');
    const rest = await Promise.all(Array.from({ length: 249 }, () => send('GET', groupPath)));
    expect(rest.every(({ status }) => status === 200)).toBe(true);
    const refused = await send('GET', groupPath);
    expect(refused).toMatchObject({ status: 429, body: { error: { code: 'SubscriptionRequestsThrottled' } } });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await send('PUT', groupPath, { location: 'westeurope' })).toMatchObject({ status: 200 });
    clock.advance(1000);
    const after = await send('GET', groupPath);
    expect(after.status).toBe(200);
    expect(after.headers.get('x-ms-ratelimit-remaining-subscription-reads')).toBe('24');
  });

  test('is kept for each caller and each kind of call', async () => {
    const { send, token } = await startCloud();
    const put = await send('PUT', groupPath, { location: 'westeurope' });
    expect(put.headers.get('x-ms-ratelimit-remaining-subscription-writes')).toBe('199');
    const stranger = { authorization: `Bearer ${token({ oid: randomUUID() })}` };
    const other = await send('PUT', groupPath, { location: 'westeurope' }, stranger);
    expect(other.headers.get('x-ms-ratelimit-remaining-subscription-writes')).toBe('199');
  });

  test('carries request ids, the correlation id as the caller gave it', async () => {
    const { send } = await startCloud();
    const { headers } = await send('GET', groupPath, undefined, { 'x-ms-correlation-request-id': 'trace-1' });
    expect(headers.get('x-ms-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('x-ms-correlation-request-id')).toBe('trace-1');
  });
});

describe('a fault', () => {
  const path = '/subscriptions/*/workspaces/ws-vol';

  test('before the effect leaves nothing behind', async () => {
    const { send, databricks, azure } = await startCloud();
    await send('POST', '/__faults', { method: 'PUT', path, status: 503, headers: { 'retry-after': '9' } });
    const submitted = databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    await expect(submitted).rejects.toMatchObject({ statusCode: 503 });
    expect(await send('GET', workspace)).toMatchObject({ status: 404 });
    expect(azure.arm.requests[0]).toMatchObject({ method: 'PUT', status: 503 });
  });

  test('after the effect loses the reply and keeps the workspace', async () => {
    const { send, databricks, clock, calls } = await startCloud();
    await send('POST', '/__faults', { method: 'PUT', path, reset: true, when: 'after' });
    const submitted = databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    await expect(submitted).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await send('GET', workspace)).toMatchObject({ status: 200 });
    expect(await send('PUT', workspace, wireWish('ws-vol'))).toMatchObject({ status: 409 });
    clock.advance(100_000);
    expect(await send('PUT', workspace, wireWish('ws-vol'))).toMatchObject({ status: 200 });
    expect(calls).toHaveLength(1);
  });
});

test('a fault that lasts some seconds strikes from its first request on, however many come', async () => {
  const { send, clock } = await startCloud();
  await send('POST', '/__faults', { method: 'GET', path: '*/workspaces/ws-vol', seconds: 60, status: 403 });
  const statusAfter = async (seconds: number): Promise<number> => {
    clock.advance(seconds * 1000);
    return (await send('GET', workspace)).status;
  };
  expect([await statusAfter(300), await statusAfter(0), await statusAfter(59)]).toEqual([403, 403, 403]);
  expect(await statusAfter(1)).toBe(404);
});

describe('the control of scenarios', () => {
  test('refuses what it does not know and lists and clears what it does', async () => {
    const { send } = await startCloud();
    expect(await send('POST', '/__scenarios', { kind: 'meteorite' })).toMatchObject({ status: 400 });
    await send('POST', '/__scenarios', { kind: 'neverReady', name: 'ws-vol' });
    expect((await send('GET', '/__scenarios')).body).toEqual([{ kind: 'neverReady', name: 'ws-vol' }]);
    await send('DELETE', '/__scenarios');
    expect((await send('GET', '/__scenarios')).body).toEqual([]);
  });

  test('keeps them over a restart', async () => {
    const before = await startCloud();
    await before.send('POST', '/__scenarios', { kind: 'neverReady', name: 'ws-vol' });
    const { send } = await before.restart();
    expect((await send('GET', '/__scenarios')).body).toHaveLength(1);
  });
});
