import type { KeyObject } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import type { Clock } from '../kit/clock.ts';
import type { Git } from '../kit/git.ts';
import type { Machine } from '../kit/machine.ts';
import type { Store } from '../kit/store.ts';
import { openLakehouse } from './unity/lakehouse.ts';
import { WorkspaceFiles } from './files/workspaceFiles.ts';
import type { Compute, Lakehouse } from './compute.ts';
import { Scenarios } from './scenarios.ts';

/** What the emulator remembers of one workspace; the port stays the same over restarts, as ARM has told it to clients. */
export interface WorkspaceRecord {
  resourceId: string;
  workspaceId: string;
  name: string;
  location: string;
  port: number;
  createdMs: number;
}

export interface Latencies {
  /** From the creation of the workspace until its storage answers. */
  storageSeconds: number;
  clusterSeconds: number;
  gpuClusterSeconds: number;
  /** From the start of a SQL warehouse until it runs; longer when what executes its statements is not ready then. */
  warehouseSeconds: number;
  cloneSeconds: number;
}

/** What the parts of one workspace share. */
export interface Workspace {
  record: WorkspaceRecord;
  /** `localhost:port`. */
  host(): string;
  certificate: Certificate;
  signingKey: KeyObject;
  clock: Clock;
  latencies: Latencies;
  repositories: Record<string, string>;
  git: Git;
  compute: Compute;
  mayAdminister(resourceId: string, objectId: string): boolean;
  /** Holds `files` (what notebooks see as /Workspace), `dbfs`, `logs`, `git`, `tables`, and a folder for each cluster that runs. */
  folder: string;
  store: Store;
  files: WorkspaceFiles;
  scenarios: Scenarios;
  /** The tables' folder, and the catalogs that there are now. */
  lakehouse(): Lakehouse;
  /** A new int64 id beyond 2^53, as text: real ids are that large, and clients that round them must fail here too. */
  nextId(): string;
  /** Calls `fire` at `dueMs` unless the workspace has been closed. */
  at(dueMs: number, fire: () => void): () => void;
  storageReady(): boolean;
  close(): void;
}

const firstId = 2n ** 53n + 1001n;

export type WorkspaceSettings = Pick<
  Workspace,
  'certificate' | 'signingKey' | 'clock' | 'latencies' | 'repositories' | 'compute' | 'mayAdminister' | 'folder'
> & { machine: Machine };

/** Opens a workspace's state and files, making both when they are not there. */
export function openWorkspace(record: WorkspaceRecord, settings: WorkspaceSettings): Workspace {
  const { folder, clock, machine } = settings;
  for (const part of ['files', 'dbfs', 'logs', 'git']) mkdirSync(join(folder, part), { recursive: true });
  const store = machine.openStore(join(folder, 'state.sqlite'));
  const counters = store.collection<string>('counters');
  const nextId = (): string => {
    const id = (BigInt(counters.get('id') ?? firstId) + 1n).toString();
    counters.set('id', id);
    return id;
  };
  const timers = new Set<() => void>();
  const scenarios = new Scenarios(store);
  return {
    ...settings,
    git: machine.git,
    record,
    host: () => `localhost:${record.port}`,
    store,
    files: new WorkspaceFiles(join(folder, 'files'), store, nextId),
    scenarios,
    lakehouse: openLakehouse(join(folder, 'tables'), record.name),
    nextId,
    at(dueMs, fire) {
      const stop = clock.setTimer(dueMs, () => {
        timers.delete(stop);
        fire();
      });
      timers.add(stop);
      return () => {
        timers.delete(stop);
        stop();
      };
    },
    storageReady() {
      const seconds = settings.latencies.storageSeconds + scenarios.storageDelaySeconds();
      return clock.now() >= record.createdMs + seconds * 1000 && !scenarios.has('storageNeverReady');
    },
    close() {
      for (const stop of timers) stop();
      timers.clear();
      store.close();
    },
  };
}
