import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import type { StatusResource } from '../../domain/status.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { type Cloud, type Latencies, startCloud } from '../../local/cloud/startCloud.ts';
import { acceleratorScript } from '../../local/databricks/notebooks/acceleratorScript.ts';
import { type NotebookScript, scriptedCompute } from '../../local/databricks/notebooks/scriptedCompute.ts';
import type { FaultRule } from '../../local/faults/faults.ts';
import { isFinal } from '../../local/host/durable/protocol.ts';
import type { Log } from '../../local/host/log.ts';
import { runUntil } from '../../local/host/runUntil.ts';
import { type Host, startHost } from '../../local/host/startHost.ts';
import { VirtualClock } from '../../local/kit/clock.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { makePlainRepository, makeRepository } from './makeRepository.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const monthMs = 30 * 86_400_000;

/** The built app on the embedded host, and a cloud for it, all under one clock that stands still until it is moved. */
export interface World {
  clock: VirtualClock;
  cloud: Cloud;
  host: Host;
  /** Sends a request with the function key (none with `key: ''`). */
  call(path: string, options?: CallOptions): Promise<Response>;
  /** POSTs a deployment; the resource group may be left out. Throws when it is refused. */
  start(request: DeploymentWish): Promise<StatusResource>;
  /** Moves the clock until the deployment is over. */
  finish(id: string): Promise<StatusResource>;
  /** Starts a deployment and moves the clock until it is over. */
  deploy(request: DeploymentWish): Promise<StatusResource>;
  /** Moves the clock until something holds; it is looked at whenever nothing moves at the present time. */
  until(predicate: () => boolean | Promise<boolean>): Promise<void>;
  /** Moves the clock by some seconds, and lets happen in their order the things that fall due. */
  pass(seconds: number): Promise<void>;
  isOver(id: string): boolean;
  read(id: string): Promise<StatusResource>;
  /** The Databricks server of a workspace that exists. */
  workspace(name: string): ApiServer;
  close(): Promise<void>;
}

export interface CallOptions {
  method?: string;
  /** A text is sent as it is, anything else as JSON. */
  body?: unknown;
  key?: string;
  headers?: Record<string, string>;
}

export type DeploymentWish = { workspaceName: string } & Record<string, unknown>;

export interface WorldOptions {
  /** The folder of the function app; this project's own when left out. */
  appFolder?: string;
  script?: NotebookScript;
  latencies?: Latencies;
  /** Addresses of repositories like most public accelerators. */
  plainRepositories?: string[];
  /** More settings of the app, or others than the cloud's own. */
  settings?: (cloud: Record<string, string>) => Record<string, string>;
  /** Receives what the host and the app log; dropped when left out. */
  log?: Log;
  /** Called when a workspace has been made, before anyone can know its address; a host that it returns is what Azure then shows. */
  onWorkspace?: (name: string, server: ApiServer) => string | void;
}

/** Latencies of the size that they have in Azure; they cost no time here. */
const usualLatencies: Latencies = {
  workspaceSeconds: 180,
  replicationSeconds: 15,
  storageSeconds: 40,
  // A reply that waits for the clock would keep the host busy, and the clock moves only while it is idle.
  cloneSeconds: 0,
  clusterSeconds: 240,
  warehouseSeconds: 120,
  gpuClusterSeconds: 300,
};

/** Starts a world; one per test file, because the app reads its settings once per process. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const { appFolder = root, script = acceleratorScript, latencies = usualLatencies } = options;
  const folder = mkdtempSync(join(tmpdir(), 'world-'));
  // In the past, so that tokens look expired to the SDK's cache, which goes by the real clock, and are asked for anew.
  const clock = new VirtualClock(Date.now() - 12 * monthMs);
  const compute = scriptedCompute(script, clock);
  const repository = makeRepository(join(folder, 'repository'));
  const otherRepositories = Object.fromEntries(
    (options.plainRepositories ?? []).map((url, n) => [url, makePlainRepository(join(folder, `plain-${n}`))]),
  );
  const cloud = await startCloud({ folder, clock, compute, latencies, repository, otherRepositories });
  if (options.onWorkspace) announceWorkspaces(cloud, options.onWorkspace);
  setDefaultCACertificates([...getCACertificates(), cloud.certificate.cert]);
  const settings = {
    ...cloud.settings,
    POLL_FLOOR_SECONDS: '5',
    POLL_CEILING_SECONDS: '60',
    MAX_ACTIVE_DEPLOYMENTS: '50',
    MAX_STARTS_PER_HOUR: '10000',
    ...options.settings?.(cloud.settings),
  };
  const { log } = options;
  const host = await startHost({ appFolder, memory: true, clock, strict: true, settings, ...(log && { log }) });
  const world: World = {
    clock,
    cloud,
    host,
    call: (path, sent) => call(host, path, sent),
    async start(request) {
      const body = { resourceGroup: 'rg-volatility', ...request };
      const response = await world.call('/api/deployments', { method: 'POST', body });
      if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
      return (await response.json()) as StatusResource;
    },
    async finish(id) {
      await world.until(() => world.isOver(id));
      return world.read(id);
    },
    deploy: async (request) => world.finish((await world.start(request)).id),
    until: (predicate) => runUntil(host, clock, predicate, { maxSteps: 20_000 }),
    pass: (seconds) => pass(host, clock, seconds),
    isOver: (id) => isFinal(host.status(id) ?? 'Pending'),
    read: async (id) => (await (await world.call(`/api/deployments/${id}`)).json()) as StatusResource,
    workspace: (name) => findWorkspace(cloud, name),
    async close() {
      await host.stop();
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

async function pass(host: Host, clock: VirtualClock, seconds: number): Promise<void> {
  const endMs = clock.now() + seconds * 1000;
  await host.idle();
  for (let dueMs = clock.nextDue(); dueMs !== undefined && dueMs <= endMs; dueMs = clock.nextDue()) {
    clock.advanceTo(dueMs);
    await host.idle();
  }
  clock.advanceTo(endMs);
}

function call(host: Host, path: string, options: CallOptions = {}): Promise<Response> {
  const { method = 'GET', body, key = host.keys.function, headers } = options;
  return fetch(path.startsWith('http') ? path : `${host.url}${path}`, {
    method,
    headers: {
      ...(key && { 'x-functions-key': key }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

function announceWorkspaces({ databricks }: Cloud, announce: NonNullable<WorldOptions['onWorkspace']>): void {
  const create = databricks.createWorkspace.bind(databricks);
  databricks.createWorkspace = async (wanted) => {
    const made = await create(wanted);
    const found = databricks.workspaces().find(({ resourceId }) => resourceId === wanted.resourceId);
    return { host: (found && announce(wanted.name, found.server)) ?? made.host };
  };
}

/** Sets a fault on a server, as a person does over HTTP. */
export const setFault = (server: ApiServer, rule: FaultRule): Promise<void> => setUp(server, 'faults', rule);

/** Agrees on trouble with an emulator, as a person does over HTTP; throws when it knows no such trouble. */
export const setScenario = (server: ApiServer, scenario: { kind: string } & Record<string, unknown>): Promise<void> =>
  setUp(server, 'scenarios', scenario);

async function setUp(server: ApiServer, what: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${server.url}/__${what}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (response.status !== 201) throw new Error(`${response.status} ${await response.text()}`);
}
