import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { AuthorizationManagementClient } from '@azure/arm-authorization';
import { AzureDatabricksManagementClient } from '@azure/arm-databricks';
import { ManagedServiceIdentityClient } from '@azure/arm-msi';
import type { TokenCredential } from '@azure/identity';
import { onTestFinished } from 'vitest';
import { type Azure, type AzureOptions, startAzure } from '../../local/azure/startAzure.ts';
import { type Certificate, ensureCertificate } from '../../local/kit/certificate.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import { openStore } from '../../local/kit/store.ts';
import { ensureSigningKey, signToken, type TokenClaims } from '../../local/kit/tokens.ts';

export const subscriptionId = '11111111-2222-4333-8444-555555555555';
export const tenantId = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
export const app = {
  clientId: '99999999-8888-4777-8666-555555555555',
  objectId: '12121212-3434-4565-8787-909090909090',
};
export const group = 'rg-analytics';
export const groupId = `/subscriptions/${subscriptionId}/resourceGroups/${group}`;
export const idOf = (workspace: string): string => `${groupId}/providers/Microsoft.Databricks/workspaces/${workspace}`;

let certificate: Promise<Certificate> | undefined;

/** The certificate of this process's servers, which its clients trust. */
function trustedCertificate(): Promise<Certificate> {
  certificate ??= ensureCertificate(mkdtempSync(join(tmpdir(), 'azure-'))).then((made) => {
    setDefaultCACertificates([...getCACertificates('default'), made.cert]);
    return made;
  });
  return certificate;
}

export interface Cloud {
  azure: Azure;
  clock: VirtualClock;
  databricks: AzureDatabricksManagementClient;
  identities: ManagedServiceIdentityClient;
  authorization: AuthorizationManagementClient;
  /** What the workspace backend was asked to do, in order. */
  calls: string[];
  /** A token for Resource Manager; the claims given replace the usual ones. */
  token: (claims?: Partial<TokenClaims>) => string;
  /** A plain request with the app's token (or the headers given); for what the official clients cannot send. */
  send: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
  /** Stops the emulator and starts it again on the same state. */
  restart: () => Promise<Cloud>;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: { error: { code: string; message: string } } & Record<string, unknown>;
}

type Changes = Partial<Pick<AzureOptions, 'latencies' | 'resourceGroups' | 'people' | 'workspaces' | 'delegation'>>;

/** A cloud of its own for one test, with a clock that the test moves and a backend that only notes its calls. */
export async function startCloud(changes: Changes = {}): Promise<Cloud> {
  const folder = mkdtempSync(join(tmpdir(), 'azure-'));
  return open(folder, new VirtualClock(), [], changes);
}

async function open(folder: string, clock: VirtualClock, calls: string[], changes: Changes): Promise<Cloud> {
  const store = openStore(join(folder, 'azure.db'));
  const signingKey = ensureSigningKey(join(folder, 'signing.key'));
  const azure = await startAzure({
    certificate: await trustedCertificate(),
    store,
    signingKey,
    clock,
    subscriptionId,
    tenantId,
    app,
    resourceGroups: [{ name: group, location: 'westeurope' }],
    latencies: { workspaceSeconds: 100, replicationSeconds: 30 },
    workspaces: notingBackend(calls),
    ...changes,
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= azure.close().then(() => store.close()));
  onTestFinished(close);

  const token = (claims: Partial<TokenClaims> = {}): string => {
    const now = Math.floor(clock.now() / 1000);
    const usual = { aud: 'https://management.azure.com', iss: `https://sts.windows.net/${tenantId}/`, tid: tenantId };
    const times = { iat: now, nbf: now, exp: now + 3600 };
    return signToken({ ...usual, oid: app.objectId, appid: app.clientId, ...times, ...claims }, signingKey);
  };
  return {
    ...clients(azure.url, token),
    azure,
    clock,
    calls,
    token,
    send: (method, path, body, headers = {}) => send(`${azure.url}${path}`, method, token(), body, headers),
    async restart() {
      await close();
      return open(folder, clock, calls, changes);
    },
  };
}

const notingBackend = (calls: string[]): AzureOptions['workspaces'] => ({
  async createWorkspace({ resourceId, workspaceId }) {
    calls.push(`create ${resourceId} ${workspaceId}`);
    return { host: 'localhost:41234' };
  },
  async deleteWorkspace(resourceId) {
    calls.push(`delete ${resourceId}`);
  },
});

function clients(endpoint: string, token: () => string) {
  const credential: TokenCredential = {
    getToken: async () => ({ token: token(), expiresOnTimestamp: Date.now() + 3_600_000 }),
  };
  const options = {
    endpoint,
    credentialScopes: 'https://management.azure.com/.default',
    retryOptions: { maxRetries: 0 },
  };
  return {
    databricks: new AzureDatabricksManagementClient(credential, subscriptionId, options),
    identities: new ManagedServiceIdentityClient(credential, subscriptionId, options),
    authorization: new AuthorizationManagementClient(credential, subscriptionId, options),
  };
}

async function send(
  url: string,
  method: string,
  token: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const given = Object.entries({ authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers });
  const response = await fetch(url, {
    method,
    headers: Object.fromEntries(given.filter(([, value]) => value !== '')),
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

/** What a deployment asks a workspace to be. */
export const wish = (name: string) => ({
  location: 'westeurope',
  sku: { name: 'premium' },
  computeMode: 'Hybrid' as const,
  managedResourceGroupId: `/subscriptions/${subscriptionId}/resourceGroups/databricks-rg-${name}`,
  tags: { owner: 'tests' },
});

/** The same as it goes over the wire; `properties` replaces single properties. */
export function wireWish(name: string, properties: Record<string, unknown> = {}) {
  const { computeMode, managedResourceGroupId, ...rest } = wish(name);
  return { ...rest, properties: { computeMode, managedResourceGroupId, ...properties } };
}
