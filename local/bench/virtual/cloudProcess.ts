import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cloud, type Latencies, startCloud } from '../../cloud/startCloud.ts';
import type { Compute } from '../../databricks/compute.ts';
import { acceleratorScript } from '../../databricks/notebooks/acceleratorScript.ts';
import { scriptedCompute } from '../../databricks/notebooks/scriptedCompute.ts';
import { VirtualClock } from '../../kit/clock.ts';
import { replicationSeconds } from '../criticalPath.ts';
import { runmeNotebookSeconds, type Waits } from '../waits.ts';
import { type CallLog, startCallLog } from './callLog.ts';
import { type Answers, nameOf, type Order } from './protocol.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const shutdownSeconds = 1;
/** Of the notebooks' wait; how it is divided makes no difference to when it ends. */
const gpuClusterShare = 0.08;

/** A cloud in the time of a clock that the process which started this one moves. */
interface Running {
  clock: VirtualClock;
  cloud: Cloud;
  calls: CallLog;
}

let running: Running | undefined;

process.on('message', (order: Order) => {
  answer(order).then(
    (value) => process.send?.(value),
    (error: Error) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));

async function answer(order: Order): Promise<Answers[Order['kind']]> {
  if (order.kind === 'start') return start(order);
  if (!running) throw new Error('There is no cloud yet.');
  const { clock, cloud, calls } = running;
  switch (order.kind) {
    case 'nextDue': {
      await calls.quiet();
      const dueMs = clock.nextDue();
      return dueMs === undefined ? {} : { dueMs };
    }
    case 'advanceTo':
      clock.advanceTo(order.ms);
      await calls.quiet();
      return {};
    case 'report':
      return calls.report();
    default:
      await cloud.close();
      return {};
  }
}

async function start({ folder, startMs, waits }: Extract<Order, { kind: 'start' }>): Promise<Answers['start']> {
  const clock = new VirtualClock(startMs);
  const byName = new Map(waits.map((each, index) => [nameOf(index), each]));
  const waitsFor = (name: string): Waits => {
    const found = byName.get(name);
    if (!found) throw new Error(`Nobody said how long the workspace ${name} takes.`);
    return found;
  };
  const cloud = await startCloud({
    folder,
    repository: copyNotebooks(join(folder, 'repository')),
    compute: computeFor(waitsFor, clock),
    latencies: { ...latenciesOf(waits[0] ?? waitsFor('')), replicationSeconds },
    latenciesFor: (name) => latenciesOf(waitsFor(name)),
    clock,
  });
  const names = new Map<number, string>();
  const nameAt = (port: number): string | undefined => {
    if (!names.has(port))
      for (const { server, resourceId } of cloud.databricks.workspaces())
        names.set(server.port, resourceId.split('/').at(-1) ?? '');
    return names.get(port);
  };
  running = { clock, cloud, calls: startCallLog(nameAt) };
  return { settings: cloud.settings, ca: cloud.certificate.cert };
}

/** The notebooks and the job's template alone, so that a clone of each workspace is small. */
function copyNotebooks(folder: string): string {
  const from = join(root, 'notebooks');
  for (const file of readdirSync(from).filter((name) => /^(?:RUNME|\d\d_\w+)\.py$|^job-template\.json$/.test(name)))
    cpSync(join(from, file), join(folder, 'notebooks', file));
  return folder;
}

const latenciesOf = (waits: Waits): Latencies => ({
  workspaceSeconds: waits.workspace,
  replicationSeconds,
  storageSeconds: waits.storage,
  cloneSeconds: 0,
  clusterSeconds: waits.runme - runmeNotebookSeconds,
  gpuClusterSeconds: waits.notebooks * gpuClusterShare,
  warehouseSeconds: waits.warehouse,
});

/** Acts the notebooks of each workspace in the time that is drawn for it. */
function computeFor(waitsFor: (name: string) => Waits, clock: VirtualClock): Compute {
  const acting = new Map<string, Compute>();
  const of = ([catalog = '']: string[]): Compute => {
    // The default catalog is named after the workspace.
    const found = acting.get(catalog) ?? scriptedCompute(scriptFor(waitsFor(catalog.replaceAll('_', '-'))), clock);
    acting.set(catalog, found);
    return found;
  };
  return {
    startCluster: (cluster) => of(cluster.catalogs).startCluster(cluster),
    startWarehouse: (warehouse) => of(warehouse.catalogs).startWarehouse(warehouse),
  };
}

function scriptFor({ notebooks }: Waits): typeof acceleratorScript {
  const seconds = notebooks * (1 - gpuClusterShare) - shutdownSeconds;
  const lasting = (name: string, share: number) => ({
    [name]: { ...acceleratorScript[name], seconds: seconds * share },
  });
  return {
    RUNME: { ...acceleratorScript['RUNME'], seconds: runmeNotebookSeconds },
    ...lasting('01_introduction', 0.05),
    ...lasting('02_create_features', 0.45),
    ...lasting('03_train_models', 0.5),
  };
}
