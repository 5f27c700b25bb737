import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { type Cloud, startCloud } from '../../local/cloud/startCloud.ts';
import { scriptedCompute } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { eventType, isFinal } from '../../local/host/durable/protocol.ts';
import { runUntil } from '../../local/host/runUntil.ts';
import { type Host, startHost } from '../../local/host/startHost.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { makeRepository } from '../support/makeRepository.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { defaultVersion: present } = (
  JSON.parse(readFileSync(`${root}host.json`, 'utf8')) as {
    extensions: { durableTask: { defaultVersion: string } };
  }
).extensions.durableTask;
const older = '1.1';

const clock = new VirtualClock(Date.now() - 360 * 86_400_000);
const folder = mkdtempSync(join(tmpdir(), 'upgrade-'));
let cloud: Cloud;
beforeAll(async () => {
  const script = { ...quickScript, '02_create_features': { seconds: 3600 } };
  const repository = makeRepository(join(folder, 'repository'));
  cloud = await startCloud({
    folder,
    clock,
    compute: scriptedCompute(script, clock),
    latencies: quickLatencies,
    repository,
  });
  setDefaultCACertificates([...getCACertificates(), cloud.certificate.cert]);
});
afterAll(() => cloud.close());

/** The app on its task hub, as if its host.json named this version. */
function deployCode(version: string): Promise<Host> {
  // What is in the environment already stays there.
  vi.stubEnv('AzureFunctionsJobHost__extensions__durableTask__defaultVersion', version);
  return startHost({
    appFolder: root,
    dataFolder: join(folder, 'host'),
    clock,
    settings: {
      ...cloud.settings,
      POLL_FLOOR_SECONDS: '5',
      POLL_CEILING_SECONDS: '60',
      EXPECTED_SECONDS: '{"workspace":20,"storage":10,"runme":12,"notebooks":3600}',
    },
  });
}

async function ask(host: Host, path: string, body?: object): Promise<StatusResource> {
  const response = await fetch(`${host.url}/api/deployments${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { 'x-functions-key': host.keys.function, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  return (await response.json()) as StatusResource;
}

/** Starts a deployment and waits until its notebooks run. */
async function begin(host: Host, workspaceName: string): Promise<string> {
  const { id } = await ask(host, '', { resourceGroup: 'rg-volatility', workspaceName });
  await runUntil(host, clock, async () => (await ask(host, `/${id}`)).runs.length > 1, { maxSteps: 5000 });
  return id;
}

async function finish(host: Host, id: string): Promise<StatusResource> {
  await runUntil(host, clock, () => isFinal(host.status(id) ?? 'Pending'), { maxSteps: 5000 });
  return ask(host, `/${id}`);
}

/** Minutes in which whatever can go on goes on. */
async function pass(host: Host, minutes: number): Promise<void> {
  const endMs = clock.now() + minutes * 60_000;
  await host.idle();
  for (let dueMs = clock.nextDue(); dueMs !== undefined && dueMs <= endMs; dueMs = clock.nextDue()) {
    clock.advanceTo(dueMs);
    await host.idle();
  }
  clock.advanceTo(endMs);
}

const versionOf = (host: Host, id: string): unknown =>
  host.history(id).find(({ EventType }) => EventType === eventType.executionStarted)?.['Version'];

test(
  'a deployment in flight goes on under newer code, and nothing of it is done twice',
  { timeout: 90_000 },
  async () => {
    const before = await deployCode(older);
    const id = await begin(before, 'dbw-upgraded');
    expect(versionOf(before, id)).toBe(older);
    await before.stop();
    const after = await deployCode(present);
    expect(await finish(after, id)).toMatchObject({ state: 'Succeeded', attempt: 1 });
    expect(versionOf(after, id)).toBe(older);
    expect(await inventoryOf(cloud, 'dbw-upgraded')).toEqual(oneOfEach);
    await after.stop();
  },
);

test(
  'older code leaves a newer deployment alone, and the newer code takes it up where it was',
  { timeout: 90_000 },
  async () => {
    const before = await deployCode(present);
    const id = await begin(before, 'dbw-downgraded');
    expect(versionOf(before, id)).toBe(present);
    await before.stop();

    const back = await deployCode(older);
    const seen = await ask(back, `/${id}`);
    await pass(back, 30);
    expect(await ask(back, `/${id}`)).toMatchObject({ state: 'Running', lastUpdatedTime: seen.lastUpdatedTime });
    const other = await begin(back, 'dbw-beside');
    await back.stop();

    const again = await deployCode(present);
    expect(await finish(again, id)).toMatchObject({ state: 'Succeeded', attempt: 1 });
    expect(await finish(again, other)).toMatchObject({ state: 'Succeeded', attempt: 1 });
    for (const name of ['dbw-downgraded', 'dbw-beside']) expect(await inventoryOf(cloud, name)).toEqual(oneOfEach);
    await again.stop();
  },
);
