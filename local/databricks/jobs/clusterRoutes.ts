import { invalidParameter } from '../apiError.ts';
import { type Fields, queryOf, requiredText } from '../requestFields.ts';
import { type AddRoute, allVersions } from '../routes.ts';
import { nodeTypes, sparkVersions } from './clusterCatalogue.ts';
import type { Cluster, Clusters } from './clusters.ts';
import type { Scenarios } from '../scenarios.ts';

/** Clusters: what may be asked for, and the job clusters that there are. */
export function addClusterRoutes(on: AddRoute, clusters: Clusters, scenarios: Scenarios): void {
  for (const path of allVersions('clusters/spark-versions'))
    on('GET', path, () => ({ body: { versions: sparkVersions.filter(({ key }) => !scenarios.withholds(key)) } }));
  for (const path of allVersions('clusters/list-node-types')) {
    on('GET', path, () => ({
      body: { node_types: nodeTypes.map((type) => nodeTypeView(type, scenarios.withholds(type.id))) },
    }));
  }
  for (const path of allVersions('clusters/get')) {
    on('GET', path, (request) => {
      const clusterId = requiredText(queryOf(request), 'cluster_id');
      const cluster = clusters.get(clusterId);
      if (!cluster) throw invalidParameter(`Cluster ${clusterId} does not exist`);
      return { body: clusterView(cluster) };
    });
  }
}

const nodeTypeView = (
  { id, cores, memoryMb, gpus, category, deprecated }: (typeof nodeTypes)[number],
  withheld: boolean,
): Fields => ({
  node_type_id: id,
  instance_type_id: id,
  description: id,
  num_cores: cores,
  memory_mb: memoryMb,
  num_gpus: gpus,
  category,
  is_deprecated: deprecated,
  is_hidden: false,
  node_info: {
    status: [...(deprecated ? ['NotAvailableInRegion'] : []), ...(withheld ? ['NotEnabledOnSubscription'] : [])],
  },
});

const stateMessages: Record<Cluster['state'], string> = {
  PENDING: 'Finding instances for new nodes, acquiring more instances if necessary',
  RUNNING: '',
  TERMINATING: 'Terminating cluster',
  TERMINATED: 'Job run ended',
};

function clusterView(cluster: Cluster): Fields {
  const { failure } = cluster;
  const failed = cluster.state === 'TERMINATED' && failure;
  const reason = failed
    ? { code: failure.code, type: failure.type, parameters: { databricks_error_message: failure.message } }
    : { code: 'JOB_FINISHED', type: 'SUCCESS', parameters: {} };
  return {
    ...cluster.spec,
    cluster_id: cluster.clusterId,
    cluster_name: `job-run-${cluster.runId}-${cluster.key}`,
    cluster_source: 'JOB',
    creator_user_name: cluster.creator,
    state: cluster.state,
    state_message: failed ? failure.message : stateMessages[cluster.state],
    start_time: cluster.startMs,
    ...(cluster.terminatedMs !== undefined && { terminated_time: cluster.terminatedMs }),
    ...(cluster.state === 'TERMINATED' && { termination_reason: reason }),
  };
}
