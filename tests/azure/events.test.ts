import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished, expect, test } from 'vitest';
import { type Cloud, group, idOf, startCloud, wireWish } from './startCloud.ts';

const person = {
  objectId: 'c0ffee00-c0ff-4e00-8000-c0ffee000000',
  name: 'Grace Muster',
  userName: 'grace@example.test',
  address: '203.0.113.77',
};

interface Delivered {
  eventType: string;
  subject: string;
  eventTime: string;
  data: { operationName: string; status: string; claims: Record<string, string>; validationCode?: string };
}

/** A webhook that keeps what it is sent and answers as it is told. */
async function startWebhook() {
  const webhook = {
    url: '',
    statuses: [] as number[],
    events: [] as Delivered[],
    headers: [] as IncomingHttpHeaders[],
  };
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const events = JSON.parse(await text(request)) as Delivered[];
      webhook.headers.push(request.headers);
      if (request.headers['aeg-event-type'] === 'SubscriptionValidation') {
        response.end(JSON.stringify({ validationResponse: events[0]?.data.validationCode }));
        return;
      }
      webhook.events.push(...events);
      response.writeHead(webhook.statuses.shift() ?? 202).end();
    };
    void answer();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  webhook.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?code=secret`;
  return webhook;
}

async function startTopic() {
  const cloud = await startCloud({ people: [person] });
  const webhook = await startWebhook();
  expect((await subscribe(cloud, webhook.url)).status).toBe(201);
  return { cloud, webhook };
}

const subscribe = (cloud: Cloud, webhook: string) => cloud.send('POST', '/__events', { webhook });
const path = `${idOf('ws-1')}?api-version=2026-01-01`;
const pass = async ({ azure, clock }: Cloud, seconds: number): Promise<void> => {
  clock.advance(seconds * 1000);
  await new Promise((resolve) => setImmediate(resolve));
  await azure.eventsDelivered();
};

test('a webhook is told when a workspace has been made, changed and deleted, and by whom', async () => {
  const { cloud, webhook } = await startTopic();
  const asPerson = { authorization: `Bearer ${cloud.token({ oid: person.objectId, appid: 'the-cli' })}` };
  await cloud.send('PUT', path, wireWish('ws-1'));
  await cloud.azure.eventsDelivered();
  expect(webhook.events).toEqual([]);
  await pass(cloud, 100);
  expect((await cloud.send('PATCH', path, { tags: { a: 'b' } }, asPerson)).status).toBe(200);
  await cloud.send('DELETE', path, undefined, asPerson);
  await pass(cloud, 100);

  const subject = idOf('ws-1').replace('resourceGroups', 'resourcegroups');
  expect(webhook.events.map(({ eventType, data }) => [eventType, data.operationName])).toEqual([
    ['Microsoft.Resources.ResourceWriteSuccess', 'Microsoft.Databricks/workspaces/write'],
    ['Microsoft.Resources.ResourceWriteSuccess', 'Microsoft.Databricks/workspaces/write'],
    ['Microsoft.Resources.ResourceDeleteSuccess', 'Microsoft.Databricks/workspaces/delete'],
  ]);
  expect(new Set(webhook.events.map((event) => event.subject))).toEqual(new Set([subject]));
  const [byApp, ...byPerson] = webhook.events.map(({ data }) => data.claims);
  expect(byApp).not.toHaveProperty('name');
  for (const claims of byPerson) expect(claims).toMatchObject({ name: person.name, ipaddr: person.address });
});

test('a creation that fails is told as a failure', async () => {
  const { cloud, webhook } = await startTopic();
  await cloud.send('POST', '/__scenarios', { kind: 'workspaceFails', name: 'ws-1', code: 'Bad', message: 'No luck.' });
  await cloud.send('PUT', path, wireWish('ws-1'));
  await pass(cloud, 100);
  expect(webhook.events).toMatchObject([
    { eventType: 'Microsoft.Resources.ResourceWriteFailure', data: { status: 'Failed' } },
  ]);
});

test('what the webhook does not take is sent again, later and later; what can never work is not', async () => {
  const { cloud, webhook } = await startTopic();
  webhook.statuses = [500, 503];
  await cloud.send('PUT', path, wireWish('ws-1'));
  await pass(cloud, 100);
  expect(webhook.events).toHaveLength(1);
  await pass(cloud, 10);
  expect(webhook.events).toHaveLength(2);
  await pass(cloud, 29);
  expect(webhook.events).toHaveLength(2);
  await pass(cloud, 1);
  expect(webhook.events).toHaveLength(3);
  await pass(cloud, 90_000);
  expect(webhook.events).toHaveLength(3);

  webhook.statuses = [413];
  await cloud.send('PATCH', path, { tags: {} });
  await pass(cloud, 90_000);
  expect(webhook.events).toHaveLength(4);
});

test('tags are merged, deleted and replaced through the tags API, and told as its writes', async () => {
  const { cloud, webhook } = await startTopic();
  await cloud.send('PUT', path, wireWish('ws-1'));
  await pass(cloud, 100);
  const tagsPath = `${idOf('ws-1')}/providers/Microsoft.Resources/tags/default?api-version=2021-04-01`;
  const tagged = async (method: string, tags: object, operation?: string): Promise<unknown> => {
    const { body } = await cloud.send(method, tagsPath, { ...(operation && { operation }), properties: { tags } });
    return (body['properties'] as { tags: object }).tags;
  };
  expect(await tagged('PATCH', { Owner: 'us', a: 'b' }, 'Merge')).toEqual({ Owner: 'us', a: 'b' });
  expect(await tagged('PATCH', { A: '' }, 'Delete')).toEqual({ Owner: 'us' });
  expect(await tagged('PATCH', { c: 'd' }, 'Replace')).toEqual({ c: 'd' });
  expect(await tagged('PUT', { e: 'f' })).toEqual({ e: 'f' });
  expect((await cloud.send('PATCH', tagsPath, { operation: 'Turn', properties: { tags: {} } })).status).toBe(400);
  expect((await cloud.send('GET', path)).body['tags']).toEqual({ e: 'f' });
  await cloud.azure.eventsDelivered();
  expect(webhook.events.slice(1)).toMatchObject(
    Array.from({ length: 4 }, () => ({
      eventType: 'Microsoft.Resources.ResourceWriteSuccess',
      subject: expect.stringMatching(/\/workspaces\/ws-1\/providers\/Microsoft.Resources\/tags\/default$/),
      data: { operationName: 'Microsoft.Resources/tags/write' },
    })),
  );
});

test('a webhook is subscribed after a handshake, on this machine only, and its key is not shown', async () => {
  const { cloud, webhook } = await startTopic();
  expect(webhook.headers[0]).toMatchObject({ 'aeg-event-type': 'SubscriptionValidation' });
  const listed = await cloud.send('GET', '/__events');
  expect(JSON.stringify(listed.body)).toContain('/hook');
  expect(JSON.stringify(listed.body)).not.toContain('secret');
  for (const url of ['http://example.test/hook', 'no address', `${cloud.azure.url}/none`])
    expect((await subscribe(cloud, url)).status).toBe(400);
  await cloud.send('DELETE', '/__events');
  await cloud.send('PUT', path, wireWish('ws-1'));
  await pass(cloud, 100);
  expect(webhook.events).toEqual([]);
});

test('a subscription outlives a restart of the cloud', async () => {
  const { cloud, webhook } = await startTopic();
  await cloud.send('PUT', path, wireWish('ws-1'));
  const restarted = await cloud.restart();
  await pass(restarted, 100);
  expect(webhook.events).toHaveLength(1);
});

test('a person owns the resource group', async () => {
  const cloud = await startCloud({ people: [person] });
  const headers = { authorization: `Bearer ${cloud.token({ oid: person.objectId })}` };
  expect((await cloud.send('PUT', path, wireWish('ws-1'), headers)).status).toBe(201);
  const stranger = { authorization: `Bearer ${cloud.token({ oid: 'somebody' })}` };
  expect((await cloud.send('GET', `/subscriptions/x/resourceGroups/${group}`, undefined, stranger)).status).not.toBe(
    200,
  );
});
