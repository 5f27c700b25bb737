import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { StatusResource } from '../../domain/status.ts';
import { type Cloud, startCloud } from '../../local/cloud/startCloud.ts';
import { acceleratorScript } from '../../local/databricks/notebooks/acceleratorScript.ts';
import { type NotebookScript, scriptedExecutor } from '../../local/databricks/notebooks/scriptedExecutor.ts';
import type { FaultRule } from '../../local/faults/faults.ts';
import { runUntil } from '../../local/host/runUntil.ts';
import { type Host, startHost } from '../../local/host/startHost.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import type { ApiServer } from '../../local/kit/server.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const monthMs = 30 * 86_400_000;

/** The built app on the embedded host, and a cloud for it, all under one clock that stands still until it is moved. */
export interface World {
  clock: VirtualClock;
  cloud: Cloud;
  host: Host;
  /** Sends a request with the function key (none with `key: ''`). */
  call(path: string, options?: { method?: string; body?: unknown; key?: string }): Promise<Response>;
  start(request: object): Promise<StatusResource>;
  /** Moves the clock until the deployment is over. */
  finish(id: string): Promise<StatusResource>;
  read(id: string): Promise<StatusResource>;
  /** The Databricks server of a workspace that exists. */
  workspace(name: string): ApiServer;
  close(): Promise<void>;
}

/** Latencies of the size that they have in Azure; they cost no time here. */
const latencies = {
  workspaceSeconds: 180,
  replicationSeconds: 15,
  storageSeconds: 40,
  // A reply that waits for the clock would keep the host busy, and the clock moves only while it is idle.
  cloneSeconds: 0,
  clusterSeconds: 240,
  gpuClusterSeconds: 300,
};

/** Starts a world; one per test file, because the app reads its settings once per process. */
export async function startWorld(script: NotebookScript = acceleratorScript): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'world-'));
  // In the past, so that tokens look expired to the SDK's cache, which goes by the real clock, and are asked for anew.
  const clock = new VirtualClock(Date.now() - 12 * monthMs);
  const executor = scriptedExecutor(script, clock);
  const repository = makeRepository(join(folder, 'repository'));
  const cloud = await startCloud({ folder, clock, executor, latencies, repository });
  setDefaultCACertificates([...getCACertificates(), cloud.certificate.cert]);
  const settings = {
    ...cloud.settings,
    POLL_FLOOR_SECONDS: '5',
    POLL_CEILING_SECONDS: '60',
    MAX_ACTIVE_DEPLOYMENTS: '50',
  };
  const host = await startHost({ appFolder: root, memory: true, clock, strict: true, settings });

  const call: World['call'] = (path, { method = 'GET', body, key = host.keys.function } = {}) =>
    fetch(`${host.url}${path}`, {
      method,
      headers: {
        ...(key && { 'x-functions-key': key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const read: World['read'] = async (id) => (await (await call(`/api/deployments/${id}`)).json()) as StatusResource;
  const isOver = async (id: string): Promise<boolean> =>
    !['Running', 'Pending'].includes((await read(id)).runtimeStatus);
  return {
    clock,
    cloud,
    host,
    call,
    read,
    async start(request) {
      const response = await call('/api/deployments', { method: 'POST', body: request });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as StatusResource;
    },
    async finish(id) {
      await runUntil(host, clock, () => isOver(id), { maxSteps: 5000 });
      return read(id);
    },
    workspace(name) {
      const found = cloud.databricks
        .workspaces()
        .find(({ resourceId }) => resourceId.toLowerCase().endsWith(`/${name}`.toLowerCase()));
      if (!found) throw new Error(`there is no workspace ${name}`);
      return found.server;
    },
    async close() {
      await host.stop();
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A Git repository with notebooks that the script acts, and a real job template. */
function makeRepository(folder: string): string {
  cpSync(join(root, 'tests/fixtures/accelerator'), folder, { recursive: true });
  const author = ['-c', 'user.name=Tests', '-c', 'user.email=tests@example.com'];
  for (const command of [
    ['init', '-q', '-b', 'main'],
    ['add', '-A'],
    [...author, 'commit', '-q', '-m', 'First'],
    ['tag', 'v1'],
  ]) {
    execFileSync('git', command, { cwd: folder });
  }
  return folder;
}

/** Sets a fault on a server, as a person does over HTTP. */
export async function setFault(server: ApiServer, rule: FaultRule): Promise<void> {
  await fetch(`${server.url}/__faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(rule),
  });
}
