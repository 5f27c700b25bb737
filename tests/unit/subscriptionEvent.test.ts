import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readSubscriptionEvent } from '../../domain/subscriptionEvent.ts';
import { sampleEvent } from '../../local/dev/sampleEvent.ts';
import { cloudEvent, eventGridEvent, person, type SampleEvent } from '../support/subscriptionEvents.ts';

const own = '7D1F9A52-5c1e-4b0a-9d57-1f2c3b4a5d6e';
const timeMs = Date.UTC(2026, 10, 27, 12);
const resourceId =
  '/subscriptions/7d1f9a52-5c1e-4b0a-9d57-1f2c3b4a5d6e/resourcegroups/rg-volatility/providers/microsoft.databricks/workspaces/dbw-tagged';

describe.each([
  ['the Event Grid schema', eventGridEvent],
  ['CloudEvents', cloudEvent],
])('an event in %s', (_schema, make) => {
  const read = (sample: SampleEvent = {}) => readSubscriptionEvent(make({ id: 'e-1', timeMs, ...sample }), own);

  test('names the workspace, what was done, when and by which application', () => {
    expect(read()).toEqual({
      id: 'e-1',
      operation: 'write',
      succeeded: true,
      resourceId,
      subscriptionId: own.toLowerCase(),
      resourceGroup: 'rg-volatility',
      workspaceName: 'dbw-tagged',
      timeMs,
      applicationId: '04b07795-8ddb-461a-bbee-02f9e1bf7b46',
    });
  });

  test('keeps nothing of the person in it', () => {
    const kept = JSON.stringify(read());
    for (const word of [...Object.values(person), 'c0ffee']) expect(kept).not.toContain(word);
  });

  test.each<[what: string, sample: SampleEvent, seen: object]>([
    ['a tag', { operation: 'Microsoft.Resources/tags/write' }, { operation: 'tags', resourceId }],
    ['a deletion', { operation: 'Microsoft.Databricks/workspaces/delete' }, { operation: 'delete', resourceId }],
    ['another case', { operation: 'MICROSOFT.DATABRICKS/WORKSPACES/WRITE', workspace: 'DBW-Tagged' }, { resourceId }],
    ['a failure', { type: 'Microsoft.Resources.ResourceWriteFailure' }, { operation: 'write', succeeded: false }],
    [
      'an abort',
      { type: 'Microsoft.Resources.ResourceDeleteCancel', operation: 'Microsoft.Databricks/workspaces/delete' },
      { succeeded: false },
    ],
    [
      'an application',
      { applicationId: 'AAAAAAAA-0000-4000-8000-00000000000B' },
      { applicationId: 'aaaaaaaa-0000-4000-8000-00000000000b' },
    ],
  ])('that tells of %s is read', (_what, sample, seen) => {
    expect(read(sample)).toMatchObject(seen);
  });

  test.each<[what: string, sample: SampleEvent, reason: string]>([
    ['another subscription', { subscription: '00000000-0000-4000-8000-000000000000' }, 'foreignSubscription'],
    ['another operation', { operation: 'Microsoft.Databricks/workspaces/listKeys/action' }, 'otherOperation'],
    ['another resource type', { operation: 'Microsoft.Compute/virtualMachines/write' }, 'otherOperation'],
    ['something below a workspace', { workspace: 'dbw/privateEndpointConnections/x' }, 'otherResource'],
    ['a name that no workspace has', { workspace: 'a b' }, 'otherResource'],
    ['a path in the name', { workspace: '..' }, 'otherResource'],
    ['a group that cannot be', { resourceGroup: 'rg%2e.' }, 'otherResource'],
    ['an action', { type: 'Microsoft.Resources.ResourceActionSuccess' }, 'otherEvent'],
    ['a deletion that is a write', { type: 'Microsoft.Resources.ResourceDeleteSuccess' }, 'otherOperation'],
    ['another topic', { type: 'Microsoft.Storage.BlobCreated' }, 'otherEvent'],
  ])('about %s is dropped', (_what, sample, dropped) => {
    expect(read(sample)).toMatchObject({ dropped, id: 'e-1' });
  });

  test('whose data names another subscription than its subject is dropped', () => {
    const event = make();
    event.data.subscriptionId = '00000000-0000-4000-8000-000000000000';
    expect(readSubscriptionEvent(event, own)).toMatchObject({ dropped: 'foreignSubscription' });
  });

  test('without claims is read, and nobody is named as its cause', () => {
    const { claims: _claims, ...data } = make().data;
    for (const about of [data, { ...data, claims: null }]) {
      const event = readSubscriptionEvent({ ...make(), data: about }, own);
      expect(event).toHaveProperty('resourceId', resourceId);
      expect(event).not.toHaveProperty('applicationId');
    }
  });

  test('tags of something else than a workspace are dropped', () => {
    const subject = '/subscriptions/7d1f9a52-5c1e-4b0a-9d57-1f2c3b4a5d6e/providers/Microsoft.Resources/tags/default';
    const event = { ...make({ operation: 'Microsoft.Resources/tags/write' }), subject };
    expect(readSubscriptionEvent(event, own)).toMatchObject({ dropped: 'otherResource' });
  });
});

test.each([[undefined], [null], [5], ['text'], [[]], [{}], [{ id: 'e' }], [{ ...eventGridEvent(), data: 'text' }]])(
  'what is no event is dropped: %j',
  (event) => {
    expect(readSubscriptionEvent(event, own)).toMatchObject({ dropped: 'unknownShape' });
  },
);

test.each([
  ['time', { eventTime: 'yesterday' }],
  ['operation', { data: {} }],
  ['subject', { subject: 7 }],
  ['id', { id: '' }],
])('an event with an unreadable %s is dropped', (_what, change) => {
  expect(readSubscriptionEvent({ ...eventGridEvent(), ...change }, own)).toMatchObject({ dropped: 'unknownShape' });
});

test.each([['eventgrid' as const], ['cloud' as const]])(
  'the sample event in the schema %s is one of ours',
  (schema) => {
    const wish = { subscriptionId: own, workspace: 'dbw-tagged', schema };
    const read = (more: object) => readSubscriptionEvent(sampleEvent({ ...wish, operation: 'write', ...more }), own);
    expect(read({})).toMatchObject({ operation: 'write', succeeded: true, resourceId });
    expect(read({ operation: 'tags' })).toMatchObject({ operation: 'tags', resourceId });
    expect(read({ operation: 'delete', applicationId: 'app' })).toMatchObject({
      operation: 'delete',
      applicationId: 'app',
    });
  },
);

test('whatever comes is read or dropped, never thrown', () => {
  const parts = fc.dictionary(fc.constantFrom(...Object.keys(eventGridEvent())), fc.anything());
  fc.assert(
    fc.property(fc.anything(), parts, (anything, part) => {
      expect(readSubscriptionEvent(anything, own)).toHaveProperty('dropped');
      expect(readSubscriptionEvent({ ...eventGridEvent(), ...part }, own)).toBeTypeOf('object');
    }),
  );
});
