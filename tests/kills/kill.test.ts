import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { type Cloud, startCloud } from '../../local/cloud/startCloud.ts';
import { scriptedCompute } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { systemClock } from '../../local/kit/clock.ts';
import { type Program, spawnProgram } from '../../local/stack/spawnProgram.ts';
import { cloudCaller, workspacesVersion } from '../support/cloudCaller.ts';
import { inventoryOf, oneOfEach } from '../support/inventory.ts';
import { makeRepository } from '../support/makeRepository.ts';
import { quickScript } from '../support/quickCloud.ts';
import { randomFrom } from '../../local/kit/randomFrom.ts';
import { taggedResources } from '../support/taggedResources.ts';
import { findWorkspace } from '../support/world.ts';
import { fullSweep } from '../support/fullSweep.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const kills = fullSweep ? 20 : 10;
const inFlight = 4;
const functionKey = 'the-function-key-of-the-kill-test';
/** Printed when the test fails; `KILL_SEED` plays the same moments again. */
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);

const latencies = {
  workspaceSeconds: 0.4,
  replicationSeconds: 0.1,
  storageSeconds: 0.3,
  cloneSeconds: 0.2,
  clusterSeconds: 0.2,
  warehouseSeconds: 0.2,
  gpuClusterSeconds: 0.2,
};
const script = Object.fromEntries(
  Object.entries(quickScript).map(([name, notebook]) => [name, { ...notebook, seconds: 0.2 }]),
);

let folder: string;
let cloud: Cloud;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kills-'));
  const compute = scriptedCompute(script, systemClock);
  cloud = await startCloud({ folder, compute, latencies, repository: makeRepository(join(folder, 'repository')) });
  setDefaultCACertificates([...getCACertificates(), cloud.certificate.cert]);
});
afterAll(() => cloud.close());

test(
  `every deployment ends as if nothing had happened when the host is killed ${kills} times (seed ${seed})`,
  { timeout: 120_000 },
  async () => {
    const random = randomFrom(seed);
    const deployments = new Map<string, string>();
    for (let kill = 0; kill < kills; kill++) {
      const host = await startHost();
      const killed = after(50 + random() * 2500, () => process.kill(host.pid, 'SIGKILL'));
      await keepBusy(host, deployments);
      await killed;
      expect(await host.ended).toBe('SIGKILL');
    }
    const host = await startHost();
    try {
      for (const [workspaceName, id] of deployments) {
        const ended = await finish(host, id || ((await start(host, workspaceName)) ?? ''));
        expect(ended).toMatchObject({ seed, workspaceName, runtimeStatus: 'Completed', attempt: 1 });
        expect([workspaceName, await inventoryOf(cloud, workspaceName)]).toEqual([workspaceName, oneOfEach]);
      }
    } finally {
      await host.stop();
    }
    expect(deployments.size).toBeGreaterThan(inFlight);
  },
);

test(
  'a host that is killed while it queries the results proves them after its restart',
  { timeout: 60_000 },
  async () => {
    const workspaceName = 'dbw-kill-proof';
    const first = await startHost();
    const id = (await start(first, workspaceName)) ?? '';
    const isThere = (): boolean =>
      cloud.databricks.workspaces().some(({ resourceId }) => resourceId.endsWith(workspaceName));
    await expect.poll(isThere, { timeout: 20_000 }).toBe(true);
    const server = findWorkspace(cloud, workspaceName);
    const query = server.faults.add({
      method: 'POST',
      path: '/sql/1.0/warehouses/*#ExecuteStatement',
      latencyMs: 600_000,
    });
    await expect.poll(() => query.used, { timeout: 20_000 }).toBe(1);
    process.kill(first.pid, 'SIGKILL');
    expect(await first.ended).toBe('SIGKILL');

    const second = await startHost();
    try {
      const ended = await finish(second, id);
      expect(ended).toMatchObject({ runtimeStatus: 'Completed', attempt: 1 });
      expect(await inventoryOf(cloud, workspaceName)).toEqual(oneOfEach);
    } finally {
      await second.stop();
    }
  },
);

test(
  'a host that is killed during a cancel and during a retry carries both out after its restart',
  { timeout: 90_000 },
  async () => {
    const random = randomFrom(seed + 1);
    const workspaceName = 'dbw-kill-cancel';
    const first = await startHost();
    const id = (await start(first, workspaceName)) ?? '';
    const runs = async (): Promise<number> => (await read(first, id))?.runs.length ?? 0;
    await expect.poll(runs, { timeout: 30_000 }).toBeGreaterThan(0);
    await ask(first, `/api/deployments/${id}/cancel`, { method: 'POST' });
    await killAfter(first, random() * 400);

    const second = await startHost();
    expect(await finish(second, id)).toMatchObject({ state: 'Cancelled', failure: { code: 'CANCELLED' } });
    const left = await cloudCaller(cloud).databricks(workspaceName, 'GET', '/api/2.2/jobs/runs/list?active_only=true');
    expect(left.body['runs'] ?? []).toEqual([]);
    await ask(second, `/api/deployments/${id}/retry`, { method: 'POST' });
    await killAfter(second, random() * 1500);

    const third = await startHost();
    try {
      expect(await finish(third, id)).toMatchObject({ state: 'Succeeded', attempt: 2 });
      const { runs: started, childRuns, ...rest } = await inventoryOf(cloud, workspaceName);
      expect(rest).toEqual(expect.objectContaining({ jobs: 1, childJobs: 1, warehouses: 1, workspaces: 1 }));
      expect([started, childRuns]).toEqual([2, expect.toSatisfy((n: number) => n === 1 || n === 2)]);
    } finally {
      await third.stop();
    }
  },
);

test(
  'a host that is killed twice while it deletes leaves nothing behind, and all that is somebody\u2019s',
  { timeout: 180_000 },
  async () => {
    const random = randomFrom(seed + 2);
    const [own, used] = ['dbw-kill-own', 'dbw-kill-used'];
    const caller = cloudCaller(cloud);
    const asked = await caller.arm('PUT', `/providers/Microsoft.Databricks/workspaces/${used}`, workspacesVersion, {
      location: 'westeurope',
      sku: { name: 'premium' },
      tags: { owner: 'somebody' },
      properties: {
        managedResourceGroupId: `/subscriptions/${cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? ''}/resourceGroups/managed-${used}`,
        computeMode: 'Hybrid',
      },
    });
    expect(asked.status).toBe(201);
    const first = await startHost();
    const targets = [own, used];
    const ids = await Promise.all(targets.map(async (name) => (await start(first, name)) ?? ''));
    for (const id of ids) expect(await finish(first, id)).toMatchObject({ state: 'Succeeded' });
    const folderOfSomebody = { path: '/Shared/somebody' };
    await caller.databricks(used, 'POST', '/api/2.0/workspace/mkdirs', folderOfSomebody);

    for (const id of ids) await ask(first, `/api/deployments/${id}?data=true`, { method: 'DELETE' });
    await killAfter(first, random() * 600);
    const second = await startHost();
    await killAfter(second, random() * 1200);
    const third = await startHost();
    try {
      for (const [i, id] of ids.entries()) {
        expect(await finish(third, id)).toMatchObject({ seed, state: 'Deleted', attempt: 2 });
        expect(await taggedResources(cloud, id, targets[i] ?? '')).toEqual([]);
      }
      const kept = await caller.databricks(used, 'GET', '/api/2.0/workspace/get-status?path=/Shared/somebody');
      expect(kept.body).toMatchObject(folderOfSomebody);
    } finally {
      await third.stop();
    }
  },
);

async function killAfter(host: Program, ms: number): Promise<void> {
  await after(ms, () => process.kill(host.pid, 'SIGKILL'));
  expect(await host.ended).toBe('SIGKILL');
}

const startHost = (): Promise<Program> =>
  spawnProgram(
    join(root, 'local/host/main.ts'),
    [root, '--port', '0', '--data', join(folder, 'host'), '--log', 'warning', '--strict'],
    {
      ...cloud.settings,
      HOST_FUNCTION_KEY: functionKey,
      POLL_FLOOR_SECONDS: '0.05',
      POLL_CEILING_SECONDS: '0.3',
      EXPECTED_SECONDS: '{"workspace":0.4,"storage":0.3,"runme":1.5,"notebooks":2,"warehouse":0.3}',
    },
    join(folder, 'host.log'),
  );

/** Starts deployments until some are in flight; one whose start was cut off is asked for again, by the next host too. */
async function keepBusy(host: Program, deployments: Map<string, string>): Promise<void> {
  let active = 0;
  for (const [workspaceName, id] of deployments) {
    const started = id || (await start(host, workspaceName));
    deployments.set(workspaceName, started ?? '');
    if (!started || (await read(host, started))?.runtimeStatus !== 'Completed') active++;
  }
  for (; active < inFlight; active++) {
    const workspaceName = `dbw-kill-${deployments.size}`;
    deployments.set(workspaceName, '');
    deployments.set(workspaceName, (await start(host, workspaceName)) ?? '');
  }
}

/** The deployment's id; undefined when the host died meanwhile. */
async function start(host: Program, workspaceName: string): Promise<string | undefined> {
  const body = JSON.stringify({ resourceGroup: 'rg-volatility', workspaceName });
  const headers = { 'content-type': 'application/json' };
  return (await ask(host, '/api/deployments', { method: 'POST', headers, body }))?.id;
}

const read = (host: Program, id: string): Promise<StatusResource | undefined> => ask(host, `/api/deployments/${id}`);

async function ask(
  host: Program,
  path: string,
  { method, body, headers }: { method?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<StatusResource | undefined> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(host.ready + path, {
      ...(method && { method }),
      ...(body && { body }),
      headers: { ...headers, 'x-functions-key': functionKey },
    });
    text = await response.text();
  } catch {
    return undefined;
  }
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return JSON.parse(text) as StatusResource;
}

async function finish(host: Program, id: string): Promise<object> {
  for (;;) {
    const status = await read(host, id);
    if (!status) throw new Error('the last host died');
    const { runtimeStatus, state, attempt, failure, target } = status;
    if (runtimeStatus !== 'Running' && runtimeStatus !== 'Pending')
      return { seed, workspaceName: target.workspaceName, runtimeStatus, state, attempt, failure };
    await after(100, () => undefined);
  }
}

const after = (ms: number, act: () => unknown): Promise<void> =>
  new Promise((resolve) => {
    systemClock.setTimer(Date.now() + ms, () => {
      act();
      resolve();
    });
  });
