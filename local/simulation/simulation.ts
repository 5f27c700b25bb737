import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { StatusResource } from '../../domain/status.ts';
import { type Cloud, type Latencies, startCloud } from '../cloud/startCloud.ts';
import { localResourceGroup } from '../cloud/localNames.ts';
import { acceleratorScript } from '../databricks/notebooks/acceleratorScript.ts';
import { type NotebookScript, scriptedCompute } from '../databricks/notebooks/scriptedCompute.ts';
import { isFinal } from '../host/durable/protocol.ts';
import { Store } from '../host/durable/store.ts';
import type { HostKeys } from '../host/http/hostKeys.ts';
import type { Log } from '../host/log.ts';
import { type Host, type Remains, startHost } from '../host/startHost.ts';
import { VirtualClock } from '../kit/clock.ts';
import type { ApiServer } from '../kit/server.ts';
import { ground, root } from './ground.ts';
import { MemoryStore } from './memoryStore.ts';

export interface SimulationOptions {
  latencies: Latencies;
  /** What the notebooks do; the accelerator acted when left out. */
  script?: NotebookScript;
  /** The folder of the function app; this project's own when left out. */
  appFolder?: string;
  /** More settings of the app; those of a process stay what they were in its first simulation. */
  settings?: Record<string, string>;
  /** Where it goes on; an empty cloud when left out. */
  from?: Snapshot;
  /** Receives what hosts and app log; dropped when left out. */
  log?: Log;
  /** Called with each server as it begins to serve. */
  onServer?: (server: ApiServer, name: ServerName) => void;
  /** Called with each host as it begins to run. */
  onHost?: (host: Host) => void;
}

/** All that is kept of a simulation when its host and its emulators are stopped. */
export interface Snapshot {
  atMs: number;
  stores: ReadonlyMap<string, MemoryStore>;
  durable: Uint8Array;
  keys: HostKeys;
  /** A copy of the emulators' files. */
  files: string;
}

/** `azure`, `identity`, or the name of a workspace. */
export type ServerName = string;

/** The app as it is built, on the embedded host and over the emulators, in one process and under one clock, over a network in memory. */
export interface Simulation {
  clock: VirtualClock;
  /** What the clock showed at the beginning. */
  startMs: number;
  cloud: Cloud;
  /** The token endpoint, Resource Manager, and the workspaces in the order of their making. */
  servers(): readonly ApiServer[];
  /** The host that runs now. */
  readonly host: Host;
  /** How often a host has crashed. */
  readonly crashes: number;
  /** What each emulator remembers, by the name of its store. */
  stores: ReadonlyMap<string, MemoryStore>;
  /** POSTs to the app; undefined when a crash has taken the answer, and then the next host runs. */
  post(path: string, body: unknown): Promise<Response | undefined>;
  /** POSTs a deployment, again when a crash has taken the answer. Throws when it is refused. */
  start(request: { workspaceName: string } & Record<string, unknown>): Promise<StatusResource>;
  read(id: string): Promise<StatusResource>;
  /** Moves the clock until the deployment is over. */
  finish(id: string): Promise<StatusResource>;
  isOver(id: string): boolean;
  /** Calls `act` with each workspace's server: those that are there now, and later ones before anyone can know their address. */
  onWorkspace(act: (server: ApiServer) => Promise<void>): Promise<void>;
  /** Ends the host like SIGKILL at this very statement; the next one starts a few seconds later. */
  crash(): void;
  /** Moves the clock until something holds, and starts a host where one has crashed. */
  until(predicate: () => boolean): Promise<void>;
  /** Stops everything, like `close`, and gives what is left. */
  stop(): Promise<Snapshot>;
  close(): Promise<void>;
}

// In the future, so that tokens look valid to the SDK's cache, which goes by the real clock.
const firstMs = Date.UTC(2040, 0, 2, 8);
const restartMs = 3000;
const mostSteps = 20_000;
const mostAtOnce = 150;

/** Starts a simulation; one at a time in a process. */
export async function startSimulation(options: SimulationOptions): Promise<Simulation> {
  const { folder, network, git, repository } = await ground();
  const { from } = options;
  const files = join(folder, 'databricks');
  rmSync(files, { recursive: true, force: true });
  if (from) cpSync(from.files, files, { recursive: true });
  const startMs = from?.atMs ?? firstMs;
  const clock = new VirtualClock(startMs);
  const stores = new Map<string, MemoryStore>();
  const openStore = (file: string): MemoryStore => {
    const name = file.slice(folder.length + 1);
    const store = new MemoryStore(from?.stores.get(name));
    stores.set(name, store);
    // The app keeps the header that it was started with.
    if (file.endsWith('azure.sqlite')) store.collection('azure.identityHeader').set('header', 'simulated');
    return store;
  };
  const compute = scriptedCompute(options.script ?? acceleratorScript, clock);
  const machine = { network, openStore, git };
  const cloud = await startCloud({ folder, clock, compute, latencies: options.latencies, repository, machine });
  const servers: ApiServer[] = [];
  const serve = (server: ApiServer, name: ServerName): void => {
    servers.push(server);
    server.observers.push((phase) => {
      if (phase === 'received') noticeRequest();
    });
    options.onServer?.(server, name);
  };
  serve(cloud.azure.identity, 'identity');
  serve(cloud.azure.arm, 'azure');
  for (const { resourceId, server } of cloud.databricks.workspaces()) serve(server, basename(resourceId));
  let actOnWorkspace = (_server: ApiServer): Promise<void> => Promise.resolve();
  const create = cloud.databricks.createWorkspace.bind(cloud.databricks);
  cloud.databricks.createWorkspace = async (wanted) => {
    const made = await create(wanted);
    const found = cloud.databricks.workspaces().find(({ resourceId }) => resourceId === wanted.resourceId);
    if (found && !servers.includes(found.server)) {
      serve(found.server, wanted.name);
      await actOnWorkspace(found.server);
    }
    return made;
  };
  const settings = {
    ...cloud.settings,
    POLL_FLOOR_SECONDS: '5',
    POLL_CEILING_SECONDS: '60',
    MAX_ACTIVE_DEPLOYMENTS: '1000',
    MAX_STARTS_PER_HOUR: '100000',
    ...options.settings,
  };
  const { log } = options;
  const hostOptions = {
    appFolder: options.appFolder ?? root,
    memory: true,
    clock,
    strict: true,
    settings,
    ...(log && { log }),
  };
  let remains: Remains | undefined;
  const nextHost = async (left?: Remains): Promise<Host> => {
    const next = await startHost({ ...hostOptions, ...(left && { remains: left }) });
    options.onHost?.(next);
    return next;
  };
  let host = await nextHost(from && { store: Store.restored(from.durable), keys: from.keys });
  let crashes = 0;
  let restless: Error | undefined;

  // An app that asks again and again and lets no time pass would keep the clock from ever moving.
  const now = { atMs: 0, requests: 0 };
  const noticeRequest = (): void => {
    if (now.atMs !== clock.now()) Object.assign(now, { atMs: clock.now(), requests: 0 });
    if (++now.requests < mostAtOnce || restless) return;
    restless = new Error(`the app has made ${mostAtOnce} requests at one moment, and makes more`);
    simulation.crash();
  };

  /** Nothing moves at the present time; a host that has crashed meanwhile is followed by the next. */
  const settle = async (): Promise<void> => {
    await host.idle();
    if (restless) throw restless;
    for (; remains; await host.idle()) {
      await quiet(servers);
      clock.advance(restartMs);
      await quiet(servers);
      const left = remains;
      remains = undefined;
      host = await nextHost(left);
    }
  };
  const ask = async (path: string, init: RequestInit): Promise<Response | undefined> => {
    const headers = { 'x-functions-key': host.keys.function, 'content-type': 'application/json' };
    try {
      const response = await fetch(host.url + path, { ...init, headers });
      // Read here, for a crash may cut the body.
      return new Response(await response.text(), { status: response.status });
    } catch (error) {
      if (!remains) throw error;
      await settle();
      return undefined;
    }
  };
  const simulation: Simulation = {
    clock,
    startMs,
    cloud,
    servers: () => servers,
    stores,
    get host() {
      return host;
    },
    get crashes() {
      return crashes;
    },
    post: (path, body) => ask(path, { method: 'POST', body: JSON.stringify(body) }),
    async start(request) {
      const body = { resourceGroup: localResourceGroup, ...request };
      for (;;) {
        const response = await simulation.post('/api/deployments', body);
        if (response?.ok) return (await response.json()) as StatusResource;
        if (response) throw new Error(`${response.status} ${await response.text()}`);
      }
    },
    async read(id) {
      for (;;) {
        const response = await ask(`/api/deployments/${id}`, {});
        if (response) return (await response.json()) as StatusResource;
      }
    },
    async finish(id) {
      await simulation.until(() => simulation.isOver(id));
      return simulation.read(id);
    },
    isOver: (id) => isFinal(host.status(id) ?? 'Pending'),
    async onWorkspace(act) {
      actOnWorkspace = act;
      for (const { server } of cloud.databricks.workspaces()) await act(server);
    },
    crash() {
      if (remains) return;
      crashes++;
      remains = host.crash();
      network.cut(host.generation);
    },
    async until(predicate) {
      for (let step = 0; step < mostSteps; step++) {
        await settle();
        if (predicate()) return;
        const nextMs = clock.nextDue();
        if (nextMs === undefined) throw new Error('nothing is due any more, and what was waited for has not happened');
        clock.advanceTo(nextMs);
      }
      throw new Error(`what was waited for has not happened within ${mostSteps} steps of the clock`);
    },
    async stop() {
      await settle();
      const { store, keys } = host.crash();
      await cloud.close();
      const kept = mkdtempSync(join(folder, 'snapshot-'));
      cpSync(files, kept, { recursive: true });
      const durable = store.serialize();
      store.close();
      return { atMs: clock.now(), stores, durable, keys, files: kept };
    },
    async close() {
      // Otherwise the last host has crashed.
      if (!restless) {
        await settle();
        await host.stop();
      }
      await cloud.close();
    },
  };
  return simulation;
}

/** Waits until no server has a request in hand: what has come is still done when the one who asked is gone. */
async function quiet(servers: readonly ApiServer[]): Promise<void> {
  for (let turns = 0; turns < 3;) {
    await new Promise((resolve) => setImmediate(resolve));
    turns = servers.some(({ inFlight }) => inFlight > 0) ? 0 : turns + 1;
  }
}
