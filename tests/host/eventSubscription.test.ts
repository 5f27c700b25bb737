import { describe, expect, test } from 'vitest';
import { type EventFilter, passes } from '../../local/host/eventGrid/eventFilter.ts';
import {
  deliveriesOf,
  readSubscription,
  type SubscriptionProperties,
} from '../../local/host/eventGrid/eventSubscription.ts';
import { eventGridEvent } from '../support/subscriptionEvents.ts';

const subject = '/subscriptions/s/resourcegroups/rg/providers/Microsoft.Databricks/workspaces/dbw';
const event = { ...eventGridEvent({ id: 'e-1', timeMs: 0 }), subject };
const operation = 'Microsoft.Databricks/workspaces/write';

describe('a filter lets an event pass', () => {
  test.each<[what: string, filter: EventFilter, passed: boolean]>([
    ['that has nothing to stop it', {}, true],
    ['of an included type', { includedEventTypes: ['Microsoft.Resources.ResourceWriteSuccess'] }, true],
    ['of no included type', { includedEventTypes: ['Microsoft.Resources.ResourceDeleteSuccess'] }, false],
    ['whose subject begins so', { subjectBeginsWith: '/SUBSCRIPTIONS/s/' }, true],
    ['whose subject ends so', { subjectEndsWith: '/DBW' }, true],
    ['whose subject ends otherwise', { subjectEndsWith: '/other' }, false],
    ['whose subject is written otherwise', { subjectEndsWith: '/DBW', isSubjectCaseSensitive: true }, false],
    ['with a value among the wanted', stringIn('data.operationName', 'other', operation.toUpperCase()), true],
    ['with another value', stringIn('data.operationName', 'other'), false],
    ['with part of a value', stringIn('data.operationName', 'Microsoft.Databricks'), false],
    ['without the key', stringIn('data.none.such', 'undefined'), false],
  ])('%s: %j', (_what, filter, passed) => {
    expect(passes(filter, event)).toBe(passed);
  });

  test('only if each of its parts does', () => {
    const both = { ...stringIn('data.operationName', operation), subjectEndsWith: '/other' };
    expect(passes(both, event)).toBe(false);
  });
});

function stringIn(key: string, ...values: string[]): EventFilter {
  return { advancedFilters: [{ operatorType: 'StringIn', key, values }] };
}

const destination = {
  endpointType: 'AzureFunction',
  properties: { resourceId: '/subscriptions/s/sites/app/functions/onEvent', maxEventsPerBatch: 2 },
};

describe('a subscription', () => {
  test.each<[error: string, properties: SubscriptionProperties]>([
    [
      'compares by StringContains',
      { destination, filter: { advancedFilters: [{ operatorType: 'StringContains', key: 'subject', values: [] }] } },
    ],
    [
      'has no texts to compare with',
      { destination, filter: { advancedFilters: [{ operatorType: 'StringIn', key: 'subject', values: [1] }] } },
    ],
    ['has labels', { destination, filter: { labels: [] } as EventFilter }],
    ['delivers in CustomInputSchema', { destination, eventDeliverySchema: 'CustomInputSchema' }],
    ['delivers to nothing', {}],
    ['is no function', { destination: { endpointType: 'StorageQueue', properties: { resourceId: '/queues/q' } } }],
  ])('that %s is refused, not guessed at', (error, properties) => {
    expect(() => readSubscription(properties)).toThrow(error);
  });

  test('sends what passes, in batches, in Event Grid’s schema', () => {
    const subscription = readSubscription({ destination, filter: stringIn('id', 'e-1', 'e-2', 'e-3') });
    const events = ['e-1', 'e-2', 'e-0', 'e-3'].map((id) => ({ ...event, id }));
    const sent = deliveriesOf(subscription, events).map(({ body }) => JSON.parse(body) as { id: string }[]);
    expect(subscription.functionName).toBe('onEvent');
    expect(sent.map((batch) => batch.map(({ id }) => id))).toEqual([['e-1', 'e-2'], ['e-3']]);
    expect(sent[0]?.[0]).toEqual(event);
  });

  test.each([
    [
      1,
      'application/cloudevents+json; charset=utf-8',
      expect.objectContaining({ specversion: '1.0', source: event.topic }),
    ],
    [2, 'application/cloudevents-batch+json; charset=utf-8', [expect.objectContaining({ type: event.eventType })]],
  ])('sends CloudEvents where it asks for them, %i at a time', (maxEventsPerBatch, type, body) => {
    const subscription = readSubscription({
      eventDeliverySchema: 'CloudEventSchemaV1_0',
      destination: { ...destination, properties: { ...destination.properties, maxEventsPerBatch } },
    });
    const [sent] = deliveriesOf(subscription, [event]);
    expect([sent?.headers['content-type'], JSON.parse(sent?.body ?? '')]).toEqual([type, body]);
  });
});
