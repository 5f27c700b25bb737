import type { Compute } from '../compute.ts';
import type { PythonInstallation } from '../notebooks/pythonNotebook.ts';
import { startSparkCluster } from './sparkCluster.ts';
import { startSparkWarehouse } from './sparkWarehouse.ts';

/** What Spark needs on this machine. */
export interface SparkInstallation extends PythonInstallation {
  java: string;
  /** Spark, Delta Lake and our own classes. */
  classPath: string;
}

/** Really does a workspace's work: job clusters and SQL warehouses with Spark and Delta Lake. */
export function sparkCompute(installation: SparkInstallation): Compute {
  return {
    startCluster: (cluster) => startSparkCluster(installation, cluster),
    startWarehouse: (warehouse) => startSparkWarehouse(installation, warehouse),
  };
}
