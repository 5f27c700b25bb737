import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Where the recordings of the real host lie, beside the repository. */
export const traceFolder = resolve(import.meta.dirname, '../../../../shared/data/durable-traces');

export interface RecordedExchange {
  label: string;
  request?: { method: string; url: string; headers: Record<string, string | string[]>; body?: string };
  response: { status: number; headers: Record<string, string>; body: unknown };
  at?: string;
}

export interface RecordedHistory {
  instanceId: string;
  events: Record<string, unknown>[];
}

export interface Trace {
  name: string;
  exchanges: RecordedExchange[];
  /** What the SDK last received of each instance's last generation. */
  histories: RecordedHistory[];
}

interface RawTrace {
  http?: RecordedExchange[];
  rpc?: { kind: string; msg: { inputData?: { data?: { $stringParsed?: RawPayload } }[] } }[];
}

interface RawPayload {
  instanceId?: string;
  history?: Record<string, unknown>[];
}

export function traceNames(): string[] {
  if (!existsSync(traceFolder)) return [];
  return readdirSync(traceFolder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
}

export function readTrace(name: string): Trace {
  const raw = JSON.parse(readFileSync(join(traceFolder, `${name}.json`), 'utf8')) as RawTrace;
  const last = new Map<string, RecordedHistory>();
  for (const { kind, msg } of raw.rpc ?? []) {
    if (kind !== 'invocationRequest' || !Array.isArray(msg.inputData)) continue;
    const payload = msg.inputData[0]?.data?.$stringParsed;
    if (typeof payload !== 'object' || !payload.instanceId || !Array.isArray(payload.history)) continue;
    last.set(payload.instanceId, { instanceId: payload.instanceId, events: payload.history });
  }
  return { name, exchanges: raw.http ?? [], histories: [...last.values()] };
}
