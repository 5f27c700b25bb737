import { request as httpsRequest } from 'node:https';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Clock } from '../../kit/clock.ts';
import { formatJson, parseJson } from '../../kit/json.ts';
import type { Compute, Lakehouse } from '../compute.ts';
import { ActedTables } from './actedTables.ts';
import { actedWarehouse } from './actedWarehouse.ts';
import type { NotebookOutcome, NotebookRequest, StartedNotebook } from './notebookRequest.ts';

/** Calls the workspace's API as the notebook's identity, a text as it is and anything else as JSON; throws on any status but 2xx. */
export type NotebookApi = (method: string, path: string, body?: unknown) => Promise<Record<string, unknown>>;

/** Lets time of the clock pass; never settles when the notebook is cancelled meanwhile. */
export type Sleep = (seconds: number) => Promise<void>;

/** The `user-agent` of acted notebooks. */
export const actedNotebook = 'acted-notebook';

/** What a notebook does when it is only acted. */
export interface ScriptedNotebook {
  seconds: number;
  /** How it ends; called when its time is over, and may take more of it. What it throws is the notebook's exception. */
  outcome?:
    | NotebookOutcome
    | ((
        request: NotebookRequest,
        api: NotebookApi,
        tables: ActedTables,
        sleep: Sleep,
      ) => NotebookOutcome | Promise<NotebookOutcome>);
}

/** The notebooks by the last part of their path. */
export type NotebookScript = Record<string, ScriptedNotebook>;

/** A compute that acts, with the tables that its notebooks and warehouses know. */
export interface ScriptedCompute extends Compute {
  /** The acted tables of the workspace with this default catalog; throws before its first cluster or warehouse has started. */
  tablesIn(catalog: string): ActedTables;
}

/**
 * Acts notebooks by a script, in the time of the clock, and SQL warehouses over the tables that they wrote: nothing is
 * really executed, and clusters and warehouses are ready at once.
 */
export function scriptedCompute(script: NotebookScript, clock: Clock): ScriptedCompute {
  const all = new Map<string, ActedTables>();
  const tablesOf = (lakehouse: Lakehouse): ActedTables => {
    const tables = all.get(lakehouse.tablesRoot) ?? new ActedTables(lakehouse);
    all.set(lakehouse.tablesRoot, tables);
    return tables;
  };
  return {
    tablesIn(catalog) {
      const found = [...all.values()].find((tables) => tables.catalog === catalog);
      if (!found) throw new Error(`nothing has been started yet in a workspace of the catalog ${catalog}`);
      return found;
    },
    startCluster: (cluster) => ({
      start: (request) => startNotebook(script, clock, request, tablesOf(cluster)),
      stop: () => Promise.resolve(),
    }),
    startWarehouse: (warehouse) => actedWarehouse(tablesOf(warehouse), clock),
  };
}

function startNotebook(
  script: NotebookScript,
  clock: Clock,
  request: NotebookRequest,
  tables: ActedTables,
): StartedNotebook {
  const name = basename(request.notebookPath);
  const notebook = script[name];
  if (!notebook) {
    const error = `KeyError: the script has no notebook ${name}`;
    return { outcome: Promise.resolve({ error }), cancel: () => undefined };
  }
  const { promise, resolve } = Promise.withResolvers<NotebookOutcome>();
  let cancelled = false;
  let stop = (): void => undefined;
  const sleep: Sleep = (seconds) =>
    new Promise((wake) => {
      if (!cancelled) stop = clock.setTimer(clock.now() + seconds * 1000, wake);
    });
  void sleep(notebook.seconds)
    .then(() => act(notebook, request, tables, sleep))
    .then(resolve);
  const cancel = (): void => {
    cancelled = true;
    stop();
    resolve({ error: 'Cancelled' });
  };
  return { outcome: promise, cancel };
}

async function act(
  notebook: ScriptedNotebook,
  request: NotebookRequest,
  tables: ActedTables,
  sleep: Sleep,
): Promise<NotebookOutcome> {
  if (typeof notebook.outcome !== 'function') return notebook.outcome ?? {};
  try {
    return await notebook.outcome(request, (method, path, body) => call(request, method, path, body), tables, sleep);
  } catch (error) {
    const { name, message, stack } = error as Error;
    return { error: `${name}: ${message}`, errorTrace: stack ?? message };
  }
}

function call(
  { host, token, caFile }: NotebookRequest,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
  const type = typeof body === 'string' ? 'octet-stream' : 'json';
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': `application/${type}`,
    'user-agent': actedNotebook,
  };
  const outgoing = httpsRequest(`https://${host}${path}`, { method, headers, ca: readFileSync(caFile) }, (reply) => {
    const chunks: Buffer[] = [];
    reply.on('data', (chunk: Buffer) => chunks.push(chunk));
    reply.on('error', reject);
    reply.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const status = reply.statusCode ?? 0;
      if (status < 200 || status > 299) return reject(new Error(`${method} ${path}: ${status} ${text.slice(0, 500)}`));
      try {
        resolve(parseJson(text || '{}') as Record<string, unknown>);
      } catch {
        reject(new Error(`${method} ${path}: the answer is not JSON`));
      }
    });
  });
  outgoing.on('error', reject);
  outgoing.end(body === undefined || typeof body === 'string' ? body : formatJson(body));
  return promise;
}
