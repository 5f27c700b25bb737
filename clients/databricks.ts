import { type Client, getClient, type HttpNodeStreamResponse } from '@azure-rest/core-client';
import * as v from 'valibot';
import { DeploymentError, RetryableError } from '../domain/errors.ts';
import type { Workspace } from '../domain/steps.ts';
import { checkedAnswer } from './checkedAnswer.ts';
import { credential } from './credential.ts';
import { DatabricksError } from './databricksFailure.ts';
import { allowedHost, databricksScope } from './databricksHost.ts';
import { parseLossless } from './json.ts';
import { answered, explained } from './workspacePresence.ts';

// The double slash is part of the audience that Databricks checks (databricks-sdk-go, config/auth_azure_msi.go).
const managementScope = 'https://management.core.windows.net//.default';
const callSeconds = 30;

interface Call {
  query?: Record<string, string>;
  body?: unknown;
  /** How long this call may take, where half a minute is too short. */
  seconds?: number;
}

/** A workspace's REST API. Answers are checked by the schema; errors are thrown as `DatabricksError` or another `DeploymentError`. */
export interface DatabricksApi {
  get<S extends v.GenericSchema>(path: string, query: Record<string, string>, schema: S): Promise<v.InferOutput<S>>;
  post<S extends v.GenericSchema>(path: string, body: unknown, schema: S, seconds?: number): Promise<v.InferOutput<S>>;
  patch(path: string, body: unknown, seconds?: number): Promise<void>;
  delete(path: string): Promise<void>;
}

/** A 64-bit id as text. */
export const id = v.pipe(v.union([v.string(), v.number(), v.bigint()]), v.transform(String), v.regex(/^\d{1,19}$/));

/** An answer of which nothing is used. */
export const anything = v.unknown();

const clients = new Map<string, Promise<Client>>();

/** The API of a workspace; throws WORKSPACE_HOST_REFUSED when its host is none that may see a token. */
export function databricks(workspace: Workspace): DatabricksApi {
  allowedHost(workspace.host);
  const call = async <S extends v.GenericSchema>(
    method: Method,
    path: string,
    options: Call,
    schema: S,
  ): Promise<v.InferOutput<S>> =>
    parseAnswer(await send(workspace, method, path, options), schema, `${method.toUpperCase()} ${path}`);
  return {
    get: (path, query, schema) => call('get', path, { query }, schema),
    post: (path, body, schema, seconds = callSeconds) => call('post', path, { body, seconds }, schema),
    patch: async (path, body, seconds = callSeconds) => void (await call('patch', path, { body, seconds }, anything)),
    delete: async (path) => void (await call('delete', path, {}, anything)),
  };
}

type Method = 'get' | 'post' | 'patch' | 'delete';

async function send(
  workspace: Workspace,
  method: Method,
  path: string,
  { query, body, seconds = callSeconds }: Call,
): Promise<string> {
  const call = `${method.toUpperCase()} ${path}`;
  try {
    const client = await clientOf(workspace.host);
    const request = client.pathUnchecked(path)[method]({
      ...(query && { queryParameters: query }),
      ...(body !== undefined && { body, contentType: 'application/json' }),
      headers: await membershipHeaders(workspace),
      abortSignal: AbortSignal.timeout(seconds * 1000),
    });
    // Read as text, because the client's own JSON parser would round 64-bit ids.
    const response = await request.asNodeStream();
    const text = await textOf(response);
    const status = Number(response.status);
    if (status < 200 || status >= 300) throw new DatabricksError(status, text, response.headers['retry-after'], call);
    answered(workspace);
    return text;
  } catch (error) {
    throw await explained(
      workspace,
      error instanceof DeploymentError ? error : unreachable(error, `${call}: ${workspace.host}`),
    );
  }
}

function unreachable(error: unknown, what: string): RetryableError {
  const name = error instanceof Error ? error.name : '';
  const how = name === 'AbortError' || name === 'TimeoutError' ? 'no answer in time' : 'could not be reached';
  return new RetryableError('DATABRICKS_UNAVAILABLE', `${what} ${how}.`, { cause: String(error) });
}

/** Lets Azure Databricks enrol the app's identity by its rights on the workspace resource; harmless once it is a member. */
async function membershipHeaders(workspace: Workspace): Promise<Record<string, string>> {
  const token = await (await credential()).getToken(managementScope);
  return {
    'x-databricks-azure-workspace-resource-id': workspace.resourceId,
    'x-databricks-azure-sp-management-token': token?.token ?? '',
  };
}

async function clientOf(host: string): Promise<Client> {
  const known = clients.get(host) ?? connect(host);
  clients.set(host, known);
  return known;
}

async function connect(host: string): Promise<Client> {
  return getClient(`https://${host}`, await credential(), {
    credentials: { scopes: [databricksScope] },
    // A repeated POST would start a second job or run: the orchestrator retries, with what makes that safe.
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: 'accelerator-deployer' },
  });
}

async function textOf({ body }: HttpNodeStreamResponse): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of body ?? []) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString();
}

function parseAnswer<S extends v.GenericSchema>(text: string, schema: S, call: string): v.InferOutput<S> {
  let answer: unknown;
  try {
    answer = text === '' ? undefined : parseLossless(text);
  } catch (error) {
    throw new RetryableError('ANSWER_INVALID', `${call}: the answer is not JSON.`, { cause: String(error) });
  }
  return checkedAnswer(schema, answer, call);
}
