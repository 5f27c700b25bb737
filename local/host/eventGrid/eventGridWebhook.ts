import type { AppRegistry, RegisteredFunction } from '../core/appRegistry.ts';
import { clientInputs } from '../core/clientInputs.ts';
import { invoke } from '../core/invoke.ts';
import type { Answer, Exchange } from '../http/exchange.ts';
import { empty } from '../http/exchange.ts';
import type { Log } from '../log.ts';

export interface EventGridOptions {
  app: AppRegistry;
  log: Log;
  /** The text that inputs of type durableClient receive. */
  clientBinding: string;
}

/** Where Event Grid sends from, in each of Azure's clouds (azure-sdk-for-net, the extension's tests). */
const clouds = new Set([
  'eventgrid.azure.net',
  'eventgrid.azure.us',
  'eventgrid.azure.cn',
  'eventgrid.azure.eaglex.ic.gov',
  'eventgrid.azure.microsoft.scloud',
]);

/** Answers `/runtime/webhooks/eventgrid?functionName=…` as the Event Grid extension 3.3 was recorded to. */
export async function answerEventGrid(options: EventGridOptions, exchange: Exchange): Promise<Answer> {
  const name = exchange.query.get('functionName') ?? '';
  const target = [...options.app.functions.values()].find(
    (one) => one.name === name && one.trigger.type.toLowerCase() === 'eventgridtrigger',
  );
  if (!target) return plain(404, `cannot find function: '${name}'`);
  // The handshake of CloudEvents.
  if (exchange.method === 'OPTIONS') return empty(200, { 'Webhook-Allowed-Origin': allowedOrigin(exchange) });
  switch (exchange.headers['aeg-event-type']?.toLowerCase()) {
    case 'subscriptionvalidation':
      return handshake(exchange);
    case 'notification':
      return notify(options, target, exchange);
    case 'unsubscribe':
      return empty(202);
    default:
      return empty(400);
  }
}

function allowedOrigin({ headers }: Exchange): string {
  const origin = headers['webhook-request-origin'] ?? '';
  return clouds.has(origin) ? origin : 'eventgrid.azure.net';
}

function plain(status: number, text: string): Answer {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: text };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch {
    return undefined;
  }
}

function handshake(exchange: Exchange): Answer {
  const body = parse(exchange.body.toString());
  const first = (Array.isArray(body) ? body[0] : body) as { data?: unknown } | undefined;
  // In an object, the data is a JSON text of its own.
  const data = (typeof first?.data === 'string' ? parse(first.data) : first?.data) as { validationCode?: unknown };
  if (typeof data?.validationCode !== 'string') return empty(500);
  return plain(200, JSON.stringify({ validationResponse: data.validationCode }));
}

async function notify(options: EventGridOptions, target: RegisteredFunction, exchange: Exchange): Promise<Answer> {
  const body = parse(exchange.body.toString());
  if (typeof body !== 'object' || body === null) return empty(500);
  const events: unknown[] = Array.isArray(body) ? body : [body];
  const outcomes = await Promise.all(events.map((event) => deliver(options, target, event)));
  if (outcomes.every(Boolean)) return empty(202);
  // One failure fails the whole request, and Event Grid then delivers all of its events again.
  return plain(500, `Exception while executing function: Functions.${target.name}`);
}

async function deliver(
  { app, log, clientBinding }: EventGridOptions,
  target: RegisteredFunction,
  event: unknown,
): Promise<boolean> {
  const { data } = Object(event) as { data?: unknown };
  const input = {
    trigger: { json: JSON.stringify(event) },
    extra: clientInputs(target, clientBinding),
    triggerMetadata: data === undefined || data === null ? {} : { data: { json: JSON.stringify(data) } },
  };
  try {
    await invoke(app, target, input, log);
    return true;
  } catch (error) {
    const message = `Executed '${target.name}' (Failed): ${error instanceof Error ? error.stack : String(error)}`;
    log({ level: 'error', category: 'host', message, functionName: target.name });
    return false;
  }
}
