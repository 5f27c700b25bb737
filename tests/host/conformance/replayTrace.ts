import type { Host } from '../../../local/host/startHost.ts';
import { Names } from './mask.ts';
import type { Received } from './send.ts';
import { send } from './send.ts';
import type { RecordedExchange, Trace } from './trace.ts';

/** One thing that was compared; `recorded` and `ours` are masked. */
export interface Comparison {
  label: string;
  recorded: unknown;
  ours: unknown;
}

const comparedHeaders = [
  'content-type',
  'location',
  'retry-after',
  'www-authenticate',
  'set-cookie',
  'transfer-encoding',
];
const patienceMs = 9000;

/** Sends the requests of a recording to the host, in order and about as fast, and collects both sides' answers. */
export async function replayTrace(
  host: Host,
  trace: Trace,
  isEnough: (comparison: Comparison) => boolean,
): Promise<Comparison[]> {
  const names = new Names(host);
  const comparisons: Comparison[] = [];
  let previousAt: number | undefined;
  for (const [index, exchange] of trace.exchanges.entries()) {
    if (!exchange.request) continue;
    const at = exchange.at ? Date.parse(exchange.at) : undefined;
    const isRead = exchange.request.method === 'GET' && exchange.request.url.includes('/instances');
    if (!isRead && at !== undefined && previousAt !== undefined)
      await pause(Math.max(0, Math.min(at - previousAt, 700)));
    previousAt = at;
    const label = `${index} ${exchange.label}`;
    comparisons.push(await ask(host, names, exchange, (comparison) => !isRead || isEnough(comparison), label));
  }
  for (const { instanceId, events } of trace.histories) {
    const ours = ourHistory(host, names.ourId(instanceId)).map((event) => maskEvent(names, event));
    if (ours.length === 0) continue;
    const recorded = unframed(events).map((event) => maskEvent(names, event));
    comparisons.push({
      label: `history ${trace.histories.length > 1 ? String(names.mask(instanceId)) : ''}`,
      recorded,
      ours: ours.slice(0, recorded.length),
    });
  }
  return comparisons;
}

async function ask(
  host: Host,
  names: Names,
  exchange: RecordedExchange,
  isEnough: (comparison: Comparison) => boolean,
  label: string,
): Promise<Comparison> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const received = await sendRecorded(host, names, exchange);
    learnIds(names, exchange.response.body, received.body);
    const comparison = { label, recorded: summary(names, exchange.response), ours: summary(names, received) };
    // What is read may still be under way here.
    if (isEnough(comparison) || performance.now() > deadline) return comparison;
    await pause(40);
  }
}

function sendRecorded(host: Host, names: Names, { request }: RecordedExchange): Promise<Received> {
  if (!request) throw new Error('There is no request to send.');
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      typeof value === 'string' ? names.translate(value) : value,
    ]),
  );
  const body =
    request.body === undefined || request.body === null
      ? undefined
      : names.translate(longBody(request.body, request.url));
  return send(
    host.port,
    request.method,
    names.translate(request.url),
    { connection: 'close', host: `127.0.0.1:${host.port}`, ...headers },
    body,
  );
}

// Long bodies are recorded by their lengths.
function longBody(body: string, url: string): string {
  const length = Number(/^\((\d+) chars\)$/.exec(body)?.[1]);
  if (Number.isNaN(length)) return body;
  if (url.includes('/raiseEvent/')) return JSON.stringify('x'.repeat(length - 2));
  return url.includes('/start/') ? JSON.stringify({ input: 'y'.repeat(length - 12) }) : 'x'.repeat(length);
}

function learnIds(names: Names, recorded: unknown, ours: unknown): void {
  const left = idOf(recorded);
  const right = idOf(ours);
  if (left && right) names.learn(left, right);
  const [recordedKey, ourKey] = [keyOf(recorded), keyOf(ours)];
  if (recordedKey && ourKey) names.learnKey(recordedKey, ourKey);
}

function keyOf(body: unknown): string | undefined {
  const { keys } = (body ?? {}) as { keys?: { value?: unknown }[] };
  const value = Array.isArray(keys) ? keys[0]?.value : undefined;
  return typeof value === 'string' ? value : undefined;
}

function idOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { id, instanceId, result } = body as Record<string, unknown>;
  const found = id ?? instanceId ?? result;
  return typeof found === 'string' && /^[\da-f]{32}$/.test(found) ? found : undefined;
}

function summary(names: Names, { status, headers, body }: { status: number; headers: object; body: unknown }): unknown {
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
  const kept = Object.fromEntries(
    comparedHeaders.flatMap((name) => (lower[name] === undefined ? [] : [[name, lower[name]]])),
  );
  return { status, headers: names.mask(kept), body: names.mask(body) };
}

function ourHistory(host: Host, instanceId: string): Record<string, unknown>[] {
  return unframed(host.history(instanceId));
}

// How messages fall into steps is a matter of timing.
function unframed<Event extends Record<string, unknown>>(events: readonly Event[]): Event[] {
  return events.filter(({ EventType }) => EventType !== 12 && EventType !== 13);
}

function maskEvent(names: Names, event: Record<string, unknown>): unknown {
  return names.mask({ ...event, IsPlayed: undefined });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
