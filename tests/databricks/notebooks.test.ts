import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { end, folder, isRunning, log, start, startWithNotebooks } from './support/notebooks.ts';
import { type Json, admin } from './support/startTestWorkspace.ts';

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
      'NotImplementedError: %sql needs Spark, which this notebook does not have (refused.py, line 2)',
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
    const runner = fileURLToPath(new URL('../../local/databricks/notebooks/runner_supervisor.py', import.meta.url));
    writeFileSync(
      join(folder, 'sleeps.py'),
      '# Databricks notebook source\nprint("begun")\nimport time\ntime.sleep(600)',
    );
    const child = spawn('python3', ['-u', runner], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
    const request = {
      workspaceRoot: folder,
      dbfsRoot: folder,
      volumesRoot: folder,
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
    const workspace = await startWithNotebooks();
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
