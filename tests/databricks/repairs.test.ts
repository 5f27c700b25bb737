import { describe, expect, it } from 'vitest';
import {
  type Answer,
  type Json,
  type TestWorkspace,
  createJob,
  startRun,
  startTestWorkspace,
  taskFor,
} from './support/startTestWorkspace.ts';

const script = { a: { seconds: 10 }, b: { seconds: 20 }, c: { seconds: 5 } };
const chain = [taskFor('a'), taskFor('b', ['a']), taskFor('c', ['b'])];

const repair = ({ call }: TestWorkspace, runId: Json, more: object): Promise<Answer> =>
  call('POST', '/api/2.2/jobs/runs/repair', { run_id: runId, ...more });
const allFailed = { rerun_all_failed_tasks: true };
const read = async ({ call }: TestWorkspace, runId: Json): Promise<Json> =>
  (await call('GET', `/api/2.2/jobs/runs/get?run_id=${runId}&include_history=true`)).body;
const attempts = (run: Json): string[] =>
  run.tasks.map((task: Json) => `${task.task_key} ${task.attempt_number} ${task.state.result_state ?? '-'}`);

/** A run of the chain a, b, c that is over, after this trouble. */
async function failedRun(trouble: object, tasks: Json[] = chain): Promise<{ workspace: TestWorkspace; runId: Json }> {
  const workspace = await startTestWorkspace({ script });
  await workspace.call('POST', '/__scenarios', trouble);
  const runId = await startRun(workspace, await createJob(workspace, tasks));
  await workspace.finish(runId);
  return { workspace, runId };
}
const bFails = { kind: 'taskInternalError', taskKey: 'b' };

describe('a repair', () => {
  it('runs what failed or was skipped once more within the same run, on a new cluster', async () => {
    const { workspace, runId } = await failedRun(bFails);
    const { status, body } = await repair(workspace, runId, allFailed);
    expect(status).toBe(200);
    const active = await read(workspace, runId);
    expect(active).toMatchObject({ state: { life_cycle_state: 'PENDING' }, status: { state: 'PENDING' }, end_time: 0 });
    const over = await workspace.finish(runId);
    expect(over.state.result_state).toBe('SUCCESS');
    expect(attempts(over)).toEqual(['a 0 SUCCESS', 'b 0 FAILED', 'c 0 UPSTREAM_FAILED', 'b 1 SUCCESS', 'c 1 SUCCESS']);
    const clusters = over.tasks.map((task: Json) => task.cluster_instance?.cluster_id);
    expect(clusters[0]).toBe(clusters[1]);
    expect(clusters[3]).not.toBe(clusters[0]);
    expect(clusters[4]).toBe(clusters[3]);

    const [original, repaired, ...more] = (await read(workspace, runId)).repair_history;
    expect(more).toEqual([]);
    expect(original).toMatchObject({
      type: 'ORIGINAL',
      state: { result_state: 'FAILED' },
      start_time: over.start_time,
    });
    expect(original).not.toHaveProperty('id');
    expect(original.task_run_ids).toEqual(over.tasks.slice(0, 3).map((task: Json) => task.run_id));
    expect(repaired).toMatchObject({ type: 'REPAIR', id: body.repair_id, state: { result_state: 'SUCCESS' } });
    expect(repaired.task_run_ids).toEqual(over.tasks.slice(3).map((task: Json) => task.run_id));
    expect(repaired.end_time).toBe(over.end_time);
    expect(over.run_duration).toBe(original.end_time - original.start_time + repaired.end_time - repaired.start_time);
  });

  it('is refused while the run goes on, without a task to repair, and for what is said twice', async () => {
    const { workspace, runId } = await failedRun(bFails);
    const refusal = async (more: object): Promise<string> => {
      const { status, body } = await repair(workspace, runId, more);
      return `${status} ${body.error_code} ${body.message}`;
    };
    expect(await refusal({})).toContain('400 INVALID_PARAMETER_VALUE Missing required field: rerun_tasks');
    expect(await refusal({ ...allFailed, rerun_tasks: ['a'] })).toContain('Only one of');
    expect(await refusal({ rerun_tasks: ['b', 'b'] })).toContain('rerun_tasks cannot contain duplicate task keys.');
    expect(await refusal({ rerun_tasks: ['z'] })).toContain('has no task z');
    expect(await refusal({ ...allFailed, latest_repair_id: 7 })).toContain('7 is not the latest repair');
    expect(await refusal({ ...allFailed, job_parameters: {} })).toContain('501');
    await repair(workspace, runId, allFailed);
    expect(await refusal(allFailed)).toMatch(/400 INVALID_STATE .* is in progress/);
    expect((await repair(workspace, 7, allFailed)).body.message).toBe('Run 7 does not exist.');
  });

  it('must name the latest one from the second on, and finds nothing to do in a run that succeeded', async () => {
    const { workspace, runId } = await failedRun({ ...bFails, times: 2 });
    const first = (await repair(workspace, runId, allFailed)).body.repair_id;
    expect((await workspace.finish(runId)).state.result_state).toBe('FAILED');
    const without = await repair(workspace, runId, allFailed);
    expect(without.body).toMatchObject({ error_code: 'INVALID_PARAMETER_VALUE' });
    expect(without.body.message).toBe('The latest repair ID needs to be provided in order to create a new repair');
    const second = (await repair(workspace, runId, { ...allFailed, latest_repair_id: first })).body.repair_id;
    expect(second).not.toBe(first);
    expect((await workspace.finish(runId)).state.result_state).toBe('SUCCESS');
    const history = (await read(workspace, runId)).repair_history;
    expect(history.map(({ id }: Json) => id)).toEqual([undefined, first, second]);
    const none = await repair(workspace, runId, { ...allFailed, latest_repair_id: second });
    expect(none.body.message).toContain('has no failed tasks');
  });

  it('of named tasks leaves the others as they are, unless their dependents are asked for', async () => {
    const { workspace, runId } = await failedRun(bFails);
    const { repair_id } = (await repair(workspace, runId, { rerun_tasks: ['b'] })).body;
    const over = await workspace.finish(runId);
    expect(over.state.result_state).toBe('FAILED');
    expect(attempts(over).slice(3)).toEqual(['b 1 SUCCESS']);
    await repair(workspace, runId, { rerun_tasks: ['b'], rerun_dependent_tasks: true, latest_repair_id: repair_id });
    expect(attempts(await workspace.finish(runId)).slice(4)).toEqual(['b 2 SUCCESS', 'c 1 SUCCESS']);
  });

  it('has the retries and the present settings of the job, and its time limit anew', async () => {
    const { workspace, runId } = await failedRun({ ...bFails, times: 3 }, [
      taskFor('a'),
      taskFor('b', ['a'], { max_retries: 1 }),
    ]);
    const { job_id } = await read(workspace, runId);
    await workspace.call('POST', '/api/2.2/jobs/update', {
      job_id,
      new_settings: {
        timeout_seconds: 85,
        tasks: [{ ...taskFor('b', ['a'], { max_retries: 1 }), job_cluster_key: 'other' }],
        job_clusters: [
          {
            job_cluster_key: 'other',
            new_cluster: { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D8ds_v5', num_workers: 0 },
          },
        ],
      },
    });
    await repair(workspace, runId, allFailed);
    const over = await workspace.finish(runId);
    expect(over.state.result_state).toBe('SUCCESS');
    expect(attempts(over)).toEqual(['a 0 SUCCESS', 'b 0 FAILED', 'b 1 FAILED', 'b 2 FAILED', 'b 3 SUCCESS']);
    expect(over.tasks.at(-1).new_cluster.node_type_id).toBe('Standard_D8ds_v5');
  });

  it('goes on after a restart of the emulator', async () => {
    const { workspace, runId } = await failedRun(bFails);
    await repair(workspace, runId, allFailed);
    await workspace.restart();
    const over = await workspace.finish(runId);
    expect(over.state.result_state).toBe('SUCCESS');
    expect((await read(workspace, runId)).repair_history).toHaveLength(2);
  });

  it('is shown on the page of the run', async () => {
    const { workspace, runId } = await failedRun(bFails);
    const { job_id } = await read(workspace, runId);
    const page = async (): Promise<string> => (await workspace.call('GET', `/jobs/${job_id}/runs/${runId}`)).body;
    expect(await page()).not.toContain('Repairs');
    await repair(workspace, runId, allFailed);
    expect(await page()).toMatch(/<h2>Repairs<\/h2>[\s\S]*FAILED: Task b failed with message: Run result unavailable/);
  });
});

describe('the platform', () => {
  it('takes a spot cluster away: its tasks end with it, and a retry gets a new one', async () => {
    const tasks = [taskFor('a', [], { max_retries: 1 })];
    const { workspace, runId } = await failedRun({ kind: 'spotLost', afterSeconds: 3, taskKey: 'a' }, tasks);
    const over = await read(workspace, runId);
    expect(attempts(over)).toEqual(['a 0 FAILED', 'a 1 SUCCESS']);
    const [lost] = over.tasks;
    expect(lost).toMatchObject({
      execution_duration: 3000,
      state: { life_cycle_state: 'INTERNAL_ERROR' },
      status: { termination_details: { code: 'CLOUD_FAILURE', type: 'CLOUD_FAILURE' } },
    });
    expect(lost.state.state_message).toContain('Reason: SPOT_INSTANCE_TERMINATION (CLOUD_FAILURE)');
    const { cluster_id } = lost.cluster_instance;
    const cluster = (await workspace.call('GET', `/api/2.1/clusters/get?cluster_id=${cluster_id}`)).body;
    expect(cluster).toMatchObject({ state: 'TERMINATED', termination_reason: { code: 'SPOT_INSTANCE_TERMINATION' } });
  });

  it('loses a task by an error of its own', async () => {
    const { workspace, runId } = await failedRun(bFails);
    const { tasks, status } = await read(workspace, runId);
    expect(tasks[1].status.termination_details).toMatchObject({ code: 'INTERNAL_ERROR', type: 'INTERNAL_ERROR' });
    expect(tasks[1].state.state_message).toContain('Failed to reach the driver');
    expect(status.termination_details).toMatchObject({ code: 'INTERNAL_ERROR', type: 'INTERNAL_ERROR' });
  });
});

describe('a person', () => {
  it('repairs a run that failed', async () => {
    const workspace = await startTestWorkspace({ script });
    await workspace.call('POST', '/__scenarios', bFails);
    await workspace.call('POST', '/__scenarios', { kind: 'personRepairs', afterSeconds: 40 });
    const runId = await startRun(workspace, await createJob(workspace, chain));
    const failed = await workspace.finish(runId);
    const again = await workspace.until(runId, (run) => run.end_time === 0);
    expect(workspace.clock.now()).toBe(failed.end_time + 40_000);
    expect(again.state.life_cycle_state).toBe('PENDING');
    expect((await workspace.finish(runId)).state.result_state).toBe('SUCCESS');
  });

  it('deletes a run that goes on, by cancelling it first', async () => {
    const workspace = await startTestWorkspace({ script });
    await workspace.call('POST', '/__scenarios', { kind: 'personDeletes', taskKey: 'b', afterSeconds: 5 });
    const runId = await startRun(workspace, await createJob(workspace, chain));
    const gone = await workspace.until(runId, (run) => run.error_code !== undefined);
    expect(gone.message).toBe(`Run ${runId} does not exist.`);
  });
});
