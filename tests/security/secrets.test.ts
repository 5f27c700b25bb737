import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { actTraining } from '../../local/databricks/notebooks/actedResults.ts';
import type { NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { canaries, storageKey } from '../support/canaries.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { recordSentRequests, tokensIn } from '../support/sentRequests.ts';
import { type TelemetryDoor, telemetryDoor } from '../support/telemetryDoor.ts';
import { type CallOptions, setFault, setScenario, startWorld, type World } from '../support/world.ts';

/** Settings that nobody may see, beside those that the cloud gives. */
const secretSettings = {
  AzureWebJobsStorage: `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${storageKey};EndpointSuffix=x`,
  WEBSITE_AUTH_ENCRYPTION_KEY: 'Canary-of-the-sessions',
  MICROSOFT_PROVIDER_AUTHENTICATION_SECRET: 'Canary-of-the-sign-in',
  DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=https://a.test;Authentication=Canary-of-the-backend',
};

/** Some of the texts that hold a secret: what the cloud says in the trouble of this number. */
const words = (trouble: number): string =>
  canaries
    .slice(trouble * 5, trouble * 5 + 5)
    .map(([, text]) => text)
    .join(' | ');

/** What goes wrong in a workspace, with words that hold secrets. */
const troubles: Record<string, (server: ApiServer) => Promise<void>> = {
  'dbw-job': (server) => {
    const body = { error_code: 'INVALID_PARAMETER_VALUE', message: words(0) };
    return setFault(server, { method: 'POST', path: '/api/2.2/jobs/create', status: 400, body });
  },
  'dbw-repository': (server) => {
    const body = { error_code: 'GIT_URL_NOT_ON_ALLOW_LIST', message: words(1) };
    return setFault(server, { method: 'POST', path: '/api/2.0/repos', status: 400, body });
  },
  'dbw-page': (server) => {
    const body = `<html>${words(2)}</html>`;
    return setFault(server, { method: 'GET', path: '*/scim/v2/Me', status: 404, times: 100, body });
  },
  'dbw-statement': (server) => setScenario(server, { kind: 'statementFails', message: words(3), sqlState: '42000' }),
  'dbw-cluster': (server) => setScenario(server, { kind: 'clusterFails', code: 'X', message: words(4), times: 5 }),
};

/** By the address of a workspace, which is what a notebook knows of it. */
const namesByHost = new Map<string, string>();
const script: NotebookScript = {
  ...quickScript,
  '02_create_features': {
    seconds: 2,
    outcome({ host }) {
      if (namesByHost.get(host) !== 'dbw-notebook') return {};
      const lines = canaries.map(([, text]) => `  ${text}`);
      return { error: `ValueError: ${words(0)}`, errorTrace: ['Traceback', ...lines, words(1)].join('\n') };
    },
  },
  '03_train_models': {
    seconds: 2,
    outcome: async (request, api, tables) => {
      const { result = '' } = await actTraining(request, api, tables);
      return { result: JSON.stringify({ ...(JSON.parse(result) as object), note: words(2) }) };
    },
  },
};

/** Everything that was stored, logged, answered or sent, by where. */
const seen = {
  history: new Set<string>(),
  instances: new Set<string>(),
  log: new Set<string>(),
  answers: new Set<string>(),
  telemetry: new Set<string>(),
};
const sent = recordSentRequests();
let door: TelemetryDoor;
let world: World;
const ended: Record<string, StatusResource> = {};

beforeAll(async () => {
  door = await telemetryDoor();
  world = await startWorld({
    script,
    latencies: quickLatencies,
    settings: () => ({ ...secretSettings, APPLICATIONINSIGHTS_CONNECTION_STRING: door.connectionString }),
    log: (entry) => seen.log.add(JSON.stringify(entry)),
    onWorkspace(name, server) {
      namesByHost.set(`localhost:${server.port}`, name);
      void troubles[name]?.(server);
    },
  });
  door.open(world.cloud.certificate);
  await playAll();
  for (const text of door.received) seen.telemetry.add(text);
}, 180_000);
afterAll(async () => {
  await world.close();
  door.close();
});

/** Deployments that succeed, fail in each way and are cancelled; then a deletion that succeeds and one that fails. */
async function playAll(): Promise<void> {
  const { arm, identity } = world.cloud.azure;
  await setScenario(arm, { kind: 'workspaceFails', name: 'dbw-azure', code: 'Broken', message: words(0) });
  await setScenario(arm, { kind: 'policyDenies', name: 'dbw-policy', policy: 'Tags', message: words(1) });
  await setScenario(arm, { kind: 'deletionFails', name: 'dbw-kept', code: 'Broken', message: words(3) });
  const denied = { error: { code: 'AuthorizationFailed', message: words(2) } };
  await setFault(arm, { method: 'GET', path: '*/usages', status: 403, times: 100, body: denied });
  const broken = { status: 500, skip: 5, times: 3, body: { message: words(3) } };
  await setFault(identity, { method: 'GET', path: '/msi/token', ...broken });

  const others = ['dbw-succeeds', 'dbw-kept', 'dbw-notebook', 'dbw-azure', 'dbw-policy', 'dbw-cancelled'];
  const ids: Record<string, string> = {};
  for (const workspaceName of [...others, ...Object.keys(troubles)]) {
    const body = { resourceGroup: 'rg-volatility', workspaceName };
    ids[workspaceName] = (
      await ask(`/api/deployments?code=${world.host.keys.function}`, { method: 'POST', body, key: '' })
    ).id;
  }
  await world.pass(45);
  await ask(`/api/deployments/${ids['dbw-cancelled']}/cancel`, { method: 'POST' });
  await finish(ids);

  const { 'dbw-succeeds': removed = '', 'dbw-kept': kept = '' } = ids;
  for (const id of [removed, kept]) {
    await ask(`/api/deployments/${id}?dryRun=true&data=true`, { method: 'DELETE' });
    await ask(`/api/deployments/${id}?data=true`, { method: 'DELETE' });
  }
  await finish({ 'deletion that succeeds': removed, 'deletion that fails': kept });
  await ask('/api/deployments');
  await ask('/api/deployments', { method: 'POST', body: '{"resourceGroup": "rg' });
}

/** Asks the app and keeps its answer; the link in it is signed by design. */
async function ask(path: string, options: CallOptions = {}): Promise<StatusResource> {
  const response = await world.call(path, options);
  const text = await response.text();
  const answer = JSON.parse(text) as StatusResource;
  const whole = JSON.stringify([[...response.headers], text]);
  seen.answers.add(answer.statusQueryGetUri ? whole.replaceAll(answer.statusQueryGetUri, '[the link]') : whole);
  return answer;
}

/** Moves the clock until all are over, and at each step keeps what is stored of every instance. */
async function finish(ids: Record<string, string>): Promise<void> {
  const all = Object.values(ids);
  let looks = 0;
  await world.until(async () => {
    await keepStored();
    const id = all[looks++ % all.length] ?? '';
    await ask(`/api/deployments/${id}`);
    return all.every((one) => world.isOver(one));
  });
  for (const [name, id] of Object.entries(ids)) ended[name] = await ask(`/api/deployments/${id}`);
}

async function keepStored(): Promise<void> {
  const { keys } = world.host;
  const path = `/runtime/webhooks/durabletask/instances?showInput=true&code=${keys.durable}`;
  const list = (await (await world.call(path, { key: '' })).json()) as { instanceId: string }[];
  for (const instance of list) {
    seen.instances.add(JSON.stringify(instance));
    for (const event of world.host.history(instance.instanceId)) seen.history.add(JSON.stringify(event));
  }
}

/** Session and operation handles of the SQL driver, which are credentials: 16 bytes behind their length, in the forms in which they could be written. */
const sqlSecrets = (): string[] =>
  sent
    .filter(({ headers }) => headers['content-type'] === 'application/x-thrift')
    .flatMap(({ body }) => [...body.toString('hex').matchAll(/00000010([0-9a-f]{32})/g)])
    .filter(({ index }) => index % 2 === 0)
    .flatMap(([, hex = '']) => [
      hex,
      hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
      Buffer.from(hex, 'hex').toString('base64').slice(0, 20),
    ]);

/** Every value that may be written nowhere, by what it is. */
const secrets = (): [what: string, values: string[]][] => {
  const { azure, settings } = world.cloud;
  return [
    ['keys of the host', Object.values(world.host.keys)],
    [
      'keys of the settings',
      [settings['STATUS_LINK_KEY'] ?? '', azure.identityHeader, ...Object.values(secretSettings)],
    ],
    ['tokens of the identity', sent.flatMap((request) => tokensIn(request).map(({ token }) => token))],
    ['handles of the SQL driver', sqlSecrets()],
    ['secrets in the words of the cloud', [...canaries.map(([, , secret]) => secret), 'Canary']],
  ];
};

/** What is a secret by its form alone. */
const anySecret = /eyJ[\w-]{8,}\.eyJ|Bearer [\w.~+/=-]{8}|dapi[0-9a-f]{16}|[?&]sig(?:nature)?=(?!\[hidden\])/;
/** An address of an operation in Azure, which is of no use without the app's token. */
const signedAddress = /[?&][scht]=(?!\[hidden\])/;

test('the deployments have ended in all the ways that were meant, and have heard what they must not tell', () => {
  const codes = Object.fromEntries(Object.entries(ended).map(([name, { failure }]) => [name, failure?.code]));
  expect(codes).toEqual({
    'dbw-succeeds': undefined,
    'dbw-kept': undefined,
    'dbw-notebook': 'NOTEBOOK_FAILED',
    'dbw-azure': 'WORKSPACE_FAILED',
    'dbw-policy': 'POLICY_DENIED',
    'dbw-cancelled': 'CANCELLED',
    'dbw-job': 'DATABRICKS_REJECTED',
    'dbw-repository': 'REPOSITORY_FAILED',
    'dbw-page': 'ANSWER_INVALID',
    'dbw-statement': 'SQL_FAILED',
    'dbw-cluster': 'CLUSTER_UNAVAILABLE',
    'deletion that succeeds': undefined,
    'deletion that fails': 'REMOVAL_FAILED',
  });
  const silent = Object.entries(ended).filter(
    ([, { failure }]) => failure && !/\[(?:token|key|hidden)\]/.test(JSON.stringify(failure)),
  );
  expect(silent.map(([name]) => name)).toEqual(['dbw-cancelled']);
  expect(JSON.stringify(ended['dbw-succeeds']?.results)).toContain('[hidden]');
  expect(JSON.stringify(ended['dbw-succeeds']?.warnings)).toContain('[hidden]');
  expect(secrets().filter(([, values]) => values.length < 4)).toEqual([]);
});

describe.each(Object.keys(seen) as (keyof typeof seen)[])('%s', (where) => {
  test('shows no secret', () => {
    const texts = [...seen[where]];
    expect(texts.length).toBeGreaterThan(10);
    for (const [what, values] of secrets()) {
      const shown = [...new Set(values)].filter((value) => texts.some((text) => text.includes(value)));
      expect([what, shown]).toEqual([what, []]);
    }
    expect(texts.filter((text) => anySecret.test(text))).toEqual([]);
  });
});

test('Azure\u2019s signed addresses stay in the history', () => {
  const { history, ...elsewhere } = seen;
  expect([...history].some((text) => signedAddress.test(text))).toBe(true);
  for (const [where, texts] of Object.entries(elsewhere))
    expect([where, [...texts].filter((text) => signedAddress.test(text))]).toEqual([where, []]);
});
