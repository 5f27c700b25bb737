import { randomUUID } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import type { Router } from '../kit/router.ts';
import type { Store } from '../kit/store.ts';
import { ArmError } from './armError.ts';
import { type Caller, isoTime, type Workspace } from './armState.ts';
import { objectBody, textField } from './requestBody.ts';

/** A user of the directory; the claims of their tokens, and so of events, tell names and addresses. */
export interface Person {
  objectId: string;
  name: string;
  userName: string;
  address: string;
}

/** What can be done to a workspace; `tags` is a write through the tags API. */
export type TopicOperation = 'write' | 'tags' | 'delete';

/** The subscription's Event Grid topic: tells webhooks what has been done to workspaces, at least once. */
export interface SubscriptionEvents {
  tell(operation: TopicOperation, outcome: 'Success' | 'Failure', workspace: Workspace): void;
  /** Adds `POST`, `GET` and `DELETE /__events`: subscribe a webhook of this machine, list, forget all. */
  addRoutes(router: Router): Router;
  /** Resolves when no event is being delivered; one that failed and waits for its next try does not count. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

interface Options {
  store: Store;
  clock: Clock;
  subscriptionId: string;
  tenantId: string;
  people: Person[];
}

/** Seconds between two tries, about a day in all (azure-docs, event-grid/delivery-and-retry). */
const pausesSeconds = [10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200];
/** Answers after which Event Grid does not try again. */
const final = new Set([400, 413]);
const answerMs = 30_000;
const path = '/__events';

export function subscriptionEvents(options: Options): SubscriptionEvents {
  const { store, clock } = options;
  const webhooks = store.collection<{ url: string }>('azure.eventWebhooks');
  const deliveries = new Set<Promise<void>>();
  const waits = new Set<() => void>();

  const deliver = async (url: string, event: object, attempt: number): Promise<void> => {
    const status = await post(url, event);
    const pauseSeconds = pausesSeconds[attempt];
    if ((status >= 200 && status < 300) || final.has(status) || pauseSeconds === undefined || !webhooks.get(url))
      return;
    const cancel = clock.setTimer(clock.now() + pauseSeconds * 1000, () => {
      waits.delete(cancel);
      begin(url, event, attempt + 1);
    });
    waits.add(cancel);
  };
  const begin = (url: string, event: object, attempt: number): void => {
    const delivery = deliver(url, event, attempt).finally(() => deliveries.delete(delivery));
    deliveries.add(delivery);
  };
  const idle = async (): Promise<void> => {
    while (deliveries.size > 0) await Promise.all(deliveries);
  };
  return {
    tell(operation, outcome, workspace) {
      const event = eventOf(options, operation, outcome, workspace);
      for (const { url } of webhooks.values()) begin(url, event, 0);
    },
    addRoutes: (router) =>
      router
        .on('POST', path, async ({ body }) => {
          const url = localUrl(textField(objectBody(body), 'webhook') ?? '');
          await requireHandshake(url, clock);
          webhooks.set(url, { url });
          return { status: 201, body: { webhook: withoutKey(url) } };
        })
        .on('GET', path, () => ({ body: webhooks.values().map(({ url }) => ({ webhook: withoutKey(url) })) }))
        .on('DELETE', path, () => {
          for (const { url } of webhooks.values()) webhooks.delete(url);
          return { status: 204 };
        }),
    idle,
    async close() {
      for (const cancel of waits) cancel();
      await idle();
    },
  };
}

function localUrl(text: string): string {
  const url = URL.parse(text);
  if (url && ['localhost', '127.0.0.1'].includes(url.hostname)) return url.href;
  throw new ArmError(400, 'InvalidWebhook', 'Events go to a webhook on this machine only.');
}

const withoutKey = (url: string): string => url.replace(/([?&]code=)[^&]*/, '$1…');

async function requireHandshake(url: string, clock: Clock): Promise<void> {
  const validationCode = randomUUID();
  const data = { validationCode };
  const eventType = 'Microsoft.EventGrid.SubscriptionValidationEvent';
  const event = { id: randomUUID(), subject: '', eventType, eventTime: isoTime(clock.now()), data, dataVersion: '1' };
  const response = await send(url, 'SubscriptionValidation', [event]).catch(() => undefined);
  if (response?.ok && (await response.text()).includes(validationCode)) return;
  throw new ArmError(400, 'URL validation', `The attempt to validate the provided endpoint ${withoutKey(url)} failed.`);
}

const send = (url: string, kind: string, events: object[]): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'aeg-event-type': kind },
    body: JSON.stringify(events),
    signal: AbortSignal.timeout(answerMs),
  });

/** The answer's status, 0 without an answer. */
async function post(url: string, event: object): Promise<number> {
  try {
    const response = await send(url, 'Notification', [event]);
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

function eventOf(
  { clock, subscriptionId, tenantId, people }: Options,
  operation: TopicOperation,
  outcome: 'Success' | 'Failure',
  workspace: Workspace,
): object {
  // Azure writes this segment in lower case here, unlike in its answers.
  const workspaceId = workspace.id.replace('/resourceGroups/', '/resourcegroups/');
  const isTag = operation === 'tags';
  const resourceUri = isTag ? `${workspaceId}/providers/Microsoft.Resources/tags/default` : workspaceId;
  const operationName = isTag ? 'Microsoft.Resources/tags/write' : `Microsoft.Databricks/workspaces/${operation}`;
  return {
    id: randomUUID(),
    topic: `/subscriptions/${subscriptionId}`,
    subject: resourceUri,
    eventType: `Microsoft.Resources.Resource${operation === 'delete' ? 'Delete' : 'Write'}${outcome}`,
    eventTime: isoTime(clock.now()),
    data: {
      authorization: { scope: resourceUri, action: operationName },
      claims: claimsOf(workspace.updatedBy, people),
      correlationId: randomUUID(),
      resourceProvider: operationName.split('/')[0],
      resourceUri,
      operationName,
      status: outcome === 'Success' ? 'Succeeded' : 'Failed',
      subscriptionId,
      tenantId,
    },
    dataVersion: '2',
    metadataVersion: '1',
  };
}

function claimsOf({ oid, applicationId }: Caller, people: Person[]): Record<string, string> {
  const person = people.find(({ objectId }) => objectId === oid);
  return {
    aud: 'https://management.core.windows.net/',
    appid: applicationId,
    'http://schemas.microsoft.com/identity/claims/objectidentifier': oid,
    ...(person && {
      name: person.name,
      ipaddr: person.address,
      'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': person.userName,
    }),
  };
}
