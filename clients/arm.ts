import type { AuthorizationManagementClient } from '@azure/arm-authorization';
import type { AzureDatabricksManagementClient } from '@azure/arm-databricks';
import type { ManagedServiceIdentityClient } from '@azure/arm-msi';
import { armFailure, isGroupMissing } from './armFailure.ts';
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
  /** Whether a resource group is there, by its id; throws what ARM refuses. */
  hasGroup: (id: string) => Promise<boolean>;
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
  };
  const databricks = new AzureDatabricksManagementClient(identity, subscription, options);
  return {
    databricks,
    identities: new ManagedServiceIdentityClient(identity, subscription, options),
    authorization: new AuthorizationManagementClient(identity, subscription, options),
    follow: (url) => follow(databricks, endpoint, url),
    hasGroup: (id) => hasGroup(databricks, endpoint, id),
  };
}

async function follow({ pipeline }: AzureDatabricksManagementClient, endpoint: string, url: string): Promise<unknown> {
  if (new URL(url).origin !== new URL(endpoint).origin) return undefined;
  const { createDefaultHttpClient, createPipelineRequest } = await import('@azure/core-rest-pipeline');
  const request = createPipelineRequest({ url, method: 'GET', timeout: callSeconds * 1000 });
  const { status, bodyAsText } = await pipeline.sendRequest(createDefaultHttpClient(), request);
  return status < 300 && bodyAsText ? JSON.parse(bodyAsText) : undefined;
}

/** By hand, because a client of all resources is large and this is the only call that would need it. */
async function hasGroup({ pipeline }: AzureDatabricksManagementClient, endpoint: string, id: string): Promise<boolean> {
  const { createDefaultHttpClient, createPipelineRequest, RestError } = await import('@azure/core-rest-pipeline');
  const url = `${endpoint.replace(/\/$/, '')}${id}?api-version=2025-04-01`;
  const request = createPipelineRequest({ url, method: 'GET', timeout: callSeconds * 1000 });
  const response = await pipeline.sendRequest(createDefaultHttpClient(), request);
  if (response.status === 200 && isGroup(response.bodyAsText ?? '')) return true;
  const error = new RestError(`Azure answered ${response.status}.`, { statusCode: response.status, request, response });
  if (isGroupMissing(error)) return false;
  throw error;
}

function isGroup(text: string): boolean {
  try {
    return typeof (JSON.parse(text) as { id?: unknown } | null)?.id === 'string';
  } catch {
    return false;
  }
}
