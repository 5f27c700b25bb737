import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entryOf, type ErrorCode } from '../../domain/errorTable.ts';
import { deploymentId } from '../../domain/ids.ts';
import type { DeployInput } from '../../domain/steps.ts';
import type { LogEntry } from '../../local/host/log.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { makeWorkspace } from '../support/localPerson.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { eventGridEvent } from '../support/subscriptionEvents.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';
import { type Entry, entriesOf } from './entries.ts';
import { type Delivered, type Generated, generatedRequests, rawOf, soundRequest } from './generatedRequests.ts';
import { type RawAnswer, sendRaw } from '../support/sendRaw.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const numRuns = fullSweep ? 10_000 : 1000;
const states = ['new', 'running', 'succeeded', 'failed', 'cancelled', 'deleted', 'tagged'] as const;
const workspaces = states.map((state) => `dbw-${state}`);

let world: World;
let entries: Entry[];
const logged: LogEntry[] = [];
beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    settings: () => ({ WEBSITE_AUTH_ENABLED: 'True' }),
    log: (entry) => logged.push(entry),
    onWorkspace: (name, server) => {
      if (name === 'dbw-failed') void setScenario(server, { kind: 'taskFails', taskKey: 'RUNME' });
    },
  });
  entries = await entriesOf(world);
  await makeWorkspace(world.cloud, 'dbw-tagged', { accelerator: 'predicting-implied-volatility' });
  await bringAbout();
  before = await starts();
  logged.length = 0;
});
afterAll(() => world.close());

const idOf = (state: (typeof states)[number]): string =>
  deploymentId({
    subscriptionId: world.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? '',
    resourceGroup: 'rg-volatility',
    workspaceName: `dbw-${state}`,
    accelerator: 'predicting-implied-volatility',
  });

/** A deployment in each state that one can be in. */
async function bringAbout(): Promise<void> {
  const over = ['succeeded', 'failed', 'cancelled', 'deleted'] as const;
  for (const state of over) await world.start({ workspaceName: `dbw-${state}` });
  await world.call(`/api/deployments/${idOf('cancelled')}/cancel`, { method: 'POST' });
  for (const state of over) await world.finish(idOf(state));
  await world.call(`/api/deployments/${idOf('deleted')}`, { method: 'DELETE' });
  await world.finish(idOf('deleted'));
  await world.start({ workspaceName: 'dbw-running' });
  await world.host.idle();
}

interface Managed {
  name: string;
  instanceId: string;
  input: DeployInput;
}

const isChild = ({ instanceId }: Managed): boolean => /^[0-9a-f]{24}:(?:watch|storage):\d+$/.test(instanceId);

/** The last start of each orchestration that is no other one's child, as Durable's own API tells it. */
async function starts(): Promise<Map<string, string>> {
  const answer = await world.call('/runtime/webhooks/durabletask/instances', { key: world.host.keys.durable });
  const instances = ((await answer.json()) as Managed[]).filter((one) => !isChild(one));
  return new Map(
    instances.map(({ instanceId, name, input }) => [instanceId, `${name} ${input?.deployment?.attempt ?? ''}`]),
  );
}

let before = new Map<string, string>();
const counts = { app: 0, host: 0, taken: 0, refused: 0 };
const starters = new Set<string>();
// An orchestration may fail; an invocation of anything else may not.
const orchestrators = new Set(['deploy', 'destroy', 'waitForStorage', 'watchRun']);
const crashes = (): LogEntry[] =>
  logged.filter(({ level, functionName = '' }) => level === 'error' && !orchestrators.has(functionName));

/** Sends one request, and sees to what must hold after each. */
async function hold(sent: Generated): Promise<void> {
  // Those of a request that did not hold are still there while it is made smaller.
  logged.length = 0;
  const answer = await sendRaw(world.host.port, rawOf(sent));
  await world.host.idle();
  const after = await starts();
  const started = [...after].filter(([id, what]) => before.get(id) !== what).map(([id]) => id);
  before = after;

  expect(crashes()).toEqual([]);
  expect(answer.text).not.toMatch(/\n\s*at |\.[mc]?[jt]s:\d|node_modules|node:|file:\/\/\//);
  expect(started.length).toBeLessThanOrEqual(sent.mayStart ? 1 : 0);
  if (sent.delivered) holdsOfDelivery(sent.delivered, answer);
  else if (isOwn(answer)) holdsOfOwn(sent, answer, started);
  else holdsOfForeign(sent, answer);
  if (started.length === 0) return;
  starters.add(sent.entry);
  await world.pass(sent.thenSeconds);
}

/** The app's answers say what they are; those of the host before it have no type. */
const isOwn = ({ headers }: RawAnswer): boolean =>
  /^application\/(problem\+)?json$/.test(headers['content-type'] ?? '');

/** With these a request without a fault may be refused: there is no such deployment, or it is in another state. */
const untimely = [404, 409, 429];

function holdsOfOwn({ by, verdict }: Generated, { status, headers, text }: RawAnswer, started: string[]): void {
  counts.app++;
  expect(by).not.toBe('host');
  const body = JSON.parse(text) as Record<string, unknown>;
  if (status < 300) {
    counts.taken++;
    expect(verdict).not.toBe('refused');
    if (started.length > 0) expect([status, body['id']]).toEqual([202, started[0]]);
    return;
  }
  counts.refused++;
  expect(started).toEqual([]);
  expect(headers['content-type']).toBe('application/problem+json');
  const { status: usual, title, hint } = entryOf(body['code'] as ErrorCode);
  const type = `urn:accelerator-deployer:${String(body['code'])}`;
  expect(body).toMatchObject({ type, title, hint, status, detail: expect.stringMatching(/\S{2}/) as string });
  expect(status).toBe(usual);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  if (verdict === 'taken') expect(untimely).toContain(status);
}

function holdsOfForeign(sent: Generated, { status, text }: RawAnswer): void {
  counts.host++;
  if (status === 431) {
    // Node refuses a head beyond 16 kB by itself, as App Service does.
    const { path, headers } = rawOf(sent);
    expect(path.length + JSON.stringify(headers).length).toBeGreaterThan(15_500);
    return;
  }
  const { by } = sent;
  expect(by).not.toBe('app');
  expect([400, 401, 404]).toContain(status);
  expect(text).toBe('');
}

/** The extension for Event Grid answers; its own 500 is for what is no event, and the app sees nothing of it. */
function holdsOfDelivery({ events, statuses }: Delivered, { status }: RawAnswer): void {
  expect(logged.filter(({ message }) => message.includes('"event.received"'))).toHaveLength(events);
  expect(statuses).toContain(status);
}

/** The requests that start something, without a fault. */
function soundStarts(): [Generated][] {
  const { id, ...event } = eventGridEvent({ id: 'event-sound', workspace: 'dbw-tagged', timeMs: world.clock.now() });
  const texts: [string, string, string][] = [
    ['startDeployment', '', JSON.stringify({ resourceGroup: 'rg-volatility', workspaceName: 'dbw-new' })],
    ['retryDeployment', idOf('failed'), ''],
    ['deleteDeployment', idOf('cancelled'), ''],
    ['onSubscriptionEvent', '', JSON.stringify([{ id, ...event }])],
  ];
  return texts.map(([name, id, text]) => {
    const entry = entries.find((one) => one.name === name);
    if (!entry) throw new Error(`there is no ${name}`);
    return [soundRequest(entry, id, text)];
  });
}

test(
  `F14: whatever is sent to any entry is answered, and starts nothing unless it is sound (FUZZ_SEED=${seed})`,
  { timeout: 900_000 },
  async () => {
    const targets = { ids: states.map(idOf), workspaces };
    await fc.assert(fc.asyncProperty(generatedRequests(entries, targets), hold), {
      seed,
      numRuns,
      examples: soundStarts(),
    });
    expect([...starters].toSorted()).toEqual(
      soundStarts()
        .map(([{ entry }]) => entry)
        .toSorted(),
    );
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(numRuns / 20);
  },
);

test('what such requests have started comes to an end, and nothing of it crashes', async () => {
  await world.pass(4 * 3600);
  expect(crashes()).toEqual([]);
  const ended = await Promise.all([...before.keys()].map((id) => world.read(id)));
  for (const { state, failure } of ended) {
    expect(['Succeeded', 'Failed', 'Cancelled', 'Deleted']).toContain(state);
    expect(failure?.code).not.toBe('STEP_CRASHED');
  }
});
