import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { makeAcceleratorRepository } from '../cloud/acceleratorRepository.ts';
import { type Cloud, startCloud } from '../cloud/startCloud.ts';
import { acceleratorScript } from '../databricks/notebooks/acceleratorScript.ts';
import { scriptedCompute } from '../databricks/notebooks/scriptedCompute.ts';
import { systemClock } from '../kit/clock.ts';
import { spawnProgram } from '../stack/spawnProgram.ts';
import { type HostProcess, hostProcess } from './hostProcess.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const latencies = {
  workspaceSeconds: 0.4,
  replicationSeconds: 0.1,
  storageSeconds: 0.3,
  cloneSeconds: 0.2,
  clusterSeconds: 0.2,
  warehouseSeconds: 0.2,
  gpuClusterSeconds: 0.2,
};
const notebookSeconds = 0.2;

/** A cloud in this process that takes parts of a second for everything, and hosts in processes of their own, one at a time. */
export interface QuickStack {
  cloud: Cloud;
  /** Starts a host, or the next one when the last is gone; `spawned` gets what kills it, also before it is ready. */
  startHost(spawned?: (kill: () => void) => void): Promise<HostProcess>;
  close(): Promise<void>;
}

/** Starts the cloud; the app has to be built. `mostAtOnce`: how many deployments the app may have in flight. */
export async function startQuickStack(mostAtOnce: number): Promise<QuickStack> {
  const folder = mkdtempSync(join(tmpdir(), 'quick-'));
  const notebooks = Object.entries(acceleratorScript);
  const script = Object.fromEntries(notebooks.map(([name, one]) => [name, { ...one, seconds: notebookSeconds }]));
  const cloud = await startCloud({
    folder,
    compute: scriptedCompute(script, systemClock),
    latencies,
    repository: await makeAcceleratorRepository(join(folder, 'accelerator')),
  });
  setDefaultCACertificates([...getCACertificates(), cloud.certificate.cert]);
  const functionKey = 'the-function-key-of-the-quick-stack';
  const settings = {
    ...cloud.settings,
    HOST_FUNCTION_KEY: functionKey,
    POLL_FLOOR_SECONDS: '0.05',
    POLL_CEILING_SECONDS: '0.3',
    EXPECTED_SECONDS: '{"workspace":0.4,"storage":0.3,"runme":1.5,"notebooks":2,"warehouse":0.3}',
    MAX_ACTIVE_DEPLOYMENTS: String(mostAtOnce),
    MAX_STARTS_PER_HOUR: '1000000',
  };
  const hostArguments = [root, '--port', '0', '--data', join(folder, 'host'), '--log', 'warning', '--strict'];
  const log = join(folder, 'host.log');
  return {
    cloud,
    async startHost(spawned) {
      const program = join(root, 'local/host/main.ts');
      return hostProcess(await spawnProgram(program, hostArguments, settings, log, spawned), functionKey);
    },
    async close() {
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
