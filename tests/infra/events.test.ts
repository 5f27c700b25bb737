import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deploymentId } from '../../domain/ids.ts';
import { deliveriesOf, readSubscription } from '../../local/host/eventGrid/eventSubscription.ts';
import type { LogEntry } from '../../local/host/log.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { makeWorkspace } from '../support/localPerson.ts';
import { eventGridEvent, type SampleEvent } from '../support/subscriptionEvents.ts';
import { ofType, readSnapshot } from '../support/infra.ts';
import { startWorld, type World } from '../support/world.ts';

const accelerator = 'predicting-implied-volatility';
const resourceType = 'Microsoft.EventGrid/systemTopics/eventSubscriptions';
const propertiesIn = (name: string): object =>
  (ofType(readSnapshot(name).predictedResources, resourceType)[0]?.['properties'] ?? {}) as object;
const subscription = readSubscription(propertiesIn('events'));
const otherSchema = readSubscription({ ...propertiesIn('events'), eventDeliverySchema: 'CloudEventSchemaV1_0' });

const logged: LogEntry[] = [];
let world: World;
beforeAll(async () => {
  world = await startWorld({ script: quickScript, latencies: quickLatencies, log: (entry) => logged.push(entry) });
});
afterAll(() => world.close());

const event = (sample: SampleEvent) => eventGridEvent({ timeMs: world.clock.now(), ...sample });

/** Has Event Grid tell the app of the events through the subscription; what the app answers. */
const tell = (events: ReturnType<typeof event>[], through = subscription): Promise<number[]> =>
  Promise.all(
    deliveriesOf(through, events).map(async ({ headers, body }) => {
      const path = `/runtime/webhooks/EventGrid?functionName=${through.functionName}`;
      const sent = { method: 'POST', key: world.host.keys.eventGrid, headers, body };
      return (await world.call(path, sent)).status;
    }),
  );

/** What the app has decided on the event; undefined when it was never told. */
const decisionOn = (id: string): Record<string, unknown> | undefined =>
  logged
    .filter(({ message }) => message.includes('event.received'))
    .map(({ message }) => JSON.parse(message) as Record<string, unknown>)
    .findLast((line) => line['event'] === id);

const resources = 'Microsoft.Resources.Resource';
const write = 'Microsoft.Databricks/workspaces/write';
const remove = 'Microsoft.Databricks/workspaces/delete';
const tags = 'Microsoft.Resources/tags/write';
const storage = 'Microsoft.Storage/storageAccounts/stvolatility';

describe('the event subscription of the template delivers an event', () => {
  test.each<[what: string, sample: SampleEvent, line: object]>([
    ['that a workspace was made', { operation: write }, { reason: 'workspaceGone' }],
    ['the same, written in another case', { operation: write.toUpperCase() }, { reason: 'workspaceGone' }],
    [
      'that a workspace was not made',
      { operation: write, type: `${resources}WriteFailure` },
      { reason: 'nothingWaits' },
    ],
    ['that a workspace was deleted', { operation: remove }, { reason: 'nothingWaits' }],
    ['that it was not', { operation: remove, type: `${resources}DeleteFailure` }, { reason: 'nothingWaits' }],
    ['that a workspace was tagged', { operation: tags }, { reason: 'workspaceGone' }],
    ['that something else was tagged', { operation: tags, resource: storage }, { reason: 'otherResource' }],
  ])('%s', async (_what, sample, line) => {
    for (const [at, through] of [subscription, otherSchema].entries()) {
      const sent = event({ ...sample, workspace: `dbw-none-${at}` });
      expect(await tell([sent], through)).toEqual([202]);
      expect(decisionOn(sent.id)).toMatchObject(line);
    }
  });
});

describe('the event subscription of the template keeps back an event', () => {
  test.each<[what: string, sample: SampleEvent]>([
    ['that a storage account was made', { operation: 'Microsoft.Storage/storageAccounts/write', resource: storage }],
    [
      'that the keys of one were listed',
      {
        operation: 'Microsoft.Storage/storageAccounts/listKeys/action',
        resource: storage,
        type: `${resources}ActionSuccess`,
      },
    ],
    [
      'of a template',
      { operation: 'Microsoft.Resources/deployments/write', resource: 'Microsoft.Resources/deployments/d' },
    ],
    [
      'that a role was assigned in a workspace',
      {
        operation: 'Microsoft.Authorization/roleAssignments/write',
        resource: 'Microsoft.Authorization/roleAssignments/r',
      },
    ],
    ['that a workspace’s write was cancelled', { operation: write, type: `${resources}WriteCancel` }],
    ['that tokens of a workspace were asked for', { operation: `${write}/action`, type: `${resources}ActionSuccess` }],
  ])('%s', async (_what, sample) => {
    const sent = event(sample);
    expect(await tell([sent])).toEqual([]);
    expect(decisionOn(sent.id)).toBeUndefined();
  });
});

test.each([
  ['that the template asks for', subscription, 'dbw-own-schema'],
  ['of CloudEvents', otherSchema, 'dbw-cloudevents'],
])('a tagged workspace is deployed to through the subscription, in the schema %s', async (_schema, through, name) => {
  await makeWorkspace(world.cloud, name, { accelerator });
  await world.pass(quickLatencies.workspaceSeconds + quickLatencies.storageSeconds);
  const sent = event({ workspace: name });
  expect(await tell([event({ operation: 'Microsoft.Compute/virtualMachines/write' }), sent], through)).toEqual([202]);
  const id = deploymentId({
    subscriptionId: world.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? '',
    resourceGroup: 'rg-volatility',
    workspaceName: name,
    accelerator,
  });
  expect(decisionOn(sent.id)).toMatchObject({ decision: 'started', deployment: id });
  expect(await world.finish(id)).toMatchObject({ state: 'Succeeded' });
});

test('all snapshots with events have the same subscription, to a function that there is', () => {
  for (const name of ['events', 'events-existing-topic', 'everything'])
    expect(readSubscription(propertiesIn(name))).toEqual(subscription);
  expect(subscription).toMatchObject({ functionName: 'onSubscriptionEvent', schema: 'EventGridSchema' });
});

test('a dead letter is kept in a container that there is, by the app’s identity, with its own topic', () => {
  const { deadLetterWithResourceIdentity: letters } = propertiesIn('events') as {
    deadLetterWithResourceIdentity: {
      identity: { userAssignedIdentity: string };
      deadLetterDestination: { properties: { resourceId: string; blobContainerName: string } };
    };
  };
  const { resourceId, blobContainerName } = letters.deadLetterDestination.properties;
  const ids = readSnapshot('events').predictedResources.map(({ id }) => id);
  expect(ids).toContain(`${resourceId}/blobServices/default/containers/${blobContainerName}`);
  expect(ids).toContain(letters.identity.userAssignedIdentity);
});
