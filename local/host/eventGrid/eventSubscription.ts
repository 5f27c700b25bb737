import { type EventFilter, passes, requireKnownFilter, type TopicEvent } from './eventFilter.ts';

export type DeliverySchema = 'EventGridSchema' | 'CloudEventSchemaV1_0';

/** An event subscription to a function, as its resource describes it. */
export interface EventSubscription {
  functionName: string;
  schema: DeliverySchema;
  filter: EventFilter;
  eventsPerBatch: number;
}

/** One request of Event Grid's to the host. */
export interface Delivery {
  headers: Record<string, string>;
  body: string;
}

/** Properties of `Microsoft.EventGrid/systemTopics/eventSubscriptions`, as a template has them. */
export interface SubscriptionProperties {
  eventDeliverySchema?: string;
  destination?: { endpointType?: string; properties?: { resourceId?: string; maxEventsPerBatch?: number } };
  filter?: EventFilter;
}

/** Reads the resource; throws where it is not understood, because what it lets through would be guessed. */
export function readSubscription(properties: SubscriptionProperties): EventSubscription {
  const { eventDeliverySchema: schema = 'EventGridSchema', destination, filter = {} } = properties;
  if (schema !== 'EventGridSchema' && schema !== 'CloudEventSchemaV1_0')
    throw new Error(`The subscription delivers in ${schema}, which is not known here.`);
  const { resourceId = '', maxEventsPerBatch = 1 } = destination?.properties ?? {};
  const [, functionName] = /\/functions\/([\w-]+)$/.exec(resourceId) ?? [];
  if (destination?.endpointType !== 'AzureFunction' || !functionName)
    throw new Error(`The subscription delivers to ${resourceId || 'nothing'}, which is no function.`);
  requireKnownFilter(filter);
  return { functionName, schema, filter, eventsPerBatch: maxEventsPerBatch };
}

/** What Event Grid sends of these events: those that pass the filter, in the subscription's schema, in batches. */
export function deliveriesOf(subscription: EventSubscription, events: TopicEvent[]): Delivery[] {
  const passing = events.filter((event) => passes(subscription.filter, event));
  const batches = Array.from({ length: Math.ceil(passing.length / subscription.eventsPerBatch) }, (_, at) =>
    passing.slice(at * subscription.eventsPerBatch, (at + 1) * subscription.eventsPerBatch),
  );
  return batches.map((batch) => deliveryOf(batch, subscription));
}

function deliveryOf(batch: TopicEvent[], { schema, eventsPerBatch }: EventSubscription): Delivery {
  const notification = { 'aeg-event-type': 'Notification' };
  if (schema === 'EventGridSchema') {
    const headers = { ...notification, 'content-type': 'application/json; charset=utf-8' };
    return { headers, body: JSON.stringify(batch) };
  }
  const events = batch.map(asCloudEvent);
  // One event goes by itself unless the subscription asks for batches.
  const [type, body] = eventsPerBatch > 1 ? ['cloudevents-batch+json', events] : ['cloudevents+json', events[0]];
  return {
    headers: { ...notification, 'content-type': `application/${type}; charset=utf-8` },
    body: JSON.stringify(body),
  };
}

/** As Event Grid maps its own schema onto CloudEvents 1.0 (azure-docs, event-grid/cloud-event-schema). */
const asCloudEvent = ({ id, topic, subject, eventType, eventTime, data }: TopicEvent): object => ({
  specversion: '1.0',
  id,
  source: topic,
  subject,
  type: eventType,
  time: eventTime,
  data,
});
