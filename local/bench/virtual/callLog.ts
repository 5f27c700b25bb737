import { subscribe } from 'node:diagnostics_channel';
import type { EventEmitter } from 'node:events';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { WaitPhase } from '../../../domain/polling.ts';
import type { CloudReport } from './protocol.ts';

/** What this process's servers are asked, from now on. */
export interface CallLog {
  report(): CloudReport;
  /** Resolves when no request is being answered or made here, and nothing follows from the last one. */
  quiet(): Promise<void>;
}

/** Which workspace a server is of, by its port; undefined for Azure's own. */
type WorkspaceAt = (port: number) => string | undefined;

const quietTurns = 8;

/** Counts requests at their answers, without the servers' knowledge. */
export function startCallLog(workspaceAt: WorkspaceAt): CallLog {
  const report: CloudReport = { answers: {}, looks: {}, made: {} };
  const firstRuns = new Map<string, string>();
  let open = 0;
  const follow = (exchange: EventEmitter): void => {
    open++;
    // Comes also when the other side has gone.
    exchange.once('close', () => open--);
  };
  subscribe('http.server.request.start', (message) => follow((message as { response: ServerResponse }).response));
  subscribe('http.client.request.start', (message) => follow((message as { request: ClientRequest }).request));
  subscribe('http.server.response.finish', (message) => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse };
    const { method = '', url = '' } = request;
    const host = workspaceAt(request.socket.localPort ?? 0);
    const server = host ? 'databricks' : url.startsWith('/msi/') ? 'identity' : 'arm';
    count(report.answers, `${server} ${response.statusCode}`);
    const path = url.split('?', 1)[0] ?? '';
    const workspace = host ?? workspaceIn(path);
    if (!workspace) return;
    const phase = phaseOf(url, workspace, firstRuns);
    // Before the creation there is nothing to wait for.
    const waits = phase !== 'workspace' || report.made[workspace]?.['workspace'] !== undefined;
    if (method === 'GET' && phase && waits) count((report.looks[workspace] ??= noLooks()), phase);
    const kind = response.statusCode < 300 ? madeBy(method, path, response.statusCode) : undefined;
    if (kind) count((report.made[workspace] ??= {}), kind);
  });
  return {
    report: () => report,
    async quiet() {
      for (let turns = 0; turns < quietTurns;) {
        await new Promise((resolve) => setImmediate(resolve));
        turns = open > 0 ? 0 : turns + 1;
      }
    },
  };
}

const noLooks = (): Record<WaitPhase, number> => ({ workspace: 0, storage: 0, runme: 0, notebooks: 0, warehouse: 0 });

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** Of an ARM path about a workspace, or about the identity of one. */
const workspaceIn = (path: string): string | undefined =>
  /\/(?:workspaces|userAssignedIdentities)\/(?:id-)?([^/]+)/.exec(path)?.[1];

function phaseOf(url: string, workspace: string, firstRuns: Map<string, string>): WaitPhase | undefined {
  if (/\/Microsoft\.Databricks\/workspaces\/[^/]+\?/.test(url)) return 'workspace';
  if (url.startsWith('/api/2.0/dbfs/get-status')) return 'storage';
  if (/^\/api\/2\.0\/sql\/warehouses\/[^/]+$/.test(url)) return 'warehouse';
  const runId = /\/jobs\/runs\/get\?run_id=(\d+)/.exec(url)?.[1];
  if (runId === undefined) return undefined;
  // RUNME's run is looked at first.
  if (!firstRuns.has(workspace)) firstRuns.set(workspace, runId);
  return firstRuns.get(workspace) === runId ? 'runme' : 'notebooks';
}

const makers: [kind: string, method: string, path: RegExp, status: number][] = [
  ['workspace', 'PUT', /\/Microsoft\.Databricks\/workspaces\/[^/]+$/, 201],
  ['identity', 'PUT', /\/userAssignedIdentities\/[^/]+$/, 201],
  ['role', 'PUT', /\/roleAssignments\/[^/]+$/, 201],
  ['principal', 'POST', /\/scim\/v2\/ServicePrincipals$/, 201],
  ['repository', 'POST', /^\/api\/2\.0\/repos$/, 200],
  ['job', 'POST', /\/jobs\/create$/, 200],
  ['run', 'POST', /\/jobs\/run-now$/, 200],
  ['warehouse', 'POST', /^\/api\/2\.0\/sql\/warehouses$/, 200],
];

const madeBy = (method: string, path: string, status: number): string | undefined =>
  makers.find(([, verb, pattern, made]) => verb === method && made === status && pattern.test(path))?.[0];
