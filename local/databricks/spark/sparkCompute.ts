import type { Compute } from '../compute.ts';
import { startSparkCluster } from './sparkCluster.ts';
import type { SparkInstallation } from './sparkInstallation.ts';
import { startSparkWarehouse } from './sparkWarehouse.ts';

/** Really does a workspace's work: job clusters and SQL warehouses with Spark and Delta Lake. */
export function sparkCompute(installation: SparkInstallation): Compute {
  return {
    startCluster: (cluster) => startSparkCluster(installation, cluster),
    startWarehouse: (warehouse) => startSparkWarehouse(installation, warehouse),
  };
}
