import { describe, expect, test } from 'vitest';
import { group, groupId, idOf, startCloud, subscriptionId, wireWish, wish } from './startCloud.ts';

const version = 'api-version=2026-01-01';

describe('the creation of a workspace', () => {
  test('is one PUT, then an operation that runs until the clock has passed its time', async () => {
    const { databricks, clock, azure, calls } = await startCloud();
    const poller = databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol'));
    await poller.submitted();
    expect(azure.arm.requests.map(({ method, status }) => `${method} ${status}`)).toEqual(['PUT 201']);
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Accepted' });

    clock.advance(50_000);
    await poller.poll();
    expect(poller.isDone).toBe(false);
    const creating = await databricks.workspaces.get(group, 'ws-vol');
    expect(creating.provisioningState).toBe('Creating');
    expect(creating.workspaceUrl).toBeUndefined();
    expect(calls).toEqual([]);

    clock.advance(50_000);
    await poller.poll();
    expect(poller.isDone).toBe(true);
    const ready = await databricks.workspaces.get(group, 'ws-vol');
    expect(ready).toMatchObject({
      id: idOf('ws-vol'),
      provisioningState: 'Succeeded',
      workspaceUrl: 'localhost:41234',
      sku: { name: 'premium' },
      computeMode: 'Hybrid',
      tags: { owner: 'tests' },
    });
    expect(ready.workspaceId).toMatch(/^\d{16}$/);
    expect(calls).toEqual([`create ${idOf('ws-vol')} ${ready.workspaceId}`]);
  });

  test('hands out a status address of about 6 KB that must be used as it is', async () => {
    const { send } = await startCloud({ latencies: { workspaceSeconds: 100, retryAfterSeconds: 7 } });
    const accepted = await send('PUT', `${idOf('ws-vol')}?${version}`, wireWish('ws-vol'));
    const url = new URL(accepted.headers.get('azure-asyncoperation') ?? '');
    expect(url.href.length).toBeGreaterThan(5500);
    expect(accepted.headers.get('retry-after')).toBe('7');

    const running = await send('GET', url.pathname + url.search);
    expect(running).toMatchObject({ status: 202, body: { status: 'Accepted' } });
    expect(running.headers.get('location')).toContain('/operationStatuses/');

    url.searchParams.set('t', '1');
    const changed = await send('GET', url.pathname + url.search);
    expect(changed).toMatchObject({ status: 400, body: { error: { code: 'InvalidAsyncOperationUri' } } });
  });

  test('can be followed from a poller restored out of its serialised state', async () => {
    const { databricks, clock } = await startCloud();
    const { restorePoller } = await import('@azure/arm-databricks');
    const first = databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol'));
    await first.submitted();
    const restored = restorePoller(databricks, await first.serialize(), databricks.workspaces.createOrUpdate);
    clock.advance(100_000);
    await restored.poll();
    expect(restored.result).toMatchObject({ provisioningState: 'Succeeded', workspaceUrl: 'localhost:41234' });
  });

  test('refuses a second PUT, a PATCH and a DELETE with 409 while it goes on', async () => {
    const { databricks, send } = await startCloud();
    await databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    const second = await send('PUT', `${idOf('ws-vol')}?${version}`, wireWish('ws-vol'));
    const patch = await send('PATCH', `${idOf('ws-vol')}?${version}`, { tags: {} });
    const removal = await send('DELETE', `${idOf('ws-vol')}?${version}`);
    for (const answer of [second, patch, removal]) {
      expect(answer).toMatchObject({ status: 409, body: { error: { code: 'Conflict' } } });
    }
  });

  test('begins once when ten PUTs arrive together', async () => {
    const { send, clock, calls } = await startCloud();
    const path = `${idOf('ws-vol')}?${version}`;
    const answers = await Promise.all(Array.from({ length: 10 }, () => send('PUT', path, wireWish('ws-vol'))));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, ...Array<number>(9).fill(409)]);
    clock.advance(100_000);
    await send('GET', path);
    expect(calls).toHaveLength(1);
  });

  test('ends Failed with the agreed error of the operation, and may then be asked for again', async () => {
    const { databricks, send, clock, calls } = await startCloud();
    const scenario = { kind: 'workspaceFails', name: 'ws-vol', code: 'QuotaExceeded', message: 'No cores left.' };
    expect(await send('POST', '/__scenarios', scenario)).toMatchObject({ status: 201 });
    const accepted = await send('PUT', `${idOf('ws-vol')}?${version}`, wireWish('ws-vol'));
    clock.advance(100_000);
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Failed' });
    const url = new URL(accepted.headers.get('azure-asyncoperation') ?? '');
    expect(await send('GET', url.pathname + url.search)).toMatchObject({
      status: 200,
      body: { status: 'Failed', error: { code: 'QuotaExceeded', message: 'No cores left.' } },
    });
    expect(calls).toEqual([]);

    await send('DELETE', '/__scenarios');
    const poller = databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol'));
    await poller.submitted();
    clock.advance(100_000);
    await poller.poll();
    expect(poller.result).toMatchObject({ provisioningState: 'Succeeded' });
    expect(calls).toHaveLength(1);
  });

  test('makes the poller of the official client throw the text of the operation', async () => {
    const { databricks, send, clock } = await startCloud();
    await send('POST', '/__scenarios', { kind: 'workspaceFails', name: '*', code: 'Nope', message: 'No cores left.' });
    const poller = databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol'));
    await poller.submitted();
    clock.advance(100_000);
    await expect(poller.poll()).rejects.toThrow(/Nope.*No cores left/);
  });

  test('ends Failed when the backend throws, with its message', async () => {
    const { databricks, clock } = await startCloud({
      workspaces: {
        createWorkspace: () => Promise.reject(new Error('no port is free')),
        deleteWorkspace: () => Promise.resolve(),
      },
    });
    const poller = databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol'));
    await poller.submitted();
    clock.advance(100_000);
    await expect(poller.poll()).rejects.toThrow(/ApplianceProvisioningFailed.*no port is free/);
  });

  test('never ends when that was agreed', async () => {
    const { databricks, send, clock } = await startCloud();
    await send('POST', '/__scenarios', { kind: 'neverReady', name: 'ws-vol' });
    await databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    clock.advance(3_000_000);
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Creating' });
  });

  test('takes as long as was agreed, and is shown meanwhile as was agreed', async () => {
    const { databricks, send, clock } = await startCloud();
    const slow = { kind: 'workspaceSlow', name: 'ws-vol', seconds: 3000, state: 'Reticulating' };
    await send('POST', '/__scenarios', slow);
    const poller = databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol'));
    await poller.submitted();
    clock.advance(2_999_000);
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Reticulating' });
    clock.advance(1000);
    await poller.poll();
    expect(poller.result).toMatchObject({ provisioningState: 'Succeeded' });
  });

  test('ends Canceled when that was agreed, with the error of the operation', async () => {
    const { databricks, send, clock } = await startCloud();
    const scenario = {
      kind: 'workspaceFails',
      name: 'ws-vol',
      code: 'Stopped',
      message: 'By hand.',
      state: 'Canceled',
    };
    await send('POST', '/__scenarios', scenario);
    const accepted = await send('PUT', `${idOf('ws-vol')}?${version}`, wireWish('ws-vol'));
    clock.advance(100_000);
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Canceled' });
    const url = new URL(accepted.headers.get('azure-asyncoperation') ?? '');
    const { body } = await send('GET', url.pathname + url.search);
    expect(body).toEqual({ status: 'Canceled', error: { code: 'Stopped', message: 'By hand.' } });
  });

  test('is missed by reads and lists for as long as was agreed, and found by writes', async () => {
    const { databricks, send, clock } = await startCloud();
    await send('POST', '/__scenarios', { kind: 'notYetVisible', name: 'ws-vol', seconds: 120 });
    await databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    const list = `${groupId}/providers/Microsoft.Databricks/workspaces?${version}`;
    const listed = async (): Promise<number> => ((await send('GET', list)).body['value'] as unknown[]).length;
    clock.advance(119_000);
    expect(await send('GET', `${idOf('ws-vol')}?${version}`)).toMatchObject({
      status: 404,
      body: { error: { code: 'ResourceNotFound' } },
    });
    expect(await listed()).toBe(0);
    expect(await send('PATCH', `${idOf('ws-vol')}?${version}`, { tags: {} })).toMatchObject({ status: 200 });
    clock.advance(1000);
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Succeeded' });
    expect(await listed()).toBe(1);
  });

  test('fails on a managed resource group that exists already', async () => {
    const { databricks, clock } = await startCloud();
    const wanted = { ...wish('ws-vol'), managedResourceGroupId: groupId };
    const poller = databricks.workspaces.createOrUpdate(group, 'ws-vol', wanted);
    await poller.submitted();
    clock.advance(100_000);
    await expect(poller.poll()).rejects.toThrow(/ApplianceProvisioningFailed.*already exists/);
  });

  test('goes on after a restart in its middle and calls the backend once', async () => {
    const first = await startCloud();
    await first.databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    first.clock.advance(60_000);
    const second = await first.restart();
    expect(await second.databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Creating' });
    second.clock.advance(40_000);
    expect(await second.databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Succeeded' });
    const third = await second.restart();
    third.clock.advance(200_000);
    expect(await third.databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ workspaceUrl: 'localhost:41234' });
    expect(third.calls).toHaveLength(1);
  });

  test('that came due while the emulator was down ends at the next start', async () => {
    const first = await startCloud();
    await first.databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    await first.azure.close();
    first.clock.advance(500_000);
    const second = await first.restart();
    expect(await second.databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Succeeded' });
    expect(second.calls).toHaveLength(1);
  });
});

describe('the deletion of a workspace', () => {
  const made = async () => {
    const started = await startCloud();
    await started.databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    started.clock.advance(100_000);
    const managedGroup = `${wish('ws-vol').managedResourceGroupId}?api-version=2025-04-01`;
    const groupThere = async (): Promise<unknown> => (await started.send('GET', managedGroup)).body;
    return { ...started, groupThere };
  };

  test('is refused while a lock forbids it', async () => {
    const { send } = await made();
    await send('POST', '/__scenarios', { kind: 'locked', name: 'ws-vol' });
    const refused = await send('DELETE', `${idOf('ws-vol')}?${version}`);
    expect(refused).toMatchObject({ status: 409, body: { error: { code: 'ScopeLocked' } } });
    await send('DELETE', '/__scenarios');
    expect(await send('DELETE', `${idOf('ws-vol')}?${version}`)).toMatchObject({ status: 202 });
  });

  test('keeps the managed group where Unity Catalog is on, unless it is forced', async () => {
    for (const [query, code] of [
      [version, 'AuthorizationFailed'],
      [`${version}&forceDeletion=true`, 'ResourceGroupNotFound'],
    ] as const) {
      const { send, clock, groupThere } = await made();
      await send('POST', '/__scenarios', { kind: 'unityEnabled', name: 'ws-vol' });
      await send('DELETE', `${idOf('ws-vol')}?${query}`);
      clock.advance(100_000);
      expect(await send('GET', `${idOf('ws-vol')}?${version}`)).toMatchObject({ status: 404 });
      expect(await groupThere()).toMatchObject({ error: { code } });
    }
  });

  test('ends Failed with the agreed error of the operation', async () => {
    const { send, clock, databricks } = await made();
    await send('POST', '/__scenarios', { kind: 'deletionFails', name: 'ws-vol', code: 'Nope', message: 'In use.' });
    const accepted = await send('DELETE', `${idOf('ws-vol')}?${version}`);
    clock.advance(100_000);
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Failed' });
    const url = new URL(accepted.headers.get('azure-asyncoperation') ?? '');
    expect((await send('GET', url.pathname + url.search)).body).toMatchObject({ error: { message: 'In use.' } });
  });
});

describe('a workspace that exists', () => {
  const ready = async () => {
    const cloud = await startCloud();
    await cloud.databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    cloud.clock.advance(100_000);
    return cloud;
  };

  test('takes new tags by PUT and by PATCH and is not created again', async () => {
    const { databricks, send, calls } = await ready();
    const put = await send('PUT', `${idOf('ws-vol')}?${version}`, { ...wireWish('ws-vol'), tags: { a: '1' } });
    expect(put).toMatchObject({
      status: 200,
      body: { tags: { a: '1' }, properties: { provisioningState: 'Succeeded' } },
    });
    const patched = await databricks.workspaces.update(group, 'ws-vol', { tags: { b: '2' } });
    expect(patched.tags).toEqual({ b: '2' });
    expect(calls).toHaveLength(1);
  });

  test('refuses another managed resource group and another location', async () => {
    const { send } = await ready();
    const path = `${idOf('ws-vol')}?${version}`;
    const other = wireWish('ws-vol', { managedResourceGroupId: wish('other').managedResourceGroupId });
    expect(await send('PUT', path, other)).toMatchObject({
      status: 400,
      body: { error: { code: 'ApplianceManagedResourceGroupMismatch' } },
    });
    expect(await send('PUT', path, { ...wireWish('ws-vol'), location: 'East US' })).toMatchObject({
      status: 409,
      body: { error: { code: 'InvalidResourceLocation' } },
    });
  });

  test('is found whatever the casing of its path, and with repeated slashes', async () => {
    const { send } = await ready();
    const answer = await send('GET', `/${idOf('ws-vol').toUpperCase().replaceAll('/', '//')}?${version}`);
    expect(answer).toMatchObject({ status: 200, body: { id: idOf('ws-vol') } });
  });

  test('is listed in its group and its subscription', async () => {
    const { databricks } = await ready();
    const names: (string | undefined)[] = [];
    for await (const { name } of databricks.workspaces.listByResourceGroup(group)) names.push(name);
    for await (const { name } of databricks.workspaces.listBySubscription()) names.push(name);
    expect(names).toEqual(['ws-vol', 'ws-vol']);
  });

  test('is deleted by an operation, with its managed group', async () => {
    const { databricks, clock, calls, send, azure } = await ready();
    // The app has no role on what Databricks manages, so it is told 403 of the group that is there and 404 of the one that is not.
    const managedGroup = `${wish('ws-vol').managedResourceGroupId}?api-version=2021-04-01`;
    expect(await send('GET', managedGroup)).toMatchObject({ status: 403 });
    const accepted = await send('DELETE', `${idOf('ws-vol')}?${version}`);
    expect(accepted).toMatchObject({ status: 202 });
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Deleting' });
    expect(await send('DELETE', `${idOf('ws-vol')}?${version}`)).toMatchObject({ status: 202 });
    clock.advance(100_000);
    await expect(databricks.workspaces.get(group, 'ws-vol')).rejects.toMatchObject({
      statusCode: 404,
      code: 'ResourceNotFound',
    });
    const url = new URL(accepted.headers.get('azure-asyncoperation') ?? '');
    expect(await send('GET', url.pathname + url.search)).toMatchObject({ status: 200, body: { status: 'Succeeded' } });
    expect(calls.at(-1)).toBe(`delete ${idOf('ws-vol')}`);
    expect(await send('DELETE', `${idOf('ws-vol')}?${version}`)).toMatchObject({ status: 204 });
    expect(await send('GET', managedGroup)).toMatchObject({ status: 404 });
    await databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted();
    clock.advance(100_000);
    expect(await databricks.workspaces.get(group, 'ws-vol')).toMatchObject({ provisioningState: 'Succeeded' });
    expect(azure.arm.requests.filter(({ status }) => status === 202)).toHaveLength(2);
  });

  test('of the standard tier can be made too', async () => {
    const { databricks, clock } = await startCloud();
    await databricks.workspaces
      .createOrUpdate(group, 'ws-old', { ...wish('ws-old'), sku: { name: 'standard' } })
      .submitted();
    clock.advance(100_000);
    expect(await databricks.workspaces.get(group, 'ws-old')).toMatchObject({ sku: { name: 'standard' } });
  });
});

describe('a wish for a workspace is refused', () => {
  const serverless = { computeMode: 'Serverless' };
  test.each([
    ['a name of two letters', 'ws', wireWish('ws'), 400, 'InvalidResourceName'],
    ['an unknown SKU', 'ws-x', { ...wireWish('ws-x'), sku: { name: 'gold' } }, 400, 'InvalidDatabricksSku'],
    ['no location', 'ws-x', { ...wireWish('ws-x'), location: undefined }, 400, 'LocationRequired'],
    [
      'an unknown location',
      'ws-x',
      { ...wireWish('ws-x'), location: 'mars' },
      400,
      'LocationNotAvailableForResourceType',
    ],
    ['no compute mode', 'ws-x', wireWish('ws-x', { computeMode: undefined }), 400, 'InvalidComputeMode'],
    [
      'no managed group',
      'ws-x',
      wireWish('ws-x', { managedResourceGroupId: undefined }),
      400,
      'InvalidManagedResourceGroupId',
    ],
    [
      'serverless with a managed group',
      'ws-x',
      wireWish('ws-x', serverless),
      400,
      'FeatureNotSupportedForServerlessWorkspace',
    ],
    [
      'serverless',
      'ws-x',
      wireWish('ws-x', { ...serverless, managedResourceGroupId: undefined }),
      501,
      'NotImplementedByEmulator',
    ],
    ['an unknown property', 'ws-x', wireWish('ws-x', { colour: 'red' }), 400, 'InvalidRequestContent'],
    ['a tag that is no text', 'ws-x', { ...wireWish('ws-x'), tags: { a: 1 } }, 400, 'InvalidRequestContent'],
    ['text that is no JSON', 'ws-x', '{"location":', 400, 'InvalidRequestContent'],
  ])('with %s', async (_what, name, body, status, code) => {
    const { send } = await startCloud();
    expect(await send('PUT', `${idOf(name)}?${version}`, body)).toMatchObject({ status, body: { error: { code } } });
    expect(await send('GET', `${idOf(name)}?${version}`)).toMatchObject({ status: 404 });
  });

  test('when a policy forbids it or the provider is not registered', async () => {
    const { databricks, send } = await startCloud();
    await send('POST', '/__scenarios', { kind: 'policyDenies', name: 'ws-vol', policy: 'Only in the hub' });
    await expect(
      databricks.workspaces.createOrUpdate(group, 'ws-vol', wish('ws-vol')).submitted(),
    ).rejects.toMatchObject({
      statusCode: 403,
      code: 'RequestDisallowedByPolicy',
    });
    await send('POST', '/__scenarios', { kind: 'providerNotRegistered', namespace: 'Microsoft.Databricks' });
    await expect(
      databricks.workspaces.createOrUpdate(group, 'ws-two', wish('ws-two')).submitted(),
    ).rejects.toMatchObject({
      statusCode: 409,
      code: 'MissingSubscriptionRegistration',
    });
    const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Databricks?api-version=2021-04-01`;
    expect(await send('GET', path)).toMatchObject({ status: 200, body: { registrationState: 'NotRegistered' } });
  });
});
