import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Host, StartHostOptions } from '../../local/host/startHost.ts';
import { startHost } from '../../local/host/startHost.ts';

export const probeAppFolder = resolve(import.meta.dirname, '../fixtures/probe-app');

/** A host in memory that runs the app with which the real host was recorded. */
export function startProbeHost(options: Partial<StartHostOptions> = {}): Promise<Host> {
  process.env['PROBE_LOG_FOLDER'] ??= mkdtempSync(join(tmpdir(), 'probe-'));
  return startHost({ appFolder: probeAppFolder, ...(options.dataFolder ? {} : { memory: true }), ...options });
}

export interface StatusBody {
  runtimeStatus: string;
  input: unknown;
  output: unknown;
  customStatus: unknown;
  historyEvents?: Record<string, unknown>[];
}

/** Calls the management API with its key. */
export function manage(host: Host, path: string, init?: RequestInit): Promise<Response> {
  const separator = path.includes('?') ? '&' : '?';
  return fetch(`${host.url}/runtime/webhooks/durabletask/${path}${separator}code=${host.keys.durable}`, init);
}

/** Starts an orchestration of the probe app by its HTTP function and returns the instance's id. */
export async function start(host: Host, name: string, body: object = {}): Promise<string> {
  const response = await fetch(`${host.url}/api/start/${name}`, { method: 'POST', body: JSON.stringify(body) });
  if (response.status !== 202) throw new Error(`${response.status}: ${await response.text()}`);
  return ((await response.json()) as { id: string }).id;
}

export async function statusOf(host: Host, id: string): Promise<StatusBody> {
  const response = await manage(host, `instances/${encodeURIComponent(id)}?showHistory=true&showHistoryOutput=true`);
  return (await response.json()) as StatusBody;
}
