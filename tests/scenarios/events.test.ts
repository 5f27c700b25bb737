import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { deploymentId } from '../../domain/ids.ts';
import type { StatusResource } from '../../domain/status.ts';
import type { DeployInput } from '../../domain/steps.ts';
import type { LogEntry } from '../../local/host/log.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { askForWorkspace, makeWorkspace, tagWorkspace } from '../support/localPerson.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { randomFrom } from '../../local/kit/random.ts';
import { cloudEvent, eventGridEvent, person, type SampleEvent } from '../support/subscriptionEvents.ts';
import { setFault, setScenario, startWorld, type World } from '../support/world.ts';

const accelerator = 'predicting-implied-volatility';
const tagged = { accelerator };
const dayMs = 86_400_000;
const mostActive = 2;
let world: World;
const logged: LogEntry[] = [];
beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: () => ({ MAX_ACTIVE_DEPLOYMENTS: String(mostActive) }),
    log: (entry) => logged.push(entry),
  });
});
afterAll(() => world.close());
beforeEach(() => world.cloud.azure.arm.faults.clear());

type Body = object | string;
const deliver = (body: Body, headers: Record<string, string> = {}): Promise<Response> =>
  world.call('/runtime/webhooks/EventGrid?functionName=onSubscriptionEvent', {
    method: 'POST',
    key: world.host.keys.eventGrid,
    headers: { 'aeg-event-type': 'Notification', ...headers },
    body,
  });
const idOf = (workspaceName: string): string =>
  deploymentId({
    subscriptionId: world.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? '',
    resourceGroup: 'rg-volatility',
    workspaceName,
    accelerator,
  });
const event = (workspace: string, more: SampleEvent = {}) =>
  eventGridEvent({ workspace, timeMs: world.clock.now(), ...more });

/** The app's lines about one event. */
const linesOf = (id: string): Record<string, unknown>[] =>
  logged
    .filter(({ category, message }) => category === 'user' && message.includes('event.received'))
    .map(({ message }) => JSON.parse(message) as Record<string, unknown>)
    .filter((line) => line['event'] === id);

/** Delivers one event; what the app says that it has decided. */
async function decisionOn(sent: { id: string }): Promise<Record<string, unknown> | undefined> {
  expect((await deliver([sent])).status).toBe(202);
  return linesOf(sent.id).at(-1);
}

/** The orchestration as Durable's own API shows it. */
const managed = async (id: string): Promise<unknown> =>
  (await world.call(`/runtime/webhooks/durabletask/instances/${id}`, { key: world.host.keys.durable })).json();

interface Listed {
  workspaceName: string;
  runtimeStatus: string;
  attempt: number;
}
async function deployments(): Promise<Listed[]> {
  const response = await world.call('/api/deployments?limit=100');
  return ((await response.json()) as { deployments: Listed[] }).deployments;
}
const deploymentsOf = async (workspace: string): Promise<Listed[]> =>
  (await deployments()).filter(({ workspaceName }) => workspaceName === workspace);

/** A workspace of a person's own that is there. */
async function readyWorkspace(name: string, tags: object = tagged, location?: string): Promise<void> {
  await makeWorkspace(world.cloud, name, tags, location);
  await world.pass(quickLatencies.workspaceSeconds + quickLatencies.storageSeconds);
}

const writesToAzure = (): number => world.cloud.azure.arm.requests.filter(({ method }) => method !== 'GET').length;

describe('F16: a tagged workspace', () => {
  test.each([
    ['the Event Grid schema', eventGridEvent, 'application/json'],
    ['CloudEvents', cloudEvent, 'application/cloudevents+json'],
  ])('is deployed to by an event in %s', async (schema, make, type) => {
    const name = `dbw-${schema.slice(-6).toLowerCase()}`;
    await readyWorkspace(name, { ...tagged, 'accelerator.profile': 'small' });
    const sent = make({ workspace: name, timeMs: world.clock.now() });
    const body = type === 'application/json' ? [sent] : sent;
    expect((await deliver(body, { 'content-type': type })).status).toBe(202);
    expect(linesOf(sent.id)).toMatchObject([{ decision: 'started', deployment: idOf(name), operation: 'write' }]);
    const status = await world.finish(idOf(name));
    expect(status).toMatchObject({
      runtimeStatus: 'Completed',
      target: { workspaceName: name, location: 'westeurope' },
    });
    expect(await inventoryOf(world.cloud, name)).toEqual(oneOfEach);
    const { input } = (await managed(idOf(name))) as { input: DeployInput };
    expect(input.deployment.request.parameters).toEqual({ profile: 'small' });
  });

  test('is deployed to once by fifty deliveries of fifty events in any order', async () => {
    await readyWorkspace('dbw-fifty');
    const events = Array.from({ length: 50 }, (_, at) =>
      event('dbw-fifty', {
        timeMs: world.clock.now() - at * 1000,
        operation: at % 3 === 0 ? 'Microsoft.Resources/tags/write' : 'Microsoft.Databricks/workspaces/write',
      }),
    );
    const random = randomFrom(7);
    const shuffled = [...events, ...events].sort(() => random() - 0.5);
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, at) => deliver(shuffled.slice(at * 10, at * 10 + 10))),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    await world.finish(idOf('dbw-fifty'));
    for (const again of [event('dbw-fifty'), ...shuffled.slice(0, 5)]) await deliver([again]);
    expect(await deploymentsOf('dbw-fifty')).toMatchObject([{ attempt: 1, runtimeStatus: 'Completed' }]);
    expect(await inventoryOf(world.cloud, 'dbw-fifty')).toEqual(oneOfEach);
  });

  test('that is tagged later is deployed to then', async () => {
    await readyWorkspace('dbw-later', {});
    expect(await decisionOn(event('dbw-later'))).toMatchObject({ decision: 'ignored', reason: 'noTag' });
    await tagWorkspace(world.cloud, 'dbw-later', { Accelerator: accelerator });
    const tagging = event('dbw-later', { operation: 'Microsoft.Resources/tags/write' });
    expect(await decisionOn(tagging)).toMatchObject({ decision: 'started', operation: 'tags' });
    expect(await world.finish(idOf('dbw-later'))).toMatchObject({ runtimeStatus: 'Completed' });
  });

  test('in creation is deployed to, and the deployment waits for it', async () => {
    await makeWorkspace(world.cloud, 'dbw-early', tagged);
    expect(await decisionOn(event('dbw-early'))).toMatchObject({ decision: 'started' });
    expect(await world.finish(idOf('dbw-early'))).toMatchObject({ runtimeStatus: 'Completed' });
  });

  test.each<[reason: string, tags: object, location?: string]>([
    ['notAllowed /accelerator', { accelerator: 'No such name', a: 'b', c: 'd', e: 'f' }],
    ['notAllowed /parameters/attempt', { ...tagged, 'accelerator.attempt': '9' }],
    ['notAllowed /accelerator', { accelerator: 'no-such-name' }],
    ['notAllowed /location', tagged, 'uksouth'],
    ['ownWorkspace', { ...tagged, 'accelerator-deployment': 'an-earlier-one' }],
  ])('that has to be left alone is, with the reason %s', async (reason, tags, location) => {
    const name = `dbw-${reason.replace(/\W/g, '')}-${Object.keys(tags).length}`;
    await readyWorkspace(name, tags, location);
    const before = writesToAzure();
    expect(await decisionOn(event(name))).toMatchObject({ decision: 'ignored', reason });
    expect(await deploymentsOf(name)).toEqual([]);
    expect(writesToAzure()).toBe(before);
  });

  test('whose creation has failed, or that is being deleted, is left alone', async () => {
    await setScenario(world.cloud.azure.arm, {
      kind: 'workspaceFails',
      name: 'dbw-broken',
      code: 'Bad',
      message: 'No.',
    });
    await readyWorkspace('dbw-broken');
    expect(await decisionOn(event('dbw-broken'))).toMatchObject({ reason: 'workspaceUnusable' });
    await readyWorkspace('dbw-going');
    await askForWorkspace(world.cloud, 'DELETE', 'dbw-going');
    expect(await decisionOn(event('dbw-going'))).toMatchObject({ reason: 'workspaceUnusable' });
  });
});

describe('F16: an event starts nothing', () => {
  let deployed: StatusResource;
  beforeAll(async () => {
    await readyWorkspace('dbw-quiet');
    await deliver([event('dbw-quiet')]);
    deployed = await world.finish(idOf('dbw-quiet'));
    await readyWorkspace('dbw-unused');
  });

  test.each<[what: string, workspace: string, more: () => SampleEvent, line: object]>([
    [
      'that the app itself has caused',
      'dbw-unused',
      () => ({ applicationId: world.cloud.settings['AZURE_CLIENT_ID']?.toUpperCase() ?? '' }),
      { decision: 'ignored', reason: 'ownWrite' },
    ],
    [
      'of another subscription',
      'dbw-unused',
      () => ({ subscription: '00000000-0000-4000-8000-000000000000' }),
      { decision: 'dropped', reason: 'foreignSubscription' },
    ],
    ['of another resource group', 'dbw-unused', () => ({ resourceGroup: 'rg-other' }), { reason: 'groupNotAllowed' }],
    [
      'of another resource type',
      'dbw-unused',
      () => ({ operation: 'Microsoft.Compute/virtualMachines/write' }),
      { decision: 'dropped', reason: 'otherOperation' },
    ],
    [
      'that tells of a failure',
      'dbw-unused',
      () => ({ type: 'Microsoft.Resources.ResourceWriteFailure' }),
      { decision: 'ignored', reason: 'nothingWaits' },
    ],
    [
      'that tells of a deletion',
      'dbw-unused',
      () => ({ operation: 'Microsoft.Databricks/workspaces/delete' }),
      { decision: 'ignored', reason: 'nothingWaits' },
    ],
    ['about a workspace that is gone', 'dbw-never-there', () => ({}), { decision: 'ignored', reason: 'workspaceGone' }],
    ['about what is deployed', 'dbw-quiet', () => ({}), { decision: 'ignored', reason: 'alreadyDeployed' }],
    [
      'about what is deployed, a day late',
      'dbw-quiet',
      () => ({ timeMs: world.clock.now() - dayMs }),
      { decision: 'ignored', reason: 'alreadyDeployed' },
    ],
  ])('%s', async (_what, workspace, more, line) => {
    const [before, attempts] = [writesToAzure(), (await deployments()).length];
    expect(await decisionOn(event(workspace, more()))).toMatchObject(line);
    await world.pass(3600);
    expect(writesToAzure()).toBe(before);
    expect(await deployments()).toHaveLength(attempts);
    expect(await world.read(idOf('dbw-quiet'))).toEqual({ ...deployed, statusQueryGetUri: expect.any(String) });
  });

  test('after a failure, which a person tries again', async () => {
    await readyWorkspace('dbw-failed');
    await deliver([event('dbw-failed')]);
    await setScenario(world.workspace('dbw-failed'), { kind: 'taskFails', taskKey: 'RUNME' });
    expect(await world.finish(idOf('dbw-failed'))).toMatchObject({ runtimeStatus: 'Failed' });
    expect(await decisionOn(event('dbw-failed'))).toMatchObject({ decision: 'ignored', reason: 'alreadyDeployed' });
    expect(await world.read(idOf('dbw-failed'))).toMatchObject({ runtimeStatus: 'Failed', attempt: 1 });
  });

  test.each([
    ['nonsense', [{ id: 'shape-1' }]],
    ['no object', [5, 'text', [], true]],
    ['nothing', []],
  ])('when it is %s', async (_what, events) => {
    expect((await deliver(events)).status).toBe(202);
  });
});

describe('F16: what may pass later is delivered again', () => {
  test('when Azure cannot be asked', async () => {
    await readyWorkspace('dbw-throttled');
    await setFault(world.cloud.azure.arm, { method: 'GET', path: '*/workspaces/dbw-throttled', status: 503, times: 1 });
    const sent = event('dbw-throttled');
    expect((await deliver([sent])).status).toBe(500);
    expect(linesOf(sent.id)).toMatchObject([{ decision: 'postponed', reason: 'AZURE_UNAVAILABLE' }]);
    expect(await decisionOn(sent)).toMatchObject({ decision: 'started' });
    expect(await world.finish(idOf('dbw-throttled'))).toMatchObject({ runtimeStatus: 'Completed' });
  });

  test('when there are too many deployments', async () => {
    const running = Array.from({ length: mostActive }, (_, at) => `dbw-many-${at}`);
    for (const workspaceName of running) await world.start({ workspaceName });
    await makeWorkspace(world.cloud, 'dbw-one-more', tagged);
    const sent = event('dbw-one-more');
    expect((await deliver([sent])).status).toBe(500);
    expect(linesOf(sent.id)).toMatchObject([{ decision: 'postponed', reason: 'TOO_MANY_DEPLOYMENTS' }]);
    for (const name of running) await world.finish(idOf(name));
    expect(await decisionOn(sent)).toMatchObject({ decision: 'started' });
    await world.finish(idOf('dbw-one-more'));
  });
});

test('a megabyte of events is taken, and starts what one of them asks for', async () => {
  await readyWorkspace('dbw-megabyte');
  const asks = event('dbw-megabyte');
  const others = Array.from({ length: 700 }, (_, at) =>
    event(at % 2 ? 'dbw-megabyte' : 'dbw-unrelated', {
      operation: at % 3 ? 'Microsoft.Databricks/workspaces/write' : 'Microsoft.Compute/virtualMachines/write',
    }),
  );
  const body = JSON.stringify([...others, asks]);
  expect(body.length).toBeGreaterThan(1_000_000);
  expect((await deliver(body)).status).toBe(202);
  const looks = world.cloud.azure.arm.requests.filter(({ path }) => path.includes('dbw-unrelated'));
  expect(looks.length).toBeLessThan(5);
  expect(await world.finish(idOf('dbw-megabyte'))).toMatchObject({ runtimeStatus: 'Completed', attempt: 1 });
});

test('the webhook agrees to a subscription in either schema', async () => {
  const validation = {
    id: 'v',
    eventType: 'Microsoft.EventGrid.SubscriptionValidationEvent',
    data: { validationCode: 'C' },
  };
  const agreed = await deliver([validation], { 'aeg-event-type': 'SubscriptionValidation' });
  expect([agreed.status, await agreed.json()]).toEqual([200, { validationResponse: 'C' }]);
  const path = '/runtime/webhooks/EventGrid?functionName=onSubscriptionEvent';
  const headers = { 'WebHook-Request-Origin': 'eventgrid.azure.net' };
  const allowed = await world.call(path, { method: 'OPTIONS', key: world.host.keys.eventGrid, headers });
  expect([allowed.status, allowed.headers.get('webhook-allowed-origin')]).toEqual([200, 'eventgrid.azure.net']);
  expect((await world.call(path, { method: 'POST', key: '', body: [] })).status).toBe(401);
});

test('no name, address or claim of a person is in the log, and each line says what was decided', () => {
  const text = JSON.stringify(logged);
  for (const word of [...Object.values(person), 'claims', 'c0ffee']) expect(text).not.toContain(word);
  const lines = logged.filter(({ message }) => message.includes('event.received'));
  expect(lines.length).toBeGreaterThan(800);
  for (const { message } of lines) {
    expect(['started', 'woken', 'ignored', 'dropped', 'postponed']).toContain(
      (JSON.parse(message) as { decision: string }).decision,
    );
  }
});
