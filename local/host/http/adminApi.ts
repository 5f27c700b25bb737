import { hostname } from 'node:os';
import type { AppRegistry, RegisteredFunction } from '../core/appRegistry.ts';
import { clientInputs } from '../core/clientInputs.ts';
import { invoke } from '../core/invoke.ts';
import type { Log } from '../log.ts';
import type { TimerTriggers } from '../timer/timerTriggers.ts';
import type { Answer, Exchange } from './exchange.ts';
import { empty, jsonAnswer } from './exchange.ts';
import type { HostKeys, KeyLevel } from './hostKeys.ts';
import { functionKey } from './hostKeys.ts';

export interface AdminOptions {
  app: AppRegistry;
  keys: HostKeys;
  timers: TimerTriggers;
  log: Log;
  /** The text that inputs of type durableClient receive. */
  clientBinding: string;
  startedMs: number;
  now: () => number;
}

/** Answers `/admin/…`: ping for everybody, status, functions and keys for the master key. */
export function answerAdmin(options: AdminOptions, exchange: Exchange, level: KeyLevel): Answer {
  const [, ...segments] = exchange.path
    .toLowerCase()
    .replace(/^\/|\/$/g, '')
    .split('/');
  const path = segments.join('/');
  if (path === 'host/ping') return empty(200, { 'Cache-Control': 'no-store,no-cache', Pragma: 'no-cache' });
  if (segments[0] !== 'host' && segments[0] !== 'functions') return empty(404);
  if (level !== 'master') return level ? empty(403) : empty(401, { 'WWW-Authenticate': 'Bearer' });
  if (exchange.method === 'POST' && segments[0] === 'functions' && segments.length === 2)
    return invokeManually(options, exchange, segments[1] ?? '');
  if (exchange.method !== 'GET')
    return jsonAnswer(501, { Message: 'This host does not implement changes through the admin API.' });
  return read(options, exchange, segments) ?? empty(404);
}

function read(options: AdminOptions, { origin, path }: Exchange, segments: string[]): Answer | undefined {
  const { app, keys } = options;
  const [area, name, detail] = segments;
  const links = [{ rel: 'self', href: `${origin}${path}` }];
  if (area === 'host') {
    if (name === 'status') return jsonAnswer(200, status(options));
    if (name === 'keys') return jsonAnswer(200, { keys: [{ name: 'default', value: keys.function }], links });
    if (name !== 'systemkeys') return undefined;
    const system = [
      { name: 'durabletask_extension', value: keys.durable },
      { name: 'eventgrid_extension', value: keys.eventGrid },
    ];
    return jsonAnswer(200, { keys: system, links });
  }
  const all = byName(app);
  if (!name)
    return jsonAnswer(
      200,
      all.map((one) => functionView(one, origin)),
    );
  const found = all.find((one) => one.name.toLowerCase() === name);
  if (!found) return undefined;
  if (!detail) return jsonAnswer(200, functionView(found, origin));
  if (detail === 'keys')
    return jsonAnswer(200, { keys: [{ name: 'default', value: functionKey(keys, found.name) }], links });
  return detail === 'status' ? jsonAnswer(200, {}) : undefined;
}

// The answer does not wait for the function, and says nothing about how it ended.
function invokeManually(options: AdminOptions, exchange: Exchange, name: string): Answer {
  const { app, timers, log, clientBinding } = options;
  const target = byName(app).find((one) => one.name.toLowerCase() === name);
  if (!target) return empty(404);
  const kind = target.trigger.type.toLowerCase();
  if (kind === 'httptrigger' || kind === 'orchestrationtrigger' || kind === 'entitytrigger')
    return jsonAnswer(501, { Message: `This host does not invoke a function with ${target.trigger.type} this way.` });
  const info = timers.payloadOf(target);
  const trigger = info === undefined ? { string: inputIn(exchange) } : { json: info };
  invoke(app, target, { trigger, extra: clientInputs(target, clientBinding) }, log).catch((error: unknown) => {
    const message = `Executed '${target.name}' (Failed): ${error instanceof Error ? error.stack : String(error)}`;
    log({ level: 'error', category: 'host', message, functionName: target.name });
  });
  return empty(202);
}

function inputIn({ body }: Exchange): string {
  try {
    const { input } = JSON.parse(body.toString('utf8')) as { input?: unknown };
    return typeof input === 'string' ? input : JSON.stringify(input ?? '');
  } catch {
    return '';
  }
}

function byName({ functions }: AppRegistry): RegisteredFunction[] {
  return [...functions.values()].sort((left, right) => (left.name.toUpperCase() < right.name.toUpperCase() ? -1 : 1));
}

function status({ startedMs, now }: AdminOptions): object {
  return {
    id: hostname(),
    state: 'Running',
    version: '4.1037.0.0',
    versionDetails: '4.1037.0',
    platformVersion: '',
    instanceId: '',
    computerName: '',
    processUptime: now() - startedMs,
    functionAppContentEditingState: 'Unknown',
  };
}

function functionView({ name, metadata }: RegisteredFunction, origin: string): object {
  const bindings = Object.entries(metadata.bindings).map(([binding, options]) => ({ ...options, name: binding }));
  return {
    name,
    href: `${origin}/admin/functions/${name}`,
    config: { name, bindings },
    isDisabled: false,
    language: 'node',
  };
}
