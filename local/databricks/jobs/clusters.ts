import type { Collection } from '../../kit/store.ts';
import type { Workspace } from '../workspace.ts';
import { findNodeType, sparkVersions } from './clusterCatalogue.ts';
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
  /** Set when it will not come up: how the tasks on it end. */
  failure?: { ending: Ending; code: string; type: string; message: string };
}

/** The job clusters of a workspace: they take their time to start, and may fail to. */
export class Clusters {
  readonly #workspace: Workspace;
  readonly #clusters: Collection<Cluster>;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
    this.#clusters = workspace.store.collection('clusters');
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

  /** Shuts down what is still up for a run. */
  terminate(runId: string, state: 'TERMINATING' | 'TERMINATED'): void {
    for (const cluster of this.ofRun(runId)) {
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

function startFailure({ code, type, message }: { code: string; type: string; message: string }): Failure {
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
