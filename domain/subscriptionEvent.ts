import * as v from 'valibot';
import { resourceGroupName, workspaceName } from './request.ts';

/** What Azure says has been done to a Databricks workspace of the subscription. */
export interface WorkspaceEvent {
  id: string;
  /** `tags` is a write through the tags API, by which the portal and the CLI tag what exists. */
  operation: 'write' | 'tags' | 'delete';
  /** Whether it went through; events tell of failed and cancelled operations too. */
  succeeded: boolean;
  /** The workspace's resource id in lower case, because events spell it in several ways. */
  resourceId: string;
  subscriptionId: string;
  resourceGroup: string;
  workspaceName: string;
  timeMs: number;
  /** The application that did it; all that is kept of the claims, which hold names and addresses of people. */
  applicationId?: string;
}

/** Why an event is none of ours. */
export type DropReason = 'unknownShape' | 'otherEvent' | 'otherOperation' | 'otherResource' | 'foreignSubscription';

/** An event that is dropped, with what may be logged of it. */
export interface DroppedEvent {
  dropped: DropReason;
  id?: string;
  operation?: string;
}

const text = v.pipe(v.string(), v.minLength(1), v.maxLength(2000));
const identifier = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const time = v.pipe(
  text,
  v.check((value) => Number.isFinite(Date.parse(value))),
);
const data = v.object({
  operationName: text,
  subscriptionId: v.optional(v.string()),
  claims: v.nullish(v.record(v.string(), v.unknown())),
});
const eventGridSchema = v.pipe(
  v.object({ id: identifier, topic: v.optional(v.string()), subject: text, eventType: text, eventTime: time, data }),
  v.transform(({ topic, eventType, eventTime, ...rest }) => ({
    ...rest,
    source: topic,
    type: eventType,
    time: eventTime,
  })),
);
const cloudEventsSchema = v.object({
  specversion: v.literal('1.0'),
  id: identifier,
  source: text,
  type: text,
  subject: text,
  time,
  data,
});
/** Both schemas that Event Grid delivers a subscription's events in (azure-docs, event-grid/event-schema-subscriptions). */
const anyEvent = v.union([cloudEventsSchema, eventGridSchema]);

const operations = new Map<string, WorkspaceEvent['operation']>([
  ['microsoft.databricks/workspaces/write', 'write'],
  ['microsoft.databricks/workspaces/delete', 'delete'],
  ['microsoft.resources/tags/write', 'tags'],
]);

/** Reads one event of Event Grid, in its own schema or as a CloudEvent; what is no workspace's of this subscription is dropped with the reason. */
export function readSubscriptionEvent(event: unknown, ownSubscription: string): WorkspaceEvent | DroppedEvent {
  const parsed = v.safeParse(anyEvent, event);
  if (!parsed.success) return { dropped: 'unknownShape', ...idOf(event) };
  const { id, source, subject, type, time: at, data: about } = parsed.output;
  const drop = (dropped: DropReason): DroppedEvent => ({
    dropped,
    ...idOf({ id }),
    operation: short(about.operationName),
  });

  const [, verb, kind = ''] =
    /^Microsoft\.Resources\.Resource(Write|Delete)(Success|Failure|Cancel)$/i.exec(type) ?? [];
  if (!verb) return drop('otherEvent');
  const operation = operations.get(about.operationName.toLowerCase());
  // What calls itself a deletion and tells of a write is neither.
  if (!operation || sameText(verb, 'Delete') !== (operation === 'delete')) return drop('otherOperation');
  const workspace = workspaceIn(subject);
  if (!workspace) return drop('otherResource');
  const told = [workspace.subscriptionId, about.subscriptionId, subscriptionIn(source ?? '')];
  if (told.some((one) => one !== undefined && !sameText(one, ownSubscription))) return drop('foreignSubscription');
  const applicationId = about.claims?.['appid'] ?? about.claims?.['azp'];
  return {
    ...workspace,
    id,
    operation,
    succeeded: sameText(kind, 'Success'),
    timeMs: Date.parse(at),
    ...(typeof applicationId === 'string' && { applicationId: applicationId.toLowerCase() }),
  };
}

type Target = Pick<WorkspaceEvent, 'resourceId' | 'subscriptionId' | 'resourceGroup' | 'workspaceName'>;

/** The workspace that a subject names; the tags API's events name its `tags/default`. */
function workspaceIn(subject: string): Target | undefined {
  const resourceId = subject.toLowerCase().replace(/\/providers\/microsoft\.resources\/tags\/default\/?$/, '');
  const parts =
    /^\/subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/microsoft\.databricks\/workspaces\/([^/]+)$/.exec(
      resourceId,
    );
  const [, subscriptionId = '', group, name] = parts ?? [];
  if (!v.is(resourceGroupName, group) || !v.is(workspaceName, name)) return undefined;
  return { resourceId, subscriptionId, resourceGroup: group, workspaceName: name };
}

const subscriptionIn = (source: string): string | undefined => /^\/subscriptions\/([^/]+)/i.exec(source)?.[1];

const sameText = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

const longestShown = 100;
const short = (value: string): string => value.slice(0, longestShown);

function idOf(event: unknown): { id?: string } {
  const { id } = Object(event) as { id?: unknown };
  return typeof id === 'string' ? { id: short(id) } : {};
}
