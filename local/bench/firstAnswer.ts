import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { localResourceGroup } from '../cloud/localNames.ts';
import { startCloud } from '../cloud/startCloud.ts';
import { acceleratorScript } from '../databricks/notebooks/acceleratorScript.ts';
import { scriptedCompute } from '../databricks/notebooks/scriptedCompute.ts';
import { systemClock } from '../kit/clock.ts';
import { type Program, spawnProgram } from '../stack/spawnProgram.ts';
import { type Figure, median, milliseconds, ratio } from '../kit/figure.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const runs = 5;
/** A cloud that makes nobody wait. */
export const noWait = {
  workspaceSeconds: 0.1,
  replicationSeconds: 0,
  storageSeconds: 0.1,
  cloneSeconds: 0,
  clusterSeconds: 0,
  warehouseSeconds: 0,
  gpuClusterSeconds: 0,
};

/** Time from the start of the host process to the first 202 of a POST, beside the start of a Node process that does nothing. */
export async function firstAnswer(): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const compute = scriptedCompute(acceleratorScript, systemClock);
  const cloud = await startCloud({ folder, repository: root, compute, latencies: noWait });
  const answers: number[] = [];
  const starts: number[] = [];
  for (let run = 0; run < runs; run++) {
    starts.push(
      await timeOf(() => spawnProgram(join(root, 'local/bench/nothing.ts'), [], {}, join(folder, 'nothing.log'))),
    );
    answers.push(await timeOf(() => startAndPost(join(folder, `host-${run}`), cloud.settings, run)));
  }
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
  const [answer, start] = [median(answers), median(starts)];
  return {
    name: 'process start to the first 202 (median of 5; goal < 1 s)',
    value: milliseconds(answer),
    against: `${ratio(answer, start)} an empty process (${milliseconds(start)})`,
  };
}

/** Milliseconds until a program that is started answers; it is stopped then. */
export async function timeOf(start: () => Promise<{ stop(): Promise<void> }>): Promise<number> {
  const started = performance.now();
  const program = await start();
  const took = performance.now() - started;
  await program.stop();
  return took;
}

/** Starts the host with the settings, its data in a folder of its own, and POSTs the deployment number `run`. */
export async function startAndPost(data: string, settings: Record<string, string>, run: number): Promise<Program> {
  const environment = { ...settings, HOST_FUNCTION_KEY: 'bench' };
  const host = await spawnProgram(
    join(root, 'local/host/main.ts'),
    [root, '--port', '0', '--data', data, '--quiet'],
    environment,
    `${data}.log`,
  );
  const response = await fetch(`${host.ready}/api/deployments`, {
    method: 'POST',
    headers: { 'x-functions-key': 'bench', 'content-type': 'application/json' },
    body: JSON.stringify({ resourceGroup: localResourceGroup, workspaceName: `dbw-bench-${run}` }),
  });
  if (response.status !== 202) throw new Error(`The POST answered ${response.status}: ${await response.text()}`);
  return host;
}
