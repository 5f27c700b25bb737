import * as fc from 'fast-check';
import { cloudEvent, eventGridEvent, type SampleEvent } from '../support/subscriptionEvents.ts';
import { type Body, plainBody } from './generatedBodies.ts';
import { odd } from './fieldValues.ts';

/** What Event Grid's webhook gets: the kind of delivery, the body, and what is in it. */
export interface Delivery {
  type: string | undefined;
  body: Body;
  /** How many events the app is handed; undefined when the host itself turns the delivery away. */
  events: number | undefined;
  /** Whether one of them tells of the tagged workspace. */
  mayStart: boolean;
}

type Json = Record<string, unknown>;

/** One event as JSON, and whether it may start a deployment. */
interface Told {
  json: string;
  mayStart: boolean;
}

const operations = [
  'Microsoft.Databricks/workspaces/write',
  'Microsoft.Resources/tags/write',
  'Microsoft.Databricks/workspaces/delete',
  'Microsoft.Compute/virtualMachines/write',
  'toString',
];
const types = [
  'Microsoft.Resources.ResourceWriteSuccess',
  'Microsoft.Resources.ResourceWriteFailure',
  'Microsoft.Resources.ResourceDeleteSuccess',
  'Microsoft.Resources.ResourceActionSuccess',
  'Microsoft.Storage.BlobCreated',
];
const foreignSubscription = '99999999-5c1e-4b0a-9d57-1f2c3b4a5d6e';

const samples: fc.Arbitrary<SampleEvent> = fc.record(
  {
    id: fc.constantFrom('event-1', 'event-2', 'event-3', '🦊', '__proto__', 'x'.repeat(200), 'x'.repeat(201)),
    workspace: fc.constantFrom('dbw-tagged', 'DBW-Tagged', 'dbw-running', 'dbw-nowhere', 'db', 'dbw%20x', '..'),
    resourceGroup: fc.constantFrom('rg-volatility', 'RG-VOLATILITY', 'rg-other', 'rg.', '..'),
    subscription: fc.constantFrom(foreignSubscription, '', '..', '__proto__'),
    operation: fc.constantFrom(...operations),
    type: fc.constantFrom(...types),
    timeMs: fc.constantFrom(0, 1e12, 4e12, 8.64e15 - 1),
  },
  { requiredKeys: ['id', 'timeMs'] },
);
const sound: SampleEvent = { id: 'event-0', timeMs: 4e12 };

const isTold = ({ workspace, resourceGroup, subscription, operation = operations[0], type = types[0] }: SampleEvent) =>
  /^(dbw-tagged|undefined)$/i.test(String(workspace)) &&
  /^(rg-volatility|undefined)$/i.test(String(resourceGroup)) &&
  subscription === undefined &&
  operations.indexOf(operation ?? '') < 2 &&
  type === types[0];

/** Puts a value of JSON in the place of what the path names. */
function spoilt(event: Json, [key = '', ...rest]: string[], json: string): string {
  const members = Object.entries(event).map(([name, value]) => {
    if (name !== key) return [name, JSON.stringify(value)];
    return [name, rest.length > 0 ? spoilt(value as Json, rest, json) : json];
  });
  return `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
}

/** Without any of these an event is none, or not one of ours. */
const vital = [['subject'], ['eventTime'], ['eventType'], ['data'], ['data', 'operationName']];
/** These may be anything, as long as they do not contradict. */
const idle = [
  ['id'],
  ['data', 'claims'],
  ['data', 'authorization'],
  ['dataVersion'],
  ['data', 'httpRequest'],
  ['topic'],
];

const told: fc.Arbitrary<Told> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(samples, fc.boolean()).map(([sample, isCloud]) => {
      const event = isCloud ? cloudEvent(sample) : eventGridEvent(sample);
      return { json: JSON.stringify(event), mayStart: isTold(sample) };
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...vital), fc.constantFrom(...odd))
      .map(([path, json]) => ({ json: spoilt(eventGridEvent(sound), path, json), mayStart: false })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...idle), fc.constantFrom(...odd))
      .map(([path, json]) => ({ json: spoilt(eventGridEvent(sound), path, json), mayStart: true })),
  },
  { weight: 2, arbitrary: fc.constantFrom(...odd).map((json) => ({ json, mayStart: false })) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }).map((json) => ({ json, mayStart: false })) },
);

const delivery = (type: string | undefined, body: Body, events?: number, mayStart = false): Delivery => ({
  type,
  body,
  events,
  mayStart,
});

/** Of one event, of many, of the same one again and again. */
const notifications: fc.Arbitrary<Delivery> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(fc.array(told, { maxLength: 6 }), fc.boolean()).map(([events, chunked]) => {
      const mayStart = events.some((event) => event.mayStart);
      const text = `[${events.map(({ json }) => json).join(',')}]`;
      return delivery('Notification', { ...plainBody(text), chunked }, events.length, mayStart);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(told, fc.constantFrom(2, 50)).map(([{ json, mayStart }, times]) => {
      const text = `[${Array.from({ length: times }, () => json).join(',')}]`;
      return delivery('Notification', plainBody(text), times, mayStart);
    }),
  },
  {
    weight: 1,
    arbitrary: told
      .filter(({ json }) => json.startsWith('{'))
      .map(({ json, mayStart }) => delivery('Notification', plainBody(json), 1, mayStart)),
  },
);

/** What the host turns away or answers by itself. */
const others: fc.Arbitrary<Delivery> = fc.oneof(
  fc
    .constantFrom('', '{', 'null', '1', '"x"', '[', '<xml/>', '[{"id":')
    .map((text) => delivery('Notification', plainBody(text))),
  fc.constantFrom(undefined, '', 'notify', 'toString').map((type) => delivery(type, plainBody('[{}]'))),
  fc.constant(delivery('Unsubscribe', plainBody('[]'))),
  fc
    .constantFrom(
      '[{"data":{"validationCode":"x"}}]',
      '{"data":"{\\"validationCode\\":\\"x\\"}"}',
      ...odd,
      '{"data":"{"}',
      '[null]',
      '',
    )
    .map((text) => delivery('SubscriptionValidation', plainBody(text))),
);

export const deliveries: fc.Arbitrary<Delivery> = fc.oneof(
  { weight: 4, arbitrary: notifications },
  { weight: 1, arbitrary: others },
);
