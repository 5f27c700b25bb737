import { hostname } from 'node:os';
import type { AppRegistry, RegisteredFunction } from '../core/appRegistry.ts';
import type { Answer, Exchange } from './exchange.ts';
import { empty, jsonAnswer } from './exchange.ts';
import type { HostKeys, KeyLevel } from './hostKeys.ts';
import { functionKey } from './hostKeys.ts';

export interface AdminOptions {
  app: AppRegistry;
  keys: HostKeys;
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
  const all = [...app.functions.values()];
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
