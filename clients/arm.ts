import type { AuthorizationManagementClient } from '@azure/arm-authorization';
import type { AzureDatabricksManagementClient } from '@azure/arm-databricks';
import type { ManagedServiceIdentityClient } from '@azure/arm-msi';
import * as v from 'valibot';
import { RetryableError } from '../domain/errors.ts';
import { armFailure } from './armFailure.ts';
import { armAnswers } from './armAnswers.ts';
import { noteCallsLeft } from './armTurns.ts';
import { checkedAnswer } from './checkedAnswer.ts';
import { credential } from './credential.ts';
import { endpointSettings } from './settings.ts';

const callSeconds = 30;

/** Azure Resource Manager through its official clients, which neither retry nor follow redirects: the orchestrator retries. */
export interface Arm {
  databricks: AzureDatabricksManagementClient;
  identities: ManagedServiceIdentityClient;
  authorization: AuthorizationManagementClient;
  /** GETs a path with its query, or a URL that ARM itself handed out, and gives the text; throws a `RestError`, and ANSWER_INVALID for an address elsewhere. */
  get: (url: string, options: { abortSignal: AbortSignal }) => Promise<string>;
}

let known: Promise<Arm> | undefined;

/** Calls ARM; whatever fails is thrown as a `DeploymentError`, except what `expected` picks out, which gives undefined. */
export async function callArm<T>(
  call: (arm: Arm, options: { abortSignal: AbortSignal }) => Promise<T>,
  expected: (error: unknown) => boolean = () => false,
): Promise<T | undefined> {
  known ??= connect();
  try {
    return await call(await known, { abortSignal: AbortSignal.timeout(callSeconds * 1000) });
  } catch (error) {
    if (expected(error)) return undefined;
    throw armFailure(error);
  }
}

/**
 * Reads a path of ARM and checks the answer by the schema. Throws like `callArm`, and ANSWER_INVALID for another shape;
 * gives undefined for an error that `expected` picks out.
 */
export async function readArm<S extends v.GenericSchema>(
  path: string,
  apiVersion: string,
  schema: S,
  expected?: (error: unknown) => boolean,
): Promise<v.InferOutput<S> | undefined> {
  const text = await callArm((arm, options) => arm.get(withVersion(path, apiVersion), options), expected);
  if (text === undefined) return undefined;
  return checkedAnswer(schema, JSON.parse(text), `GET ${path}`);
}

// Of up to a thousand items each.
const mostPages = 100;

/** All items of a list of ARM, whose path may have a query. Throws and gives undefined like `readArm`. */
export async function listArm<S extends v.GenericSchema>(
  path: string,
  apiVersion: string,
  item: S,
  expected?: (error: unknown) => boolean,
): Promise<v.InferOutput<S>[] | undefined> {
  const page = v.object({ value: v.array(item), nextLink: v.nullish(v.string(), '') });
  const items: v.InferOutput<S>[] = [];
  let url = withVersion(path, apiVersion);
  for (let pages = 0; pages < mostPages; pages++) {
    const asked = url;
    const text = await callArm((arm, options) => arm.get(asked, options), expected);
    if (text === undefined) return undefined;
    const { value, nextLink } = checkedAnswer(page, JSON.parse(text), `GET ${path}`);
    items.push(...value);
    if (!nextLink) return items;
    url = nextLink;
  }
  throw new RetryableError('ANSWER_INVALID', `GET ${path}: the list has no end.`);
}

const withVersion = (path: string, apiVersion: string): string =>
  `${path}${path.includes('?') ? '&' : '?'}api-version=${apiVersion}`;

async function connect(): Promise<Arm> {
  const { AuthorizationManagementClient, AzureDatabricksManagementClient, ManagedServiceIdentityClient } =
    await import('./armClients.ts');
  const { AZURE_SUBSCRIPTION_ID: subscription, AZURE_RESOURCE_MANAGER_URL: endpoint } = endpointSettings();
  const identity = await credential();
  const options = {
    endpoint,
    // Two of the clients would derive the audience from the endpoint.
    credentialScopes: 'https://management.azure.com/.default',
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    additionalPolicies: [armAnswers, noteCallsLeft].map((policy) => ({ policy, position: 'perCall' as const })),
  };
  const databricks = new AzureDatabricksManagementClient(identity, subscription, options);
  return {
    databricks,
    identities: new ManagedServiceIdentityClient(identity, subscription, options),
    authorization: new AuthorizationManagementClient(identity, subscription, options),
    get: (url, { abortSignal }) => get(databricks, new URL(url, endpoint), new URL(endpoint).origin, abortSignal),
  };
}

async function get(
  { pipeline }: AzureDatabricksManagementClient,
  url: URL,
  origin: string,
  abortSignal: AbortSignal,
): Promise<string> {
  if (url.origin !== origin)
    throw new RetryableError('ANSWER_INVALID', 'Azure names an address that is none of Resource Manager\u2019s.');
  const { createDefaultHttpClient, createPipelineRequest, RestError } = await import('@azure/core-rest-pipeline');
  const request = createPipelineRequest({ url: url.href, method: 'GET', abortSignal });
  const response = await pipeline.sendRequest(createDefaultHttpClient(), request);
  const { status: statusCode, bodyAsText } = response;
  if (statusCode === 200) return bodyAsText ?? '';
  throw new RestError(`Azure answered ${statusCode}.`, { statusCode, request, response });
}
