import type { Latencies } from './startCloud.ts';

/** What takes minutes in Azure takes seconds in the local cloud of `npm run demo` and `npm run dev`. */
export const demoLatencies: Latencies = {
  workspaceSeconds: 8,
  replicationSeconds: 2,
  storageSeconds: 4,
  cloneSeconds: 1,
  clusterSeconds: 4,
  gpuClusterSeconds: 5,
  warehouseSeconds: 3,
};
