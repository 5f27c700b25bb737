import type { AuthorizationManagementClient } from '@azure/arm-authorization';
import type { AzureDatabricksManagementClient } from '@azure/arm-databricks';
import type { ManagedServiceIdentityClient } from '@azure/arm-msi';
import * as v from 'valibot';
import { RetryableError } from '../domain/errors.ts';
import { armFailure } from './armFailure.ts';
import { noteCallsLeft } from './armTurns.ts';
import { keepErrorBodies } from './errorBodies.ts';
import { credential } from './credential.ts';
import { endpointSettings } from './settings.ts';

const callSeconds = 30;

/** Azure Resource Manager through its official clients, which neither retry nor follow redirects: the orchestrator retries. */
export interface Arm {
  databricks: AzureDatabricksManagementClient;
  identities: ManagedServiceIdentityClient;
  authorization: AuthorizationManagementClient;
  /** GETs a URL that ARM itself handed out; only one of the configured Resource Manager is asked. */
  follow: (url: string) => Promise<unknown>;
  /** GETs a path for which none of the clients has a method; gives the text, or throws a `RestError` as they do. */
  get: (path: string, apiVersion: string, options: { abortSignal: AbortSignal }) => Promise<string>;
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
  const text = await callArm((arm, options) => arm.get(path, apiVersion, options), expected);
  if (text === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (parsed.success) return parsed.output;
  const faults = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? '(root)'}: ${issue.message}`);
  throw new RetryableError('ANSWER_INVALID', `GET ${path}: the answer has an unknown shape.`, {
    cause: faults.slice(0, 5).join('; '),
  });
}

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
    additionalPolicies: [keepErrorBodies, noteCallsLeft].map((policy) => ({ policy, position: 'perCall' as const })),
  };
  const databricks = new AzureDatabricksManagementClient(identity, subscription, options);
  return {
    databricks,
    identities: new ManagedServiceIdentityClient(identity, subscription, options),
    authorization: new AuthorizationManagementClient(identity, subscription, options),
    follow: (url) => follow(databricks, endpoint, url),
    get: (path, apiVersion, { abortSignal }) =>
      get(databricks, `${endpoint.replace(/\/$/, '')}${path}?api-version=${apiVersion}`, abortSignal),
  };
}

async function follow({ pipeline }: AzureDatabricksManagementClient, endpoint: string, url: string): Promise<unknown> {
  if (new URL(url).origin !== new URL(endpoint).origin) return undefined;
  const { createDefaultHttpClient, createPipelineRequest } = await import('@azure/core-rest-pipeline');
  const request = createPipelineRequest({ url, method: 'GET', timeout: callSeconds * 1000 });
  const { status, bodyAsText } = await pipeline.sendRequest(createDefaultHttpClient(), request);
  return status < 300 && bodyAsText ? JSON.parse(bodyAsText) : undefined;
}

async function get(
  { pipeline }: AzureDatabricksManagementClient,
  url: string,
  abortSignal: AbortSignal,
): Promise<string> {
  const { createDefaultHttpClient, createPipelineRequest, RestError } = await import('@azure/core-rest-pipeline');
  const request = createPipelineRequest({ url, method: 'GET', abortSignal });
  const response = await pipeline.sendRequest(createDefaultHttpClient(), request);
  const { status: statusCode, bodyAsText } = response;
  if (statusCode === 200) return bodyAsText ?? '';
  throw new RestError(`Azure answered ${statusCode}.`, { statusCode, request, response });
}
