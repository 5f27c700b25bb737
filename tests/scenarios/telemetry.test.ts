import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusResource, StepStatus } from '../../domain/status.ts';
import type { TelemetryItem } from '../../local/azure/ingestion.ts';
import { type Cloud, startCloud } from '../../local/cloud/startCloud.ts';
import { scriptedCompute } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { systemClock } from '../../local/kit/clock.ts';
import { type Program, spawnProgram } from '../../local/stack/spawnProgram.ts';
import { makeRepository } from '../support/makeRepository.ts';
import { quickScript } from '../../local/simulation/quickCloud.ts';
import { setScenario } from '../support/world.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const functionKey = 'the-function-key-of-the-telemetry-test';
const latencies = {
  workspaceSeconds: 0.4,
  replicationSeconds: 0.1,
  storageSeconds: 0.3,
  cloneSeconds: 0.1,
  clusterSeconds: 0.2,
  warehouseSeconds: 0.2,
  gpuClusterSeconds: 0.2,
};
const script = Object.fromEntries(
  Object.entries(quickScript).map(([name, notebook]) => [name, { ...notebook, seconds: 0.3 }]),
);

let folder: string;
let cloud: Cloud;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'telemetry-'));
  const compute = scriptedCompute(script, systemClock);
  const repository = makeRepository(join(folder, 'repository'));
  cloud = await startCloud({ folder, compute, latencies, repository, telemetry: true });
  setDefaultCACertificates([...getCACertificates(), cloud.certificate.cert]);
  await setScenario(cloud.azure.arm, {
    kind: 'workspaceFails',
    name: 'dbw-fails',
    code: 'Broken',
    message: 'It broke.',
  });
});
afterAll(() => cloud.close());

/** A told event: its name, then step or nothing, outcome and code. */
interface Told {
  name: string;
  deployment: string;
  eventId: string;
  outcome: string;
  step?: string;
  code?: string;
  tries: number;
  durationMs: number;
}

test(
  'with a connection string one event per step and one per deployment arrive, under its id; none twice after a restart in the middle',
  { timeout: 90_000 },
  async () => {
    const log = join(folder, 'on.log');
    const { ended, failed } = await deployBoth(log, cloud.settings);
    // First, because it says why something has not arrived.
    expect(eventsIn(log)).toEqual([]);
    const told = (await arrived()).map(toldBy);
    expectEach(told, ended, failed);
    for (const { tags, data } of await arrived())
      expect(tags?.['ai.operation.id']).toBe((data.baseData['properties'] as Told).deployment);
    expectNoSecrets(JSON.stringify(await arrived()));
  },
);

test(
  'without one they are lines of JSON in the log, none twice after a restart in the middle, and nothing is sent',
  { timeout: 90_000 },
  async () => {
    const { APPLICATIONINSIGHTS_CONNECTION_STRING: _, ...settings } = cloud.settings;
    const before = (await arrived()).length;
    const log = join(folder, 'off.log');
    const { ended, failed } = await deployBoth(log, settings);
    expectEach(eventsIn(log), ended, failed);
    expect(await arrived()).toHaveLength(before);
    expectNoSecrets(readFileSync(log, 'utf8'));
  },
);

function expectEach(told: Told[], ended: StatusResource, failed: StatusResource): void {
  expect(ended.runtimeStatus).toBe('Completed');
  expect(failed.failure).toMatchObject({ code: 'WORKSPACE_FAILED' });
  expect(new Set(told.map(({ eventId }) => eventId)).size).toBe(told.length);
  expect(shown(told, ended)).toEqual([
    ...ended.steps.map(({ name, tries }) => ['step.finished', name, 'succeeded', undefined, tries]),
    ['deployment.finished', undefined, 'succeeded', undefined, sumOf(ended.steps)],
  ]);
  const begun = failed.steps.filter(({ state }) => state !== 'pending');
  expect(shown(told, failed)).toEqual([
    ...begun.map(({ name, state, tries }) =>
      state === 'failed'
        ? ['step.finished', name, 'failed', 'WORKSPACE_FAILED', tries]
        : ['step.finished', name, 'succeeded', undefined, tries],
    ),
    ['deployment.finished', undefined, 'failed', 'WORKSPACE_FAILED', sumOf(failed.steps)],
  ]);
  const whole = told.find(({ name, deployment }) => name === 'deployment.finished' && deployment === ended.id);
  const spanMs = Date.parse(ended.lastUpdatedTime) - Date.parse(ended.createdTime);
  expect(whole?.durationMs).toBeGreaterThan(1000);
  expect(whole?.durationMs).toBeLessThanOrEqual(spanMs + 1000);
}

const shown = (told: Told[], { id }: StatusResource): unknown[] =>
  told
    .filter(({ deployment }) => deployment === id)
    .map(({ name, step, outcome, code, tries }) => [name, step, outcome, code, tries]);

const sumOf = (steps: StepStatus[]): number => steps.reduce((sum, { tries }) => sum + tries, 0);

function expectNoSecrets(text: string): void {
  const { STATUS_LINK_KEY = '', IDENTITY_HEADER = '' } = cloud.settings;
  for (const secret of [functionKey, STATUS_LINK_KEY, IDENTITY_HEADER, 'eyJ']) expect(text).not.toContain(secret);
}

async function arrived(): Promise<TelemetryItem[]> {
  const url = cloud.azure.ingestion?.server.url ?? '';
  return (await (await fetch(`${url}/__telemetry`)).json()) as TelemetryItem[];
}

const toldBy = ({ data: { baseData } }: TelemetryItem): Told => ({
  ...(baseData['properties'] as Told),
  ...(baseData['measurements'] as object),
  name: String(baseData['name']),
});

/** The events among the lines of the host's log. */
function eventsIn(log: string): Told[] {
  const messages = readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line.includes('.finished') || line.includes('"telemetry'))
    .map((line) => (JSON.parse(line) as { message: string }).message);
  return messages.map((message) => {
    const { evt, ...fields } = JSON.parse(message) as Told & { evt: string };
    return { ...fields, name: evt };
  });
}

/** One deployment that succeeds and one that fails; the host is killed while the first is in the middle of its notebooks. */
async function deployBoth(
  log: string,
  settings: Record<string, string>,
): Promise<{ ended: StatusResource; failed: StatusResource }> {
  const prefix = settings['APPLICATIONINSIGHTS_CONNECTION_STRING'] ? 'on' : 'off';
  const first = await startHost(log, settings);
  const failing = await start(first, 'dbw-fails');
  const failed = await finish(first, failing);
  const id = await start(first, `dbw-${prefix}`);
  await until(first, id, ({ runs }) => runs.length > 1);
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  const second = await startHost(log, settings);
  try {
    return { ended: await finish(second, id), failed };
  } finally {
    await second.stop();
  }
}

const startHost = (log: string, settings: Record<string, string>): Promise<Program> =>
  spawnProgram(
    join(root, 'local/host/main.ts'),
    [root, '--port', '0', '--data', `${log}.host`, '--json', '--strict'],
    {
      ...settings,
      HOST_FUNCTION_KEY: functionKey,
      POLL_FLOOR_SECONDS: '0.05',
      POLL_CEILING_SECONDS: '0.3',
      EXPECTED_SECONDS: '{"workspace":0.4,"storage":0.3,"runme":1.5,"notebooks":2,"warehouse":0.3}',
    },
    log,
  );

async function start(host: Program, workspaceName: string): Promise<string> {
  const body = JSON.stringify({ resourceGroup: 'rg-volatility', workspaceName });
  return (await ask(host, '', { method: 'POST', body })).id;
}

const finish = (host: Program, id: string): Promise<StatusResource> =>
  until(host, id, ({ runtimeStatus }) => runtimeStatus === 'Completed' || runtimeStatus === 'Failed');

async function until(host: Program, id: string, holds: (seen: StatusResource) => boolean): Promise<StatusResource> {
  for (;;) {
    const seen = await ask(host, `/${id}`);
    if (holds(seen)) return seen;
    await new Promise<void>((resolve) => void systemClock.setTimer(Date.now() + 50, resolve));
  }
}

async function ask(
  host: Program,
  path: string,
  more: { method?: string; body?: string } = {},
): Promise<StatusResource> {
  const headers = { 'x-functions-key': functionKey, 'content-type': 'application/json' };
  const response = await fetch(`${host.ready}/api/deployments${path}`, { ...more, headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as StatusResource;
}
