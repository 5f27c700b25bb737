import { existsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createJob, resourceId, startRun, startTestWorkspace, taskFor } from './support/startTestWorkspace.ts';

const script = { a: { seconds: 10 }, b: { seconds: 20 } };

describe('a restart of the emulator', () => {
  it('keeps the address, members, jobs, scenarios and idempotency tokens', async () => {
    const workspace = await startTestWorkspace({ script });
    const jobId = await createJob(workspace, [taskFor('a')]);
    const first = await startRun(workspace, jobId, { idempotency_token: 'once' });
    await workspace.call('POST', '/__scenarios', { kind: 'cloneHalfMade' });
    await workspace.restart();
    expect(workspace.databricks.workspaces()).toMatchObject([{ resourceId, host: workspace.host }]);
    const plain = { authorization: `Bearer ${workspace.token()}` };
    expect((await workspace.call('GET', '/api/2.0/preview/scim/v2/Me', undefined, plain)).status).toBe(200);
    expect(await startRun(workspace, jobId, { idempotency_token: 'once' })).toBe(first);
    expect((await workspace.call('GET', '/__scenarios')).body).toMatchObject([{ kind: 'cloneHalfMade', times: 1 }]);
  });

  it('goes on with a run whose cluster was starting', async () => {
    const workspace = await startTestWorkspace({ script });
    const runId = await startRun(workspace, await createJob(workspace, [taskFor('a'), taskFor('b', ['a'])]));
    workspace.clock.advance(30_000);
    await workspace.restart();
    const run = await workspace.finish(runId);
    expect(run.state.result_state).toBe('SUCCESS');
    expect(run.tasks[0].setup_duration).toBe(60_000);
  });

  it('ends a run whose notebook was running as INTERNAL_ERROR, and repeats the task where it may', async () => {
    const workspace = await startTestWorkspace({ script });
    const once = await startRun(workspace, await createJob(workspace, [taskFor('a')]));
    const twice = await startRun(workspace, await createJob(workspace, [taskFor('a', [], { max_retries: 1 })]));
    for (const runId of [once, twice])
      await workspace.until(runId, (run) => run.tasks[0].state.life_cycle_state === 'RUNNING');
    await workspace.restart();
    const lost = await workspace.finish(once);
    expect(lost.state).toMatchObject({ life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED' });
    expect(lost.status.termination_details).toMatchObject({ code: 'DRIVER_ERROR', type: 'INTERNAL_ERROR' });
    expect((await workspace.finish(twice)).state.result_state).toBe('SUCCESS');
  });

  it('starts what was queued, and ends what was being cancelled', async () => {
    const workspace = await startTestWorkspace({ script });
    const jobId = await createJob(workspace, [taskFor('a')], { queue: { enabled: true } });
    const runs = [await startRun(workspace, jobId), await startRun(workspace, jobId)];
    await workspace.call('POST', '/api/2.2/jobs/runs/cancel', { run_id: runs[0] });
    await workspace.restart();
    expect((await workspace.finish(runs[0])).state.result_state).toBe('CANCELED');
    expect((await workspace.finish(runs[1])).state.result_state).toBe('SUCCESS');
  });
});

describe('workspaces', () => {
  it('say which address they lost when another program has taken it', async () => {
    const workspace = await startTestWorkspace();
    const { port } = workspace.server;
    await workspace.databricks.close();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    await expect(workspace.restart()).rejects.toThrow(
      `implied-volatility cannot be served at its address localhost:${port}`,
    );
  });

  it('are made once, however often they are asked for, and leave nothing when deleted', async () => {
    const { databricks, folder, host } = await startTestWorkspace();
    const again = { resourceId: resourceId.toUpperCase(), workspaceId: '4711', name: 'x', location: 'y' };
    expect(await databricks.createWorkspace(again)).toEqual({ host });
    await databricks.deleteWorkspace(resourceId);
    expect(databricks.workspaces()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
    await databricks.deleteWorkspace(resourceId);
  });
});
