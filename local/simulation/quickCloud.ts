import type { Latencies } from '../cloud/startCloud.ts';
import { acceleratorScript } from '../databricks/notebooks/acceleratorScript.ts';
import { actTraining } from '../databricks/notebooks/actedResults.ts';
import type { NotebookScript } from '../databricks/notebooks/scriptedCompute.ts';

/** The accelerator acted in seconds, for tests of many deployments: fewer looks at a run, the same steps. */
export const quickScript: NotebookScript = {
  RUNME: { ...acceleratorScript['RUNME'], seconds: 2 },
  '01_introduction': { seconds: 2 },
  '02_create_features': { seconds: 2 },
  '03_train_models': { seconds: 2, outcome: actTraining },
};

/** Latencies that end at the first or second look. */
export const quickLatencies: Latencies = {
  workspaceSeconds: 20,
  replicationSeconds: 10,
  storageSeconds: 10,
  cloneSeconds: 0,
  clusterSeconds: 10,
  gpuClusterSeconds: 10,
  warehouseSeconds: 10,
};
