import { randomUUID, type KeyObject } from 'node:crypto';
import { type Clock } from '../kit/clock.ts';
import type { Network } from '../kit/network.ts';
import { type ApiReply, type ApiRequest, Router } from '../kit/router.ts';
import { type ApiServer, startServer } from '../kit/server.ts';
import type { Store } from '../kit/store.ts';
import { signToken, type TokenClaims } from '../kit/tokens.ts';

export interface IdentityOptions {
  store: Store;
  signingKey: KeyObject;
  clock: Clock;
  tenantId: string;
  app: { clientId: string; objectId: string };
  port?: number;
  network?: Network;
}

/** The services for which the directory gives tokens: Resource Manager by both its names, Azure Databricks, Storage, Monitor. */
const resources = new Set([
  'https://management.azure.com',
  'https://management.core.windows.net',
  '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d',
  'https://storage.azure.com',
  'https://monitor.azure.com',
]);

/** Managed identity tokens of Azure live a day. */
const tokenSeconds = 86_400;

/** Serves App Service's managed-identity protocol (`GET /msi/token`, version 2019-08-01) over plain HTTP, as App Service does. */
export async function startIdentityEndpoint(options: IdentityOptions): Promise<{ server: ApiServer; header: string }> {
  // A running app keeps the header that it was started with, so a restart keeps it too.
  const kept = options.store.collection<string>('azure.identityHeader');
  const header = kept.get('header') ?? randomUUID();
  kept.set('header', header);
  const server = await startServer({
    router: new Router().on('GET', '/msi/token', (request) => token(request, options, header)),
    unknownRoute: ({ method, path }) => refusal(501, `The identity endpoint does not implement ${method} ${path}.`),
    errorReply: (error) => refusal(500, error instanceof Error ? error.message : String(error)),
    clock: options.clock,
    ...(options.port !== undefined && { port: options.port }),
    ...(options.network && { network: options.network }),
  });
  return { server, header };
}

function token(
  { query, headers }: ApiRequest,
  { app, tenantId, clock, signingKey }: IdentityOptions,
  header: string,
): ApiReply {
  if (headers['x-identity-header'] !== header) return refusal(401, 'The X-IDENTITY-HEADER is missing or wrong.');
  if (query.get('api-version') !== '2019-08-01') return refusal(400, "The only 'api-version' served is 2019-08-01.");
  if (query.get('client_id')?.toLowerCase() !== app.clientId.toLowerCase()) {
    return refusal(
      400,
      'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
    );
  }
  const resource = query.get('resource');
  if (!resource) return refusal(400, "The parameter 'resource' is missing.");
  if (!resources.has(resource.replace(/\/+$/, ''))) {
    return refusal(
      400,
      `AADSTS500011: The resource principal named ${resource} was not found in the tenant ${tenantId}.`,
    );
  }
  const nowSeconds = Math.floor(clock.now() / 1000);
  const claims: TokenClaims = {
    aud: resource,
    iss: `https://sts.windows.net/${tenantId}/`,
    tid: tenantId,
    oid: app.objectId,
    appid: app.clientId,
    iat: nowSeconds,
    nbf: nowSeconds - 300,
    exp: nowSeconds + tokenSeconds,
  };
  const body = {
    access_token: signToken(claims, signingKey),
    expires_on: String(claims.exp),
    resource,
    token_type: 'Bearer',
    client_id: app.clientId,
  };
  return { body };
}

const refusal = (statusCode: number, message: string): ApiReply => ({
  status: statusCode,
  body: { statusCode, message },
});
