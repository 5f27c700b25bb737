import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { localResourceGroup } from '../cloud/localNames.ts';
import { startCloud } from '../cloud/startCloud.ts';
import { acceleratorScript } from '../databricks/notebooks/acceleratorScript.ts';
import { scriptedCompute } from '../databricks/notebooks/scriptedCompute.ts';
import { runUntil } from '../host/runUntil.ts';
import { startHost } from '../host/startHost.ts';
import { VirtualClock } from '../kit/clock.ts';
import type { Figure } from './figure.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const latencies = {
  workspaceSeconds: 180,
  replicationSeconds: 10,
  storageSeconds: 40,
  cloneSeconds: 0,
  clusterSeconds: 240,
  warehouseSeconds: 120,
  gpuClusterSeconds: 300,
};
const yearMs = 365 * 86_400_000;

/** Rows of history that a look at the run costs, and looks per hour of run, in a deployment in virtual time. */
export async function historyRows(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const clock = new VirtualClock(Date.now() - yearMs);
  const cloud = await startCloud({
    folder,
    repository: root,
    compute: scriptedCompute(acceleratorScript, clock),
    latencies,
    clock,
  });
  setDefaultCACertificates([...getCACertificates(), cloud.certificate.cert]);
  const settings = {
    ...cloud.settings,
    POLL_FLOOR_SECONDS: '5',
    POLL_CEILING_SECONDS: '60',
    EXPECTED_SECONDS: '{"workspace":180,"storage":40,"runme":260,"notebooks":1900}',
  };
  const host = await startHost({ appFolder: root, memory: true, clock, settings });
  const headers = { 'x-functions-key': host.keys.function, 'content-type': 'application/json' };
  const body = JSON.stringify({ resourceGroup: localResourceGroup, workspaceName: 'dbw-bench' });
  const { id } = (await (await fetch(`${host.url}/api/deployments`, { method: 'POST', headers, body })).json()) as {
    id: string;
  };
  const read = async (): Promise<string> =>
    ((await (await fetch(`${host.url}/api/deployments/${id}`, { headers })).json()) as { runtimeStatus: string })
      .runtimeStatus;
  const startedMs = clock.now();
  await runUntil(host, clock, async () => (await read()) !== 'Running', { maxSteps: 5000 });
  if ((await read()) !== 'Completed') throw new Error('The deployment failed.');
  const hours = (clock.now() - startedMs) / 3_600_000;
  const server = cloud.databricks.workspaces()[0]?.server;
  const looks = server?.requests.filter(({ path }) => path.includes('/runs/get?')).length ?? 0;
  const rows = host.history(`${id}:watch:1`).length;
  const deployRows = host.history(id).length;
  await host.stop();
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
  const generation = looks % 40 || 40;
  return [
    {
      name: 'history rows per look at the run (goal 8)',
      value: (rows / generation).toFixed(1),
      against: `${rows} rows in the last generation of ${generation} looks`,
    },
    {
      name: 'looks at the run per hour (goal ≤ 90)',
      value: (looks / hours).toFixed(0),
      against: `${looks} looks in a deployment of ${hours.toFixed(2)} h`,
    },
    { name: 'history rows of the deploy orchestration', value: String(deployRows), against: 'one generation' },
  ];
}
