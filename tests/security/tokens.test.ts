import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import type { NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { Router } from '../../local/kit/router.ts';
import { type ApiServer, startServer } from '../../local/kit/server.ts';
import { ensureSigningKey, signToken, type TokenClaims } from '../../local/kit/tokens.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { recordSentRequests, tokensIn } from '../support/sentRequests.ts';
import { startWorld, type World } from '../support/world.ts';

const lifeSeconds = 1800;
/** The SDK takes a token for expired so long before its end. */
const marginSeconds = 300;
const longestPauseSeconds = 60;
const azure = 'https://management.azure.com';
const membership = 'https://management.core.windows.net/';
const databricks = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';

/** A managed identity whose tokens are as a test wants them; by default good ones that live for half an hour. */
let identity: ApiServer;
let world: World;
let claims: Partial<TokenClaims> = {};
const asked: { resource: string; atMs: number }[] = [];
const sent = recordSentRequests();

const script: NotebookScript = {
  ...quickScript,
  '02_create_features': {
    seconds: 2,
    outcome: async ({ parameters }, _api, _tables, sleep) => {
      if (parameters['mode'] === 'long') await sleep(3 * lifeSeconds);
      return {};
    },
  },
};

beforeAll(async () => {
  identity = await startServer({
    router: new Router().on('GET', '/msi/token', ({ query }) => ({ body: tokenFor(query.get('resource') ?? '') })),
    unknownRoute: () => ({ status: 501 }),
    errorReply: () => ({ status: 500 }),
  });
  world = await startWorld({
    script,
    latencies: quickLatencies,
    settings: () => ({ IDENTITY_ENDPOINT: `${identity.url}/msi/token` }),
  });
});
beforeEach(async () => {
  // The tokens of the test before are over then.
  await world.pass(2 * lifeSeconds);
  asked.length = sent.length = 0;
  claims = {};
  followWorld();
});
afterEach(() => vi.useRealTimers());
afterAll(async () => {
  await identity.close();
  await world.close();
});

/** Lets the app, which goes by the machine's clock where tokens are concerned, go by that of the world. */
const followWorld = (): unknown => vi.useFakeTimers({ toFake: ['Date'], now: world.clock.now() });

function tokenFor(resource: string): object {
  const { settings } = world.cloud;
  const nowSeconds = Math.floor(world.clock.now() / 1000);
  asked.push({ resource, atMs: world.clock.now() });
  const usual = {
    aud: resource,
    iss: 'https://sts.windows.net/1b0e8f34-2a6d-4c1f-8e2b-9c7d6a5f4e3d/',
    tid: '1b0e8f34-2a6d-4c1f-8e2b-9c7d6a5f4e3d',
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

async function finish({ id }: StatusResource): Promise<StatusResource> {
  await world.until(() => {
    followWorld();
    return world.isOver(id);
  });
  return world.read(id);
}

const refusals = (name: string): unknown[] =>
  [...world.cloud.azure.arm.requests, ...world.workspace(name).requests].filter(({ status }) => status === 401);

describe('a token', () => {
  test('goes only to the service that it is for, and the key of the identity endpoint only to that', async () => {
    const { id } = await finish(await world.start({ workspaceName: 'dbw-audience' }));
    await world.call(`/api/deployments/${id}?data=true`, { method: 'DELETE' });
    const workspace = world.workspace('dbw-audience').url;
    expect((await finish(await world.read(id))).state).toBe('Deleted');

    const seen = new Set(
      sent.flatMap((request) =>
        tokensIn(request).map(({ header, audience }) => [request.origin, header, audience].join(' ')),
      ),
    );
    expect(seen).toEqual(
      new Set([
        `${world.cloud.azure.url} authorization ${azure}`,
        `${workspace} authorization ${databricks}`,
        `${workspace} x-databricks-azure-sp-management-token ${membership}`,
      ]),
    );
    const withKey = sent.filter(({ headers }) => headers['x-identity-header'] !== undefined);
    expect(new Set(withKey.map(({ origin }) => origin))).toEqual(new Set([identity.url]));
  });

  test('that ends while a deployment runs is asked for anew before that, once, and nobody notices', async () => {
    const ended = await finish(await world.start({ workspaceName: 'dbw-expiry', parameters: { mode: 'long' } }));
    expect(ended.failure).toBeUndefined();
    for (const resource of [membership, databricks]) {
      const moments = asked.filter((one) => one.resource === resource).map(({ atMs }) => atMs / 1000);
      expect(moments.length).toBeGreaterThanOrEqual(4);
      for (const [n, moment] of moments.slice(1).entries()) {
        const kept = moment - (moments[n] ?? 0);
        expect(kept).toBeGreaterThan(lifeSeconds - marginSeconds - longestPauseSeconds);
        expect(kept).toBeLessThan(lifeSeconds);
      }
    }
    expect(refusals('dbw-expiry')).toEqual([]);
  });

  test.each<[what: string, claims: () => Partial<TokenClaims>]>([
    ['for another service', () => ({ aud: 'https://storage.azure.com' })],
    ['of another tenant', () => ({ tid: '00000000-0000-4000-8000-00000000dead' })],
    ['that has expired', () => ({ exp: Math.floor(world.clock.now() / 1000) - 60 })],
  ])('%s opens nothing: the deployment ends, and has made nothing', async (_what, wrong) => {
    claims = wrong();
    const { requests } = world.cloud.azure.arm;
    const before = requests.length;
    const ended = await finish(await world.start({ workspaceName: 'dbw-wrong' }));
    expect(ended.failure).toMatchObject({ code: 'AZURE_DENIED' });
    expect(new Set(requests.slice(before).map(({ status }) => status))).toEqual(new Set([401]));
    expect(world.cloud.databricks.workspaces().filter(({ resourceId }) => resourceId.endsWith('wrong'))).toEqual([]);
  });
});
