import type { Collection } from '../../kit/store.ts';
import type { StartedCluster } from '../compute.ts';
import type { Workspace } from '../workspace.ts';
import { findNodeType, sparkVersions } from './clusterCatalogue.ts';
import { ClusterDrivers } from './clusterDrivers.ts';
import { type ClusterReason, clusterLost } from './endings.ts';
import type { ClusterSpec } from './jobSettings.ts';
import type { Ending } from './run.ts';

/** A job cluster; it lives as long as the run that made it. */
export interface Cluster {
  clusterId: string;
  runId: string;
  /** The job cluster's key, or the run id of the one task that it is for. */
  key: string;
  jobName: string;
  creator: string;
  spec: ClusterSpec;
  state: 'PENDING' | 'RUNNING' | 'TERMINATING' | 'TERMINATED';
  startMs: number;
  readyAtMs: number;
  terminatedMs?: number;
  /** Set when it will not come up, or was lost: how the tasks on it end. */
  failure?: ClusterReason & { ending: Ending };
}

/** The job clusters of a workspace and their drivers: they take their time to start, and may fail to. */
export class Clusters {
  readonly #workspace: Workspace;
  readonly #clusters: Collection<Cluster>;
  readonly #drivers: ClusterDrivers;
  #closed = false;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#clusters = workspace.store.collection('clusters');
    this.#drivers = new ClusterDrivers(workspace);
  }

  get(clusterId: string): Cluster | undefined {
    return this.#clusters.get(clusterId);
  }

  ofRun(runId: string): Cluster[] {
    return this.#clusters.values().filter((cluster) => cluster.runId === runId);
  }

  save(cluster: Cluster): void {
    this.#clusters.set(cluster.clusterId, cluster);
  }

  /** Asks for a new cluster; it is PENDING until `readyAtMs`. */
  request(wanted: Pick<Cluster, 'runId' | 'key' | 'jobName' | 'creator' | 'spec'>, taskKey: string): Cluster {
    const { clock, latencies, scenarios } = this.#workspace;
    const now = clock.now();
    const refusal = refuse(wanted.spec);
    const trouble = refusal ? undefined : scenarios.take('clusterFails', { jobName: wanted.jobName, taskKey });
    const usesGpu = (findNodeType(wanted.spec.node_type_id ?? '')?.gpus ?? 0) > 0;
    const seconds = usesGpu ? latencies.gpuClusterSeconds : latencies.clusterSeconds;
    const number = this.#workspace.nextId();
    const stamp = new Date(now).toISOString().replace(/[-:]/g, '');
    const cluster: Cluster = {
      ...wanted,
      // Real ones look like 1123-201502-abcdefgh.
      clusterId: `${stamp.slice(4, 8)}-${stamp.slice(9, 15)}-${BigInt(number).toString(36).slice(-8)}`,
      state: 'PENDING',
      startMs: now,
      readyAtMs: now + (refusal ? 0 : seconds * 1000),
      ...(refusal && { failure: refusal }),
      ...(trouble && { failure: startFailure(trouble) }),
    };
    this.save(cluster);
    return cluster;
  }

  /** The driver of a cluster that is RUNNING. */
  driverOf(clusterId: string): StartedCluster | undefined {
    return this.#drivers.get(clusterId);
  }

  /** Starts a cluster that is PENDING; `settled` is called when it is RUNNING, or when it is TERMINATED by a failure. */
  start({ clusterId, readyAtMs }: Cluster, settled: (cluster: Cluster) => void): void {
    const cluster = this.get(clusterId);
    // What is asked for while the emulator closes starts with its next process.
    if (cluster?.state !== 'PENDING' || this.#closed) return;
    const { failure } = cluster;
    const driver = failure ? undefined : this.#drivers.start(cluster, () => this.#lose(clusterId));
    const settle = (failed?: Failure): void => {
      if (this.#closed || this.get(clusterId)?.state !== 'PENDING') return;
      const now: Cluster = { ...cluster, state: failed ? 'TERMINATED' : 'RUNNING', ...(failed && { failure: failed }) };
      this.save(now);
      if (failed) void this.#drivers.stop(clusterId);
      settled(now);
    };
    this.#workspace.at(readyAtMs, () => {
      if (!driver?.ready) return settle(failure);
      driver.ready.then(
        () => settle(this.driverOf(clusterId) ? undefined : driverUnreachable(hasEnded)),
        (error: Error) => settle(driverUnreachable(error)),
      );
    });
  }

  /** Makes the run's clusters, whose drivers ended with an earlier process, start anew; gives those that are to be started. */
  restart(runId: string): Cluster[] {
    const open = this.ofRun(runId).filter(({ state }) => state === 'PENDING' || state === 'RUNNING');
    for (const cluster of open) this.save({ ...cluster, state: 'PENDING' });
    return open;
  }

  /** Ends all drivers without recording it; settles when nothing of them is left. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#drivers.close();
  }

  #lose(clusterId: string): void {
    const cluster = this.get(clusterId);
    if (this.#closed || cluster?.state !== 'RUNNING') return;
    const failure = driverUnreachable(hasEnded);
    this.save({ ...cluster, state: 'TERMINATED', terminatedMs: this.#workspace.clock.now(), failure });
  }

  /** Takes a cluster that runs away, as the cloud does with spot instances; gives how the tasks on it end. */
  evict(clusterId: string, reason: ClusterReason): Ending | undefined {
    const cluster = this.get(clusterId);
    if (cluster?.state !== 'RUNNING') return undefined;
    const ending = clusterLost(clusterId, reason);
    const terminatedMs = this.#workspace.clock.now();
    this.save({ ...cluster, state: 'TERMINATED', terminatedMs, failure: { ...reason, ending } });
    void this.#drivers.stop(clusterId);
    return ending;
  }

  /** Shuts down what is still up for a run. */
  terminate(runId: string, state: 'TERMINATING' | 'TERMINATED'): void {
    for (const cluster of this.ofRun(runId)) {
      void this.#drivers.stop(cluster.clusterId);
      if (cluster.state === 'TERMINATED') continue;
      const terminatedMs = state === 'TERMINATED' ? { terminatedMs: this.#workspace.clock.now() } : {};
      this.save({ ...cluster, state, ...terminatedMs });
    }
  }
}

type Failure = NonNullable<Cluster['failure']>;

// Wording of the first: databrickslabs/dbx #782; of the third: dolly #9.
function refuse(spec: ClusterSpec): Failure | undefined {
  const node = findNodeType(spec.node_type_id ?? '');
  const gpuRuntime = spec.spark_version.includes('-gpu-');
  if (!sparkVersions.some(({ key }) => key === spec.spark_version)) {
    return invalidRequest(`Invalid spark version ${spec.spark_version}.`);
  }
  if (!node) return invalidRequest(`Node type ${spec.node_type_id ?? ''} is not supported.`);
  const photon = spec['runtime_engine'] === 'PHOTON' || spec.spark_version.includes('-photon-');
  if (node.gpus > 0 && (!gpuRuntime || photon)) {
    return invalidRequest('This node type is not compatible with selected runtime.');
  }
  return undefined;
}

function invalidRequest(reason: string): Failure {
  const message = `INVALID_PARAMETER_VALUE: ${reason}`;
  return {
    code: 'INVALID_ARGUMENT',
    type: 'CLIENT_ERROR',
    message,
    ending: {
      lifeCycle: 'INTERNAL_ERROR',
      result: 'FAILED',
      message: `Unexpected user error while preparing the cluster for the job. Cause: ${message}`,
      termination: { code: 'INVALID_CLUSTER_REQUEST', type: 'CLIENT_ERROR' },
    },
  };
}

const hasEnded = new Error('The driver has ended.');
const driverUnreachable = ({ message }: Error): Failure =>
  startFailure({ code: 'DRIVER_UNREACHABLE', type: 'SERVICE_FAULT', message });

function startFailure({ code, type, message }: ClusterReason): Failure {
  const ours = type === 'CLIENT_ERROR';
  return {
    code,
    type,
    message,
    ending: {
      lifeCycle: 'INTERNAL_ERROR',
      result: 'FAILED',
      message: `Unexpected failure while waiting for the cluster to be ready. Cause: ${code}(${type}): ${message}`,
      termination: { code: ours ? 'CLUSTER_ERROR' : 'CLOUD_FAILURE', type: ours ? 'CLIENT_ERROR' : 'CLOUD_FAILURE' },
    },
  };
}
