import type { KeyObject } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../kit/certificate.ts';
import { type Clock, systemClock } from '../kit/clock.ts';
import type { ApiServer } from '../kit/server.ts';
import { type Machine, thisMachine } from '../kit/machine.ts';
import type { Compute } from './compute.ts';
import { type RunningWorkspace, serveWorkspace } from './serveWorkspace.ts';
import type { Latencies, WorkspaceRecord } from './workspace.ts';

export interface DatabricksOptions {
  certificate: Certificate;
  /** Holds the emulator's whole state: one folder per workspace. */
  folder: string;
  /** Signs the local directory's tokens. */
  signingKey: KeyObject;
  clock?: Clock;
  /** Whether an ARM principal administers the workspace resource; such a caller is enrolled at its first call with the two Azure headers. */
  mayAdminister(resourceId: string, objectId: string): boolean;
  /** Local folders or repositories that stand for public ones; every other URL is an unreachable remote. */
  repositories: Record<string, string>;
  compute: Compute;
  latencies?: Partial<Latencies>;
  machine?: Machine;
  /** Those of the workspace of this name, where they differ. */
  latenciesFor?: (name: string) => Partial<Latencies>;
}

/** A workspace as the Azure emulator asks for it. */
export interface WorkspaceRequest {
  resourceId: string;
  workspaceId: string;
  name: string;
  location: string;
}

export interface Databricks {
  /** Makes the workspace (or finds it) and serves it; `host` is `localhost:port`. */
  createWorkspace(workspace: WorkspaceRequest): Promise<{ host: string }>;
  /** Ends the workspace and deletes its files; one that is not there is no error. */
  deleteWorkspace(resourceId: string): Promise<void>;
  workspaces(): { resourceId: string; host: string; server: ApiServer }[];
  /** Stops the servers and notebooks; the state stays for the next start. */
  close(): Promise<void>;
}

const defaultLatencies: Latencies = {
  storageSeconds: 2,
  clusterSeconds: 3,
  gpuClusterSeconds: 5,
  warehouseSeconds: 3,
  cloneSeconds: 0,
};

/** Starts the emulator, and the servers of the workspaces made before on their old ports. */
export async function startDatabricks(options: DatabricksOptions): Promise<Databricks> {
  const latencies = { ...defaultLatencies, ...options.latencies };
  const { machine = thisMachine } = options;
  const settings = { ...options, machine, clock: options.clock ?? systemClock, latencies };
  mkdirSync(options.folder, { recursive: true });
  const store = machine.openStore(join(options.folder, 'workspaces.sqlite'));
  const records = store.collection<WorkspaceRecord>('workspaces');
  const running = new Map<string, RunningWorkspace>();
  const folderOf = (record: WorkspaceRecord): string => join(options.folder, record.workspaceId);
  const serve = async (record: WorkspaceRecord): Promise<RunningWorkspace> => {
    const own = { ...latencies, ...options.latenciesFor?.(record.name) };
    const served = await serveWorkspace(record, { ...settings, latencies: own, folder: folderOf(record) });
    records.set(keyOf(record.resourceId), served.record);
    running.set(keyOf(record.resourceId), served);
    return served;
  };
  const stop = async (): Promise<void> => {
    for (const served of running.values()) await served.close();
    running.clear();
    store.close();
  };
  try {
    for (const record of records.values()) await serve(record);
  } catch (error) {
    await stop();
    throw error;
  }

  // Creation and deletion take turns, so that a repeated creation finds the first one.
  let closed: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };
  return {
    createWorkspace: (workspace) =>
      inTurn(async () => {
        const key = keyOf(workspace.resourceId);
        const served = running.get(key) ?? (await serve({ ...workspace, port: 0, createdMs: settings.clock.now() }));
        return { host: served.host };
      }),
    deleteWorkspace: (resourceId) =>
      inTurn(async () => {
        const served = running.get(keyOf(resourceId));
        if (!served) return;
        await served.close();
        running.delete(keyOf(resourceId));
        records.delete(keyOf(resourceId));
        rmSync(folderOf(served.record), { recursive: true, force: true });
      }),
    workspaces: () =>
      [...running.values()].map(({ record, host, server }) => ({ resourceId: record.resourceId, host, server })),
    close: () => (closed ??= inTurn(stop)),
  };
}

// ARM ids do not differ by case.
const keyOf = (resourceId: string): string => resourceId.toLowerCase();
