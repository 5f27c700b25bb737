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

/** The same with a RUNME that tries again, like the Databricks SDK that the real one uses: a fault may meet its calls instead of the app's. */
export const patientScript: NotebookScript = {
  ...quickScript,
  RUNME: {
    seconds: 2,
    outcome: async (request, ...rest) => {
      const usual = quickScript['RUNME']?.outcome;
      for (let tries = 1; ; tries++) {
        try {
          return typeof usual === 'function' ? await usual(request, ...rest) : {};
        } catch (error) {
          if (tries === 9) throw error;
        }
      }
    },
  },
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
