import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ensurePython } from '../../local/setup/python.ts';
import { pythonCompute } from '../../local/databricks/notebooks/pythonCompute.ts';
import {
  type Json,
  type TestWorkspace,
  admin,
  startRun,
  startTestWorkspace,
  taskFor,
} from './support/startTestWorkspace.ts';

const sources = fileURLToPath(new URL('notebooks', import.meta.url));
const url = 'https://github.com/example/notebooks';
const folder = `/Users/${admin}/notebooks`;
const latencies = { storageSeconds: 0, clusterSeconds: 0, gpuClusterSeconds: 0 };
const bytecode = mkdtempSync(join(tmpdir(), 'bytecode-'));

/** A workspace with a Git folder of the test notebooks, whose jobs really run them. */
async function startWithNotebooks(python = 'python3'): Promise<TestWorkspace> {
  const compute = pythonCompute({ python, bytecode });
  const workspace = await startTestWorkspace({ compute, latencies, repositories: { [url]: sources } });
  await workspace.call('GET', '/api/2.0/preview/scim/v2/Me');
  await workspace.call('POST', '/api/2.0/repos', { url, provider: 'gitHub', path: folder });
  return workspace;
}

async function start(workspace: TestWorkspace, name: string, parameters: Record<string, string> = {}): Promise<Json> {
  const notebook = { notebook_path: `${folder}/${name}`, base_parameters: parameters };
  const task = taskFor(name, [], { notebook_task: notebook });
  const cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
  const job = { name, tasks: [task], job_clusters: [{ job_cluster_key: 'main', new_cluster: cluster }] };
  const { body } = await workspace.call('POST', '/api/2.2/jobs/create', job);
  return startRun(workspace, body.job_id);
}

/** Looks at the run until its process has ended; the clock only has to move for clusters. */
async function finish({ call, clock }: TestWorkspace, runId: Json): Promise<Json> {
  const look = async (): Promise<Json> => {
    const due = clock.nextDue();
    if (due !== undefined) clock.advanceTo(due);
    return (await call('GET', `/api/2.2/jobs/runs/get?run_id=${runId}`)).body;
  };
  await expect.poll(async () => (await look()).end_time, { timeout: 25_000, interval: 50 }).toBeGreaterThan(0);
  return look();
}

interface Ended {
  run: Json;
  output: Json;
  logs: string;
}

async function end(workspace: TestWorkspace, runId: Json): Promise<Ended> {
  const run = await finish(workspace, runId);
  const id = run.tasks[0].run_id;
  const { body } = await workspace.call('GET', `/api/2.2/jobs/runs/get-output?run_id=${id}`);
  return { run, output: body, logs: join(workspace.folder, 'logs', String(id)) };
}

const log = (logs: string): string => readFileSync(join(logs, 'output.log'), 'utf8');

describe('notebooks that really run', () => {
  it('have cells, magics, widgets, dbutils, their folder, and an environment of their own', async () => {
    process.env['SECRET_OF_THE_HOST'] = 'x';
    const workspace = await startWithNotebooks();
    const { run, output, logs } = await end(workspace, await start(workspace, 'cells', { rows: '5' }));
    expect(output.error_trace).toBeUndefined();
    expect(run.state.result_state).toBe('SUCCESS');
    expect(JSON.parse(output.notebook_output.result)).toEqual({
      path: `${folder}/cells`,
      cwd: folder.slice(1),
      rows: 5,
      scaled: 15,
      profile: 'small',
      pi: 3,
      note: 'kept',
      child: 'HELLO',
      foreign: [],
    });
    const printed = log(logs).split('\n');
    expect(printed).toEqual(expect.arrayContaining(['from the shell', '10', '15']));
    expect(printed[0]).toContain('already satisfied: pip');
    const status = await workspace.call('GET', `/api/2.0/workspace/list?path=${folder}`);
    expect(status.body.objects.map(({ path }: Json) => path)).not.toContain(`${folder}/__pycache__`);
  });

  it('give their exception with the lines of the notebook', async () => {
    const workspace = await startWithNotebooks();
    const { run, output, logs } = await end(workspace, await start(workspace, 'fails'));
    expect(run.state).toMatchObject({ life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED' });
    expect(output.error).toBe('ZeroDivisionError: division by zero');
    const frames = output.error_trace.split('\n').filter((line: string) => line.includes('File '));
    expect(frames).toEqual([
      `  File "/Workspace${folder}/fails.py", line 12, in <module>`,
      `  File "/Workspace${folder}/fails.py", line 7, in divide`,
    ]);
    expect(output.error_trace).toContain('    divide(1, 0)');
    expect(log(logs)).toBe(`before\n${output.error_trace}\n`);
  });

  it('do not see each other’s variables, and go on without theirs after restartPython', async () => {
    const workspace = await startWithNotebooks();
    const runs = [
      await start(workspace, 'variables', { mine: 'a' }),
      await start(workspace, 'variables', { mine: 'b' }),
    ];
    const results = [];
    for (const runId of [...runs, await start(workspace, 'restarts')])
      results.push((await end(workspace, runId)).output.notebook_output.result);
    expect(results).toEqual(['a nothing False', 'b nothing False', 'False']);
  });

  it('refuse by name what is not there, and say when their process died', async () => {
    const workspace = await startWithNotebooks();
    const refused = await end(workspace, await start(workspace, 'refused'));
    expect(refused.output.error).toBe(
      'NotImplementedError: %sql is not available in the local notebook runner (refused.py, line 2)',
    );
    const dead = await end(workspace, await start(workspace, 'dies'));
    expect(dead.run.status.termination_details).toMatchObject({ code: 'DRIVER_ERROR', type: 'INTERNAL_ERROR' });
    expect(dead.output.error).toContain('exit code 137');
  });

  it('reach their workspace as the identity that the job runs as', async () => {
    const workspace = await startWithNotebooks();
    const { output } = await end(workspace, await start(workspace, 'rest'));
    expect(output).toMatchObject({ notebook_output: { result: admin } });
  });

  it('get packages that are missing for their own run only', async () => {
    const workspace = await startWithNotebooks();
    const first = await end(workspace, await start(workspace, 'installs', { install: 'yes' }));
    expect(first.output).toMatchObject({ notebook_output: { result: '1.0' } });
    const second = await end(workspace, await start(workspace, 'installs', { install: 'no' }));
    expect(second.output.error).toBe("ModuleNotFoundError: No module named 'tiny_package'");
  });

  it('end when the emulator does, however it ends', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'notebook-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const runner = fileURLToPath(new URL('../../local/databricks/notebooks/runner.py', import.meta.url));
    writeFileSync(
      join(folder, 'sleeps.py'),
      '# Databricks notebook source\nprint("begun")\nimport time\ntime.sleep(600)',
    );
    const child = spawn('python3', ['-u', runner], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    const request = {
      workspaceRoot: folder,
      dbfsRoot: folder,
      notebookPath: '/sleeps',
      parameters: {},
      logFolder: folder,
    };
    child.stdin.write(`${JSON.stringify(request)}\n`);
    await once(child.stdout, 'data');
    child.stdin.destroy();
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
  });

  it('are killed with what they have started when their run is cancelled', async () => {
    const workspace = await startWithNotebooks();
    const runId = await start(workspace, 'sleeps');
    const file = join(workspace.folder, 'files', folder, 'shell.pid');
    await expect.poll(() => (existsSync(file) ? readFileSync(file, 'utf8') : ''), { timeout: 10_000 }).toMatch(/\d+\n/);
    await workspace.call('POST', '/api/2.2/jobs/runs/cancel', { run_id: runId });
    const { run } = await end(workspace, runId);
    expect(run.state.result_state).toBe('CANCELED');
    const pid = readFileSync(file, 'utf8').trim();
    await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
  });
});

describe('the Databricks SDK for Python in a notebook', () => {
  it('makes a job, starts it once, waits for it and reads its output', async () => {
    const { python } = await ensurePython();
    const workspace = await startWithNotebooks(python);
    const runId = await start(workspace, 'uses_sdk');
    const { output } = await end(workspace, runId);
    expect(output.error_trace).toBeUndefined();
    expect(workspace.server.requests.filter(({ status }) => status === 501)).toEqual([]);
    expect(JSON.parse(output.notebook_output.result)).toEqual({
      user: admin,
      found: true,
      same: true,
      state: 'SUCCESS',
      result: 'SDK',
      versions: true,
      object: 'DIRECTORY',
    });
  });
});

/** A process that has ended may be gone, or a zombie until its new parent asks for it. */
function isRunning(pid: string): boolean {
  const state = spawnSync('ps', ['-o', 'stat=', '-p', pid], { encoding: 'utf8' }).stdout.trim();
  return state !== '' && !state.startsWith('Z');
}
