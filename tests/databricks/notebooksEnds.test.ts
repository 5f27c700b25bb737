import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  end,
  folder,
  isRunning,
  log,
  printed,
  run,
  start,
  startRunner,
  startWithNotebooks,
} from './support/notebooks.ts';

const megabyte = 1024 * 1024;

/** The processes that `leaves_processes` has started, once it has named them all. */
async function pidsIn(root: string): Promise<string[]> {
  const file = join(root, 'pids');
  await expect.poll(() => existsSync(file), { timeout: 15_000 }).toBe(true);
  const pids = readFileSync(file, 'utf8').split(' ');
  expect(pids).toHaveLength(5);
  return pids;
}

describe('a notebook that prints 50 MB', () => {
  it('is ended with the message of Databricks, its log cut at 30 MB, its page small, nothing left running', async () => {
    const workspace = await startWithNotebooks();
    const { run: ended, output, logs } = await end(workspace, await start(workspace, 'prints_much'));
    const message =
      /The output of the notebook is too large\. Cause: rpc response \(of \d+ bytes\) exceeds limit of 31457280 bytes/;
    expect(output.error).toMatch(message);
    expect(ended.tasks[0].state).toMatchObject({ life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED' });
    expect(ended.tasks[0].state.state_message).toMatch(/^Run result unavailable: job failed with error message\n The /);
    expect(ended.tasks[0].status.termination_details).toMatchObject({
      code: 'RUN_EXECUTION_ERROR',
      type: 'CLIENT_ERROR',
    });
    expect(statSync(join(logs, 'output.log')).size).toBe(30 * megabyte);
    const pid = readFileSync(join(workspace.folder, 'files', folder, 'shell.pid'), 'utf8').trim();
    expect(isRunning(pid)).toBe(false);
    const page = await workspace.call('GET', `/jobs/${ended.job_id}/runs/${ended.run_id}`);
    expect(page.body).toContain('*** WARNING: skipped');
    expect(page.body.length).toBeLessThan(megabyte / 8);
  });
});

describe('a cell that prints more than 50,000 characters', () => {
  it('is shown with its beginning and end; a long error and trace are cut in their middle', async () => {
    const { cells, outcome } = await run('prints_long');
    const text = printed(cells);
    expect(text).toMatch(/^the beginning\n0\n1\n2\n/);
    expect(text).toMatch(/\n\*\*\* WARNING: skipped 5389\d\d bytes of output \*\*\*\n/);
    expect(text).toMatch(/\n99999\nthe end\n$/);
    expect(outcome.error.length).toBeLessThan(10_100);
    expect(outcome.errorTrace.length).toBeLessThan(20_100);
  });
});

describe('what a notebook has started', () => {
  it('ends with the notebook: children, sessions of their own, orphans, daemons and forks of itself', async () => {
    const { outcome, root, cells } = await run('leaves_processes');
    expect(outcome).toEqual({});
    expect((await pidsIn(root)).filter(isRunning)).toEqual([]);
    expect(readFileSync(join(root, 'reached'), 'utf8')).toBe('once ');
    expect(cells.map(({ state }) => state)).toEqual(['done', 'done', 'done', 'done']);
  });

  it('ends when the notebook is told to end', async () => {
    const { child, root, ended } = await startRunner('leaves_processes', { parameters: { last: 'sleep' } });
    const pids = await pidsIn(root);
    expect(pids.filter(isRunning)).toEqual(pids);
    child.stdin?.destroy();
    const { cells } = await ended;
    expect(pids.filter(isRunning)).toEqual([]);
    expect(cells.at(-1)).toMatchObject({ state: 'open' });
  });

  it('ends when the task passes its timeout, and leaves the cells that were run', async () => {
    const workspace = await startWithNotebooks();
    const more = { timeout_seconds: 5 };
    const runId = await start(workspace, 'leaves_processes', { last: 'sleep' }, more);
    await workspace.until(runId, ({ tasks }) => tasks[0].state.life_cycle_state === 'RUNNING');
    const pids = await pidsIn(join(workspace.folder, 'files', folder));
    const { run: ended } = await end(workspace, runId);
    expect(ended.tasks[0].state).toMatchObject({ result_state: 'TIMEDOUT' });
    expect(pids.filter(isRunning)).toEqual([]);
    const page = await workspace.call('GET', `/jobs/${ended.job_id}/runs/${ended.run_id}`);
    expect(page.body).toContain('Ended before it was done');
  });
});

describe('a notebook that fills the disk', () => {
  const limits = { scratchBytes: 8 * megabyte };

  it('cannot write a file beyond its quota', async () => {
    const { outcome, root } = await run('fills_disk', { parameters: { how: 'one file' }, limits });
    expect(outcome.error).toBe('OSError: [Errno 27] File too large (a notebook here may write files of at most 8 MiB)');
    expect(statSync(join(root, 'large')).size).toBeLessThanOrEqual(8 * megabyte);
  });

  it('is ended when its temporary files pass the quota, and these are removed', async () => {
    const { outcome, root } = await run('fills_disk', { parameters: { how: 'many files' }, limits });
    expect(outcome.error).toBe(
      'OSError: [Errno 28] No space left on device: the notebook has filled the 8 MiB that it may have in temporary files and packages',
    );
    expect(existsSync(readFileSync(join(root, 'scratch'), 'utf8'))).toBe(false);
  });
});

describe('a notebook that ends in its own way', () => {
  const ends: [how: string, error: string, driverLost: boolean][] = [
    ['sys.exit', 'SystemExit: enough', false],
    ['sys.exit nothing', 'SystemExit', false],
    ['interrupt', 'KeyboardInterrupt', false],
    ['os._exit', 'exited with exit code 0.', true],
    ['segfault', 'exited with exit code 139 (SIGSEGV: Segmentation fault).', true],
    ['killed', 'exited with exit code 137 (SIGKILL: Killed). This may have been caused by an OOM error. Check', true],
  ];
  it.each(ends)('by %s says so', async (how, error, driverLost) => {
    const { outcome, cells } = await run('ends', { parameters: { how } });
    expect(outcome.error).toContain(error);
    expect(outcome.driverLost ?? false).toBe(driverLost);
    expect(driverLost ? outcome.errorTrace : 'before\n').toBe('before\n');
    expect(printed(cells)).toBe('before\n');
    expect(cells[0]?.state).toBe(driverLost ? 'open' : 'failed');
  });

  it('by removing its own log has failed, and its page is there', async () => {
    const workspace = await startWithNotebooks();
    const { run: ended } = await end(workspace, await start(workspace, 'removes_log'));
    expect(ended.tasks[0].state.result_state).toBe('FAILED');
    const page = await workspace.call('GET', `/jobs/${ended.job_id}/runs/${ended.run_id}`);
    expect(page.status).toBe(200);
  });

  it('with more than 5 MB hands over the first 5 MB and says that it is cut', async () => {
    const workspace = await startWithNotebooks();
    const { output, logs } = await end(workspace, await start(workspace, 'ends', { how: 'result' }));
    expect(output.notebook_output.truncated).toBe(true);
    expect(output.notebook_output.result).toBe('é'.repeat((5 * megabyte) / 2));
    expect(log(logs)).toBe('before\n');
  });
});
