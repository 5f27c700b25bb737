import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { DBSQLClient } from '@databricks/sql';
import * as v from 'valibot';
import { RetryableError, TerminalError } from '../domain/errors.ts';
import type { SqlQuery } from '../domain/resultQueries.ts';
import type { SqlEndpoint, Workspace } from '../domain/steps.ts';
import { credential } from './credential.ts';
import { allowedHost, databricksScope } from './databricksHost.ts';
import { sqlFailure } from './sqlFailure.ts';
import { explained } from './workspacePresence.ts';

const answerSeconds = 60;
const closeSeconds = 5;
/** What comes of an answer comes at once; the driver's own pauses are shorter. */
const silenceSeconds = 3;

/** A session on a SQL warehouse. */
export interface SqlSession {
  /** The first `most` rows, checked by the schema. Throws `SqlError` or another `DeploymentError`. */
  rows<S extends v.GenericSchema>(query: SqlQuery, row: S, most: number): Promise<v.InferOutput<S>[]>;
}

/**
 * Opens a session on a warehouse of the workspace for `work`, and closes it whatever happens; nothing is retried.
 * Throws DATABRICKS_UNAVAILABLE when all together takes longer than `seconds`, WORKSPACE_HOST_REFUSED when the
 * endpoint is not the workspace's own.
 */
export async function withSqlSession<T>(
  workspace: Workspace,
  endpoint: SqlEndpoint,
  seconds: number,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  refuseForeign(workspace, endpoint);
  // Loaded at the first use, because it takes longer than the rest of the app.
  const { DBSQLClient } = await import('./sqlDriver.ts');
  // The driver's own logger prints to the console, errors with their requests among it.
  const client = new DBSQLClient({ logger: { log() {} } });
  const guard = guarded(endpoint, seconds);
  try {
    const result = inSession(client, endpoint, work).catch(async (error: unknown) => {
      throw await explained(workspace, await sqlFailure(error));
    });
    return await Promise.race([guard.broken, result]);
  } finally {
    guard.end();
    await closed(client);
  }
}

async function inSession<T>(
  client: DBSQLClient,
  endpoint: SqlEndpoint,
  work: (session: SqlSession) => Promise<T>,
): Promise<T> {
  await client.connect({
    ...endpoint,
    // The credential knows when its token ends; the driver's own cache would look into the token once more.
    authType: 'custom',
    provider: { authenticate: bearer },
    telemetryEnabled: false,
    // The orchestrator retries.
    retryMaxAttempts: 1,
    socketTimeout: answerSeconds * 1000,
    userAgentEntry: 'accelerator-deployer',
  });
  await refuseRedirects(client);
  const session = await client.openSession();
  return work({
    async rows({ text, parameters }, row, most) {
      // Results come with the answer, not as files in a storage account that the app may be unable to reach.
      const how = { namedParameters: parameters, useCloudFetch: false, useLZ4Compression: false };
      const operation = await session.executeStatement(text, how);
      try {
        // Fetching alone would hide the error of a statement that failed behind one about its metadata.
        await operation.finished();
        // Not fetchAll, which asks for one page more than there are.
        return parseRows(await operation.fetchChunk({ maxRows: most }), row);
      } finally {
        // Closing the session would do it too; what went wrong before is worth more than what goes wrong here.
        await operation.close().catch(() => undefined);
      }
    },
  });
}

/** The driver has no setting for it: it would follow a redirect with the statement, to another port or a subdomain with the token too. */
async function refuseRedirects(client: DBSQLClient): Promise<void> {
  const provider = await client.getConnectionProvider();
  const connection = (await provider.getThriftConnection()) as { config: RequestInit };
  connection.config = { ...connection.config, redirect: 'manual' };
}

async function bearer(): Promise<Record<string, string>> {
  const token = await (await credential()).getToken(databricksScope);
  return { authorization: `Bearer ${token?.token ?? ''}` };
}

function parseRows<S extends v.GenericSchema>(rows: unknown[], row: S): v.InferOutput<S>[] {
  const parsed = v.safeParse(v.array(row), rows);
  if (parsed.success) return parsed.output;
  const faults = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? '(root)'}: ${issue.message}`);
  throw new TerminalError('RESULTS_INVALID', 'The warehouse answered with rows of an unknown shape.', {
    cause: faults.join('; '),
  });
}

/** The token goes to the workspace that was checked, whatever address the warehouse is said to have. */
function refuseForeign(workspace: Workspace, { host, port, path }: SqlEndpoint): void {
  allowedHost(workspace.host);
  const address = port === 443 ? host : `${host}:${port}`;
  if (address !== workspace.host || !/^\/sql\/1\.0\/warehouses\/[\w-]+$/.test(path))
    throw new TerminalError('WORKSPACE_HOST_REFUSED', `${address}${path} is no SQL warehouse of ${workspace.host}.`);
}

/**
 * Rejects when time is up, or when an answer is a page, or nothing comes of it for some seconds: the driver waits for ever
 * for the rest of what is no Thrift.
 */
function guarded({ host, path }: SqlEndpoint, seconds: number): { broken: Promise<never>; end: () => void } {
  const { promise: broken, reject } = Promise.withResolvers<never>();
  const late = new RetryableError('DATABRICKS_UNAVAILABLE', `The SQL warehouse took longer than ${seconds} seconds.`);
  const timer = setTimeout(reject, seconds * 1000, late);
  const unread = new RetryableError('ANSWER_INVALID', 'The SQL warehouse\u2019s answer could not be read to its end.');
  let silence: NodeJS.Timeout | undefined;
  const isOurs = (request: ClientRequest): boolean => request.host === host && request.path === path;
  const ask = (message: unknown): void => {
    if (isOurs((message as { request: ClientRequest }).request)) clearTimeout(silence);
  };
  const look = (message: unknown): void => {
    const { request, response } = message as { request: ClientRequest; response: IncomingMessage };
    if (!isOurs(request) || response.statusCode !== 200) return;
    if (/^(?:text\/|application\/json)/.test(response.headers['content-type'] ?? ''))
      reject(new RetryableError('ANSWER_INVALID', 'The SQL warehouse answered with a page.'));
    response.once('end', () => {
      silence = setTimeout(reject, silenceSeconds * 1000, unread);
    });
  };
  subscribe('http.client.request.start', ask);
  subscribe('http.client.response.finish', look);
  return {
    broken,
    end() {
      clearTimeout(timer);
      clearTimeout(silence);
      unsubscribe('http.client.request.start', ask);
      unsubscribe('http.client.response.finish', look);
    },
  };
}

/** Closes the session as far as the warehouse lets us; it closes those that are idle itself. */
async function closed(client: DBSQLClient): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, closeSeconds * 1000);
  await Promise.race([client.close().catch(() => undefined), late]);
  clearTimeout(timer);
}
