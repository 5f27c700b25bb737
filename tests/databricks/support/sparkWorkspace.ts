import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { systemClock } from '../../../local/kit/clock.ts';
import { sparkCompute } from '../../../local/databricks/spark/sparkCompute.ts';
import { ensureSpark } from '../../../local/setup/spark.ts';
import {
  type Json,
  type TestWorkspace,
  admin,
  cpuCluster,
  startRun,
  startTestWorkspace,
} from './startTestWorkspace.ts';

const sources = fileURLToPath(new URL('../notebooks', import.meta.url));
const url = 'https://github.com/example/notebooks';
const folder = `/Users/${admin}/notebooks/spark`;
const patienceMs = 180_000;

/** A workspace whose clusters are real, in real time, with a Git folder of the notebooks in `notebooks/spark`. */
export async function startSparkWorkspace(): Promise<TestWorkspace> {
  const workspace = await startTestWorkspace({
    compute: sparkCompute(await ensureSpark()),
    clock: systemClock,
    latencies: { storageSeconds: 0, clusterSeconds: 0, gpuClusterSeconds: 0, cloneSeconds: 0 },
    repositories: { [url]: sources },
  });
  await workspace.call('GET', '/api/2.0/preview/scim/v2/Me');
  await workspace.call('POST', '/api/2.0/repos', { url, provider: 'gitHub', path: `/Users/${admin}/notebooks` });
  return workspace;
}

/** A task for one of the notebooks. */
export const sparkTask = (key: string, more: object = {}): Json => ({
  task_key: key,
  job_cluster_key: 'main',
  notebook_task: { notebook_path: `${folder}/${key}` },
  ...more,
});

/** Tasks that run one after the other, whatever comes of them. */
export const inSequence = (keys: string[]): Json[] =>
  keys.map((key, index) =>
    sparkTask(key, {
      depends_on: index === 0 ? [] : [{ task_key: keys[index - 1] }],
      run_if: 'ALL_DONE',
    }),
  );

/** Starts a job of the tasks, with a cluster for each name. */
export async function startSparkJob(workspace: TestWorkspace, tasks: Json[], clusters = ['main']): Promise<Json> {
  const created = await workspace.call('POST', '/api/2.2/jobs/create', {
    name: 'spark',
    tasks,
    job_clusters: clusters.map((key) => ({ job_cluster_key: key, new_cluster: cpuCluster })),
  });
  return startRun(workspace, created.body.job_id);
}

export const readRun = async ({ call }: TestWorkspace, runId: Json): Promise<Json> =>
  (await call('GET', `/api/2.2/jobs/runs/get?run_id=${runId}`)).body;

/** Waits for the end of a run; gives its tasks' outputs by their keys, the last attempt's. */
export async function outputsOf(workspace: TestWorkspace, runId: Json): Promise<Record<string, Json>> {
  const options = { timeout: patienceMs, interval: 200 };
  await expect.poll(async () => (await readRun(workspace, runId)).end_time, options).toBeGreaterThan(0);
  const run = await readRun(workspace, runId);
  const outputs = run.tasks.map(async ({ task_key: key, run_id: id }: Json) => {
    const { body } = await workspace.call('GET', `/api/2.2/jobs/runs/get-output?run_id=${id}`);
    return [key, body];
  });
  return Object.fromEntries(await Promise.all(outputs)) as Record<string, Json>;
}

/** What a notebook has written into a file beside it, once it is there. */
export async function writtenBy(workspace: TestWorkspace, name: string): Promise<string> {
  const file = join(workspace.folder, 'files', folder, name);
  const text = (): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');
  await expect.poll(text, { timeout: patienceMs, interval: 100 }).not.toBe('');
  return text();
}

/** A process that has ended may be gone, or a zombie until its new parent asks for it. */
export function isRunning(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}
