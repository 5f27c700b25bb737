import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { pythonCompute } from '../../../local/databricks/notebooks/pythonCompute.ts';
import type { NotebookLimits } from '../../../local/databricks/notebooks/pythonNotebook.ts';
import { type RecordedCell, readCells } from '../../../local/databricks/notebooks/notebookRecord.ts';
import { ensurePython } from '../../../local/setup/python.ts';
import { type Json, type TestWorkspace, admin, startRun, startTestWorkspace, taskFor } from './startTestWorkspace.ts';

const sources = fileURLToPath(new URL('../notebooks', import.meta.url));
const runner = fileURLToPath(new URL('../../../local/databricks/notebooks/runner_supervisor.py', import.meta.url));
const url = 'https://github.com/example/notebooks';
const latencies = { storageSeconds: 0, clusterSeconds: 0, gpuClusterSeconds: 0 };

/** Where the workspace has the test notebooks. */
export const folder = `/Users/${admin}/notebooks`;

/** A workspace with a Git folder of the test notebooks, whose jobs really run them. */
export async function startWithNotebooks(limits: NotebookLimits = {}): Promise<TestWorkspace> {
  const compute = pythonCompute({ ...(await ensurePython()), limits });
  const workspace = await startTestWorkspace({ compute, latencies, repositories: { [url]: sources } });
  await workspace.call('GET', '/api/2.0/preview/scim/v2/Me');
  await workspace.call('POST', '/api/2.0/repos', { url, provider: 'gitHub', path: folder });
  return workspace;
}

/** Starts a job of one notebook and gives its run's id. */
export async function start(
  workspace: TestWorkspace,
  name: string,
  parameters: Record<string, string> = {},
  more: object = {},
): Promise<Json> {
  const notebook = { notebook_path: `${folder}/${name}`, base_parameters: parameters };
  return startTasks(workspace, name, [taskFor(name, [], { notebook_task: notebook, ...more })]);
}

export async function startTasks(workspace: TestWorkspace, name: string, tasks: Json[]): Promise<Json> {
  const cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
  const job = { name, tasks, job_clusters: [{ job_cluster_key: 'main', new_cluster: cluster }] };
  const { body } = await workspace.call('POST', '/api/2.2/jobs/create', job);
  return startRun(workspace, body.job_id);
}

/** Looks at the run until its processes have ended; the clock only has to move for clusters. */
export async function finish({ call, clock }: TestWorkspace, runId: Json): Promise<Json> {
  const look = async (): Promise<Json> => {
    const due = clock.nextDue();
    if (due !== undefined) clock.advanceTo(due);
    return (await call('GET', `/api/2.2/jobs/runs/get?run_id=${runId}`)).body;
  };
  await expect.poll(async () => (await look()).end_time, { timeout: 25_000, interval: 50 }).toBeGreaterThan(0);
  return look();
}

export interface Ended {
  run: Json;
  output: Json;
  logs: string;
}

/** How the run's first task ended. */
export async function end(workspace: TestWorkspace, runId: Json): Promise<Ended> {
  const run = await finish(workspace, runId);
  const id = run.tasks[0].run_id;
  const { body } = await workspace.call('GET', `/api/2.2/jobs/runs/get-output?run_id=${id}`);
  return { run, output: body, logs: join(workspace.folder, 'logs', String(id)) };
}

export const log = (logs: string): string => readFileSync(join(logs, 'output.log'), 'utf8');

/** A notebook's runner without a workspace around it. */
export interface StartedRunner {
  child: ChildProcess;
  /** Stands for /Workspace; the test notebooks are in it. */
  root: string;
  logFolder: string;
  ended: Promise<RunnerEnd>;
}

export interface RunnerEnd {
  outcome: Json;
  cells: RecordedCell[];
  logFolder: string;
  root: string;
}

export async function startRunner(
  name: string,
  { parameters = {}, limits = {} }: { parameters?: Record<string, string>; limits?: NotebookLimits } = {},
): Promise<StartedRunner> {
  const { python, compiled } = await ensurePython();
  const root = mkdtempSync(join(tmpdir(), 'notebook-'));
  cpSync(sources, root, { recursive: true });
  const logFolder = join(root, 'logs', '1');
  mkdirSync(logFolder, { recursive: true });
  mkdirSync(join(root, 'volumes', 'main', 'default', 'data'), { recursive: true });
  const output = openSync(join(logFolder, 'output.log'), 'w');
  const child = spawn(python, ['-S', runner], {
    stdio: ['pipe', output, output],
    env: {
      ...process.env,
      MPLBACKEND: 'Agg',
      PYTHONUNBUFFERED: '1',
      PYTHONPYCACHEPREFIX: compiled,
      PYTHONDONTWRITEBYTECODE: '',
    },
    detached: true,
  });
  closeSync(output);
  onTestFinished(() => {
    child.stdin?.destroy();
    rmSync(root, { recursive: true, force: true });
  });
  const request = {
    workspaceRoot: root,
    dbfsRoot: join(root, 'dbfs'),
    volumesRoot: join(root, 'volumes'),
    notebookPath: `/${name}`,
    parameters,
    limits,
    logFolder,
    host: 'localhost',
    token: 'token',
    user: 'someone',
    workspaceId: '1',
    jobId: '2',
    runId: '1',
    parentRunId: '3',
    taskKey: 'only',
  };
  child.stdin?.write(`${JSON.stringify(request)}\n`);
  const ended = once(child, 'exit').then(() => {
    const file = join(logFolder, 'outcome.json');
    const outcome = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
    return { outcome, cells: readCells(logFolder), logFolder, root };
  });
  return { child, root, logFolder, ended };
}

/** Runs a test notebook without a workspace around it. */
export async function run(...given: Parameters<typeof startRunner>): Promise<RunnerEnd> {
  return (await startRunner(...given)).ended;
}

/** All that the cells have printed, in order. */
export const printed = (cells: RecordedCell[]): string =>
  cells
    .flatMap(({ outputs }) => outputs)
    .map((output) => (output.kind === 'text' ? output.text : output.kind === 'cell' ? printed([output.cell]) : ''))
    .join('');

/** Whether a process runs; one that has ended may be a zombie until its new parent asks for it. */
export function isRunning(pid: string): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}
