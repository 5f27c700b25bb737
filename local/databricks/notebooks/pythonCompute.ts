import type { Compute } from '../compute.ts';
import { type PythonInstallation, startPythonNotebook } from './pythonNotebook.ts';

/** Clusters without Spark: notebooks run as Python processes, and refuse Spark by name. They have no SQL warehouses. */
export function pythonCompute(installation: PythonInstallation): Compute {
  return {
    startCluster: () => ({
      start: (request) => startPythonNotebook(installation, request),
      stop: () => Promise.resolve(),
    }),
    startWarehouse() {
      throw new Error('This workspace was started without Spark and has no SQL warehouses.');
    },
  };
}
