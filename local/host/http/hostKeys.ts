import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { failpoint } from '../failpoint.ts';

export interface HostKeys {
  master: string;
  /** The host-level key that opens every function of level `function`. */
  function: string;
  /** The system key of the Durable management API. */
  durable: string;
  /** The system key of the Event Grid webhook. */
  eventGrid: string;
}

const environmentNames: Record<keyof HostKeys, string> = {
  master: 'HOST_MASTER_KEY',
  function: 'HOST_FUNCTION_KEY',
  durable: 'HOST_DURABLE_KEY',
  eventGrid: 'HOST_EVENTGRID_KEY',
};

/** The keys of this host: given ones first, then the environment's, then those of `file`, which keeps what is made. */
export function loadKeys(file: string | undefined, given: Partial<HostKeys> = {}): HostKeys {
  const saved = file && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<HostKeys>) : {};
  const keys = { ...saved } as Partial<HostKeys>;
  const pick = (name: keyof HostKeys): string => {
    keys[name] ??= randomBytes(32).toString('base64url');
    return given[name] ?? process.env[environmentNames[name]] ?? keys[name];
  };
  const result = {
    master: pick('master'),
    function: pick('function'),
    durable: pick('durable'),
    eventGrid: pick('eventGrid'),
  };
  if (file && JSON.stringify(saved) !== JSON.stringify(keys)) {
    mkdirSync(dirname(file), { recursive: true });
    // Half a file would keep every later host from starting.
    writeFileSync(`${file}.part`, JSON.stringify(keys, undefined, 2), { mode: 0o600 });
    failpoint('beforeKeysAreKept');
    renameSync(`${file}.part`, file);
  }
  return result;
}

export type KeyLevel = 'master' | 'function' | 'durable' | 'eventGrid' | undefined;

/** The key that a request carries; the header wins over the query, also when it is wrong. */
export function sentKey(headers: Record<string, string>, query: URLSearchParams): string | undefined {
  return headers['x-functions-key'] || query.get('code') || undefined;
}

/** The key that opens one function only; it follows from the master key, so it need not be kept. */
export function functionKey(keys: HostKeys, functionName: string): string {
  return createHmac('sha256', keys.master).update(functionName).digest('base64url');
}

/** What a key is the key of. */
export function keyLevel(keys: HostKeys, sent: string | undefined): KeyLevel {
  if (sent === undefined) return undefined;
  return (['master', 'durable', 'eventGrid', 'function'] as const).find((name) => keys[name] === sent);
}
