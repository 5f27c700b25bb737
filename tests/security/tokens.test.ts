import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Router } from '../../local/kit/router.ts';
import { type ApiServer, startServer } from '../../local/kit/server.ts';
import { ensureSigningKey, signToken, type TokenClaims } from '../../local/kit/tokens.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { followClock } from '../support/machineClock.ts';
import { recordSentRequests, tokensIn } from '../support/sentRequests.ts';
import { startWorld, type World } from '../support/world.ts';

const lifeSeconds = 1800;
const tenant = '1b0e8f34-2a6d-4c1f-8e2b-9c7d6a5f4e3d';

/** A managed identity whose tokens are as a test wants them; by default good ones that live for half an hour. */
let identity: ApiServer;
let world: World;
let undo: () => void;
let claims: Partial<TokenClaims> = {};
const sent = recordSentRequests();

beforeAll(async () => {
  identity = await startServer({
    router: new Router().on('GET', '/msi/token', ({ query }) => ({ body: tokenFor(query.get('resource') ?? '') })),
    unknownRoute: () => ({ status: 501 }),
    errorReply: () => ({ status: 500 }),
  });
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: () => ({ IDENTITY_ENDPOINT: `${identity.url}/msi/token` }),
  });
  // So that the app keeps its tokens as long as they are good.
  undo = followClock(world.clock, 0);
});
beforeEach(async () => {
  // The tokens of the test before are over then.
  await world.pass(2 * lifeSeconds);
  sent.length = 0;
  claims = {};
});
afterAll(async () => {
  undo();
  await identity.close();
  await world.close();
});

function tokenFor(resource: string): object {
  const { settings } = world.cloud;
  const nowSeconds = Math.floor(world.clock.now() / 1000);
  const usual = {
    aud: resource,
    iss: `https://sts.windows.net/${tenant}/`,
    tid: tenant,
    oid: '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d',
    appid: settings['AZURE_CLIENT_ID'] ?? '',
    iat: nowSeconds,
    nbf: nowSeconds - 300,
    exp: nowSeconds + lifeSeconds,
  };
  const made = { ...usual, ...claims };
  const folder = dirname(dirname(settings['NODE_EXTRA_CA_CERTS'] ?? ''));
  const access_token = signToken(made, ensureSigningKey(join(folder, 'directory.key')));
  return { access_token, expires_on: String(made.exp), resource, token_type: 'Bearer', client_id: usual.appid };
}

describe('a token', () => {
  test('goes only to the service that it is for, and the key of the identity endpoint only to that', async () => {
    const { id } = await world.deploy({ workspaceName: 'dbw-audience' });
    const workspace = world.workspace('dbw-audience').url;
    await world.call(`/api/deployments/${id}?data=true`, { method: 'DELETE' });
    expect((await world.finish(id)).state).toBe('Deleted');

    const seen = new Set(
      sent.flatMap((request) =>
        tokensIn(request).map(({ header, audience }) => [request.origin, header, audience].join(' ')),
      ),
    );
    expect(seen).toEqual(
      new Set([
        `${world.cloud.azure.url} authorization https://management.azure.com`,
        `${workspace} authorization 2ff814a6-3304-4ab8-85cb-cd0e6f879c1d`,
        `${workspace} x-databricks-azure-sp-management-token https://management.core.windows.net/`,
      ]),
    );
    const withKey = sent.filter(({ headers }) => headers['x-identity-header'] !== undefined);
    expect(new Set(withKey.map(({ origin }) => origin))).toEqual(new Set([identity.url]));
  });

  test.each<[what: string, claims: () => Partial<TokenClaims>]>([
    ['for another service', () => ({ aud: 'https://storage.azure.com' })],
    ['of another tenant', () => ({ tid: '00000000-0000-4000-8000-00000000dead' })],
    ['that has expired', () => ({ exp: Math.floor(world.clock.now() / 1000) - 60 })],
  ])('%s opens nothing: the deployment ends, and has made nothing', async (_what, wrong) => {
    claims = wrong();
    const { requests } = world.cloud.azure.arm;
    const before = requests.length;
    const ended = await world.deploy({ workspaceName: 'dbw-wrong' });
    expect(ended.failure).toMatchObject({ code: 'AZURE_DENIED' });
    expect(new Set(requests.slice(before).map(({ status }) => status))).toEqual(new Set([401]));
    expect(world.cloud.databricks.workspaces().filter(({ resourceId }) => resourceId.endsWith('wrong'))).toEqual([]);
  });
});
