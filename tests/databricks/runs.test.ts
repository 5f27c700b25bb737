import { describe, expect, it } from 'vitest';
import { acceleratorScript } from '../../local/databricks/notebooks/acceleratorScript.ts';
import {
  type Json,
  type TestWorkspace,
  cpuCluster,
  createJob,
  gpuCluster,
  importNotebook,
  startRun,
  startTestWorkspace,
  taskFor,
} from './support/startTestWorkspace.ts';

const quick = { a: { seconds: 10 }, b: { seconds: 20, outcome: { result: 'done' } }, c: { seconds: 5 } };
const failing = { seconds: 5, outcome: { error: 'ValueError: no rows', errorTrace: 'Traceback\nValueError: no rows' } };

const output = async ({ call }: TestWorkspace, task: Json): Promise<Json> =>
  (await call('GET', `/api/2.1/jobs/runs/get-output?run_id=${task.run_id}`)).body;

const taskStates = (run: Json): string[] =>
  run.tasks.map((task: Json) => `${task.task_key} ${task.state.life_cycle_state} ${task.state.result_state ?? '-'}`);

describe('runs', () => {
  it('are missed by reads and lists for as long as a scenario says, and found by their tokens', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const { call, clock } = workspace;
    const jobId = await createJob(workspace, [taskFor('a')]);
    await call('POST', '/__scenarios', { kind: 'notYetVisible', what: 'run', seconds: 30 });
    const start = { job_id: jobId, idempotency_token: 'once' };
    const { run_id: runId } = (await call('POST', '/api/2.2/jobs/run-now', start)).body;
    const read = await call('GET', `/api/2.2/jobs/runs/get?run_id=${runId}`);
    expect(read).toMatchObject({ status: 400, body: { message: `Run ${runId} does not exist.` } });
    expect((await call('GET', `/api/2.2/jobs/runs/list?job_id=${jobId}`)).body).toEqual({ has_more: false });
    expect((await call('POST', '/api/2.2/jobs/run-now', start)).body.run_id).toBe(runId);
    clock.advance(30_000);
    expect((await call('GET', `/api/2.2/jobs/runs/list?job_id=${jobId}`)).body.runs).toHaveLength(1);
  });

  it('start their cluster, then their tasks in order, and end with outputs and times', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const jobId = await createJob(workspace, [taskFor('a'), taskFor('b', ['a'])]);
    const runId = await startRun(workspace, jobId);
    const begun = await workspace.until(runId, () => true);
    expect(begun).toMatchObject({
      job_id: jobId,
      number_in_job: 1,
      state: { life_cycle_state: 'PENDING' },
      status: { state: 'PENDING' },
    });
    expect(begun.run_page_url).toBe(`https://${workspace.host}/?o=4711000000000001#job/${jobId}/run/${runId}`);
    expect(taskStates(begun)).toEqual(['a PENDING -', 'b BLOCKED -']);
    const cluster = await workspace.call(
      'GET',
      `/api/2.1/clusters/get?cluster_id=${begun.tasks[0].cluster_instance.cluster_id}`,
    );
    expect(cluster.body).toMatchObject({
      state: 'PENDING',
      spark_version: cpuCluster.spark_version,
      cluster_source: 'JOB',
    });

    const running = await workspace.until(runId, (run) => run.tasks[1].state.life_cycle_state === 'RUNNING');
    expect(running).toMatchObject({ state: { life_cycle_state: 'RUNNING' }, end_time: 0 });
    expect(running.tasks[0]).toMatchObject({ setup_duration: 60_000, execution_duration: 10_000 });
    expect(await output(workspace, running.tasks[1])).toMatchObject({ notebook_output: {} });

    await workspace.until(runId, (run) => run.state.life_cycle_state === 'TERMINATING');
    const over = await workspace.finish(runId);
    expect(over.state).toMatchObject({ life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' });
    expect(over.status).toMatchObject({
      state: 'TERMINATED',
      termination_details: { code: 'SUCCESS', type: 'SUCCESS' },
    });
    expect(over).toMatchObject({ run_duration: 91_000, end_time: over.start_time + 91_000 });
    expect((await output(workspace, over.tasks[1])).notebook_output).toEqual({ result: 'done', truncated: false });
    const whole = await workspace.call('GET', `/api/2.2/jobs/runs/get-output?run_id=${runId}`);
    expect(whole.body.message).toContain('runs with multiple tasks is not supported');
  });

  it('wait longer for a GPU cluster than for another', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const own = { job_cluster_key: undefined };
    const tasks = [
      taskFor('a', [], { ...own, new_cluster: gpuCluster }),
      taskFor('b', [], { ...own, new_cluster: cpuCluster }),
    ];
    const run = await workspace.finish(await startRun(workspace, await createJob(workspace, tasks)));
    expect(run.tasks).toMatchObject([{ setup_duration: 240_000 }, { setup_duration: 60_000 }]);
  });

  it('with a failed task end as INTERNAL_ERROR, and the exception stands in the task’s output', async () => {
    const workspace = await startTestWorkspace({ script: { ...quick, a: failing } });
    const jobId = await createJob(workspace, [
      taskFor('a'),
      taskFor('b', ['a']),
      taskFor('c', ['b'], { run_if: 'AT_LEAST_ONE_SUCCESS' }),
    ]);
    const run = await workspace.finish(await startRun(workspace, jobId));
    expect(run.state).toMatchObject({ life_cycle_state: 'INTERNAL_ERROR', result_state: 'FAILED' });
    expect(run.state.state_message).toBe(
      'Task a failed with message: Workload failed, see run output for details. This caused all downstream tasks to get skipped.',
    );
    expect(run.status.termination_details).toMatchObject({ code: 'RUN_EXECUTION_ERROR', type: 'CLIENT_ERROR' });
    expect(taskStates(run)).toEqual([
      'a TERMINATED FAILED',
      'b TERMINATED UPSTREAM_FAILED',
      'c TERMINATED UPSTREAM_FAILED',
    ]);
    expect(await output(workspace, run.tasks[0])).toMatchObject({
      error: 'ValueError: no rows',
      error_trace: failing.outcome.errorTrace,
    });
  });

  it('succeed with failures when only a task inside failed', async () => {
    const workspace = await startTestWorkspace({ script: { ...quick, a: failing } });
    const jobId = await createJob(workspace, [
      taskFor('a'),
      taskFor('b', ['a'], { run_if: 'ALL_DONE' }),
      taskFor('c', ['a'], { run_if: 'ALL_FAILED' }),
    ]);
    const run = await workspace.finish(await startRun(workspace, jobId));
    expect(run.state.result_state).toBe('SUCCESS_WITH_FAILURES');
  });

  it('repeat a failed task, each attempt with its own run id', async () => {
    let calls = 0;
    const a = { seconds: 5, outcome: () => (++calls < 3 ? { error: 'OSError: again' } : { result: 'third' }) };
    const workspace = await startTestWorkspace({ script: { a } });
    const jobId = await createJob(workspace, [taskFor('a', [], { max_retries: 2, min_retry_interval_millis: 30_000 })]);
    const runId = await startRun(workspace, jobId);
    await workspace.until(runId, (run) => run.tasks.at(-1).state.life_cycle_state === 'WAITING_FOR_RETRY');
    const run = await workspace.finish(runId);
    expect(run.state.result_state).toBe('SUCCESS');
    expect(run.tasks.map((task: Json) => task.attempt_number)).toEqual([0, 1, 2]);
    expect(new Set(run.tasks.map((task: Json) => task.run_id)).size).toBe(3);
    expect((await output(workspace, run.tasks[2])).notebook_output.result).toBe('third');
  });

  it('stop at their timeout, and so do tasks at theirs', async () => {
    const workspace = await startTestWorkspace({ script: { a: { seconds: 10_000 } } });
    const whole = await createJob(workspace, [taskFor('a')], { timeout_seconds: 100 });
    const run = await workspace.finish(await startRun(workspace, whole));
    expect(run.state).toMatchObject({
      life_cycle_state: 'TERMINATED',
      result_state: 'TIMEDOUT',
      user_cancelled_or_timedout: true,
    });
    const part = await createJob(workspace, [taskFor('a', [], { timeout_seconds: 50 })]);
    const other = await workspace.finish(await startRun(workspace, part));
    expect(other.state.result_state).toBe('FAILED');
    expect(other.tasks[0]).toMatchObject({ execution_duration: 50_000, state: { result_state: 'TIMEDOUT' } });
  });

  it('give their notebooks base parameters, then those of the run, with references filled in', async () => {
    let seen: Record<string, string> = {};
    const a = {
      seconds: 1,
      outcome: ({ parameters }: { parameters: Record<string, string> }) => ((seen = parameters), {}),
    };
    const workspace = await startTestWorkspace({ script: { a } });
    const notebook = { notebook_path: '/Shared/a', base_parameters: { x: '1', y: '2', run: '{{job.run_id}}' } };
    const jobId = await createJob(workspace, [taskFor('a', [], { notebook_task: notebook })]);
    const runId = await startRun(workspace, jobId, { notebook_params: { y: '3' } });
    await workspace.finish(runId);
    expect(seen).toEqual({ x: '1', y: '3', run: String(runId) });
  });

  it('act the accelerator by the script that is shipped: RUNME makes, starts and names the child run', async () => {
    // The results of the training are made over many calls, on which this clock does not wait.
    const script = { ...acceleratorScript, '03_train_models': { seconds: 900 } };
    const workspace = await startTestWorkspace({ script });
    for (const name of ['01_introduction', '02_create_features', '03_train_models'])
      await importNotebook(workspace, `/Shared/${name}`);
    const jobId = await createJob(workspace, [taskFor('RUNME')]);
    const parent = await workspace.finish(await startRun(workspace, jobId));
    const { run_id: child } = JSON.parse((await output(workspace, parent.tasks[0])).notebook_output.result);
    const run = await workspace.finish(child);
    expect(run.state.result_state).toBe('SUCCESS');
    expect(taskStates(run)).toEqual([
      'PIV_01 TERMINATED SUCCESS',
      'PIV_02 TERMINATED SUCCESS',
      'PIV_03 TERMINATED SUCCESS',
    ]);
    expect(new Set(run.tasks.map((task: Json) => task.cluster_instance.cluster_id)).size).toBe(1);
  });
});

describe('starting runs', () => {
  it('twice with one token gives one run, also when the first reply was lost', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const { call, server } = workspace;
    const jobId = await createJob(workspace, [taskFor('a')]);
    const body = { job_id: jobId, idempotency_token: 'deployment-1' };
    server.faults.add({ method: 'POST', path: '/api/2.2/jobs/run-now', reset: true, when: 'after' });
    await expect(call('POST', '/api/2.2/jobs/run-now', body)).rejects.toThrow('fetch failed');
    const second = await call('POST', '/api/2.1/jobs/run-now', body);
    const { runs } = (await call('GET', `/api/2.2/jobs/runs/list?job_id=${jobId}`)).body;
    expect(runs.map((run: Json) => run.run_id)).toEqual([second.body.run_id]);
    await workspace.finish(second.body.run_id);
    expect((await call('POST', '/api/2.2/jobs/runs/delete', { run_id: second.body.run_id })).status).toBe(200);
    const late = await call('POST', '/api/2.2/jobs/run-now', body);
    expect(late).toMatchObject({ status: 400, body: { error_code: 'INVALID_PARAMETER_VALUE' } });
    expect((await call('POST', '/api/2.2/jobs/run-now', { ...body, idempotency_token: 'x'.repeat(65) })).status).toBe(
      400,
    );
  });

  it('beyond max_concurrent_runs skips them, or queues them where the job has a queue', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const plain = await createJob(workspace, [taskFor('a')]);
    await startRun(workspace, plain);
    const skipped = await workspace.finish(await startRun(workspace, plain));
    expect(skipped.state).toMatchObject({
      life_cycle_state: 'SKIPPED',
      result_state: 'MAXIMUM_CONCURRENT_RUNS_REACHED',
    });
    expect(skipped.status.termination_details.code).toBe('MAX_CONCURRENT_RUNS_EXCEEDED');
    const queueing = await createJob(workspace, [taskFor('a')], { queue: { enabled: true } });
    await startRun(workspace, queueing);
    const second = await startRun(workspace, queueing);
    const waiting = await workspace.until(second, () => true);
    expect(waiting).toMatchObject({
      state: { life_cycle_state: 'QUEUED' },
      status: { queue_details: { code: 'MAX_CONCURRENT_RUNS_REACHED' } },
    });
    const run = await workspace.finish(second);
    expect(run).toMatchObject({ queue_duration: 71_000, state: { result_state: 'SUCCESS' } });
  });

  it('lists them newest first, by state and since a time', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const { call, clock } = workspace;
    const jobId = await createJob(workspace, [taskFor('a')], { max_concurrent_runs: 5 });
    const first = await startRun(workspace, jobId);
    await workspace.finish(first);
    clock.advance(5000);
    const since = clock.now();
    const second = await startRun(workspace, jobId);
    const ids = async (query: string): Promise<Json[]> =>
      ((await call('GET', `/api/2.2/jobs/runs/list?job_id=${jobId}${query}`)).body.runs ?? []).map(
        (run: Json) => run.run_id,
      );
    expect(await ids('')).toEqual([second, first]);
    expect(await ids('&active_only=true')).toEqual([second]);
    expect(await ids('&completed_only=true')).toEqual([first]);
    expect(await ids(`&start_time_from=${since}`)).toEqual([second]);
    expect((await call('GET', '/api/2.2/jobs/runs/list?limit=25')).status).toBe(400);
  });
});

describe('cancelling', () => {
  it('stops the running task and all that would follow', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const runId = await startRun(workspace, await createJob(workspace, [taskFor('b'), taskFor('c', ['b'])]));
    await workspace.until(runId, (run) => run.tasks[0].state.life_cycle_state === 'RUNNING');
    expect((await workspace.call('POST', '/api/2.2/jobs/runs/cancel', { run_id: runId })).body).toEqual({});
    const run = await workspace.finish(runId);
    expect(run.state).toMatchObject({ life_cycle_state: 'TERMINATED', result_state: 'CANCELED' });
    expect(run.status.termination_details.code).toBe('USER_CANCELED');
    expect(taskStates(run)).toEqual(['b TERMINATED CANCELED', 'c TERMINATED CANCELED']);
    expect((await workspace.call('POST', '/api/2.2/jobs/runs/cancel', { run_id: runId })).status).toBe(200);
  });

  it('all runs of a job takes the queued ones too', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const jobId = await createJob(workspace, [taskFor('a')], { queue: { enabled: true } });
    const runs = [await startRun(workspace, jobId), await startRun(workspace, jobId)];
    await workspace.call('POST', '/api/2.2/jobs/runs/cancel-all', { job_id: jobId });
    for (const runId of runs) expect((await workspace.finish(runId)).state.result_state).toBe('CANCELED');
  });

  it('by a person can be arranged', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    await workspace.call('POST', '/__scenarios', { kind: 'personCancels', jobName: 'job', afterSeconds: 3 });
    const run = await workspace.finish(await startRun(workspace, await createJob(workspace, [taskFor('b')])));
    expect(run.state.result_state).toBe('CANCELED');
    expect(run.tasks[0].execution_duration).toBe(3000);
  });
});

describe('clusters that do not come up', () => {
  it.each([
    [{ spark_version: '9.9.x-scala2.12' }, 'Cause: INVALID_PARAMETER_VALUE: Invalid spark version 9.9.x-scala2.12.'],
    [{ node_type_id: 'Standard_Z1' }, 'Node type Standard_Z1 is not supported.'],
    [{ node_type_id: 'Standard_NC4as_T4_v3' }, 'This node type is not compatible with selected runtime.'],
  ])('because of what was asked for end the run: %o', async (change, message) => {
    const workspace = await startTestWorkspace({ script: quick });
    const cluster = { job_cluster_key: 'main', new_cluster: { ...cpuCluster, ...change } };
    const jobId = await createJob(workspace, [taskFor('a'), taskFor('b', ['a'])], { job_clusters: [cluster] });
    const run = await workspace.finish(await startRun(workspace, jobId));
    expect(run.state).toMatchObject({
      life_cycle_state: 'INTERNAL_ERROR',
      result_state: 'FAILED',
      state_message: expect.stringContaining(message),
    });
    expect(run.status.termination_details).toMatchObject({ code: 'INVALID_CLUSTER_REQUEST', type: 'CLIENT_ERROR' });
    expect(taskStates(run)).toEqual(['a INTERNAL_ERROR FAILED', 'b TERMINATED UPSTREAM_FAILED']);
  });

  it('for want of machines fail the task, and its next attempt gets a new cluster', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const scenario = {
      kind: 'clusterFails',
      code: 'AZURE_QUOTA_EXCEEDED_EXCEPTION',
      message: 'Family NCASv3_T4 is at its quota.',
    };
    await workspace.call('POST', '/__scenarios', scenario);
    const run = await workspace.finish(
      await startRun(workspace, await createJob(workspace, [taskFor('a', [], { max_retries: 1 })])),
    );
    expect(taskStates(run)).toEqual(['a INTERNAL_ERROR FAILED', 'a TERMINATED SUCCESS']);
    expect(run.tasks[0].status.termination_details).toMatchObject({
      code: 'CLOUD_FAILURE',
      message: expect.stringContaining('NCASv3_T4'),
    });
    const [first, second] = run.tasks.map((task: Json) => task.cluster_instance.cluster_id);
    expect(first).not.toBe(second);
    const cluster = await workspace.call('GET', `/api/2.0/clusters/get?cluster_id=${first}`);
    expect(cluster.body).toMatchObject({
      state: 'TERMINATED',
      termination_reason: { code: 'AZURE_QUOTA_EXCEEDED_EXCEPTION' },
    });
  });
});

describe('notebooks', () => {
  it('that are not there fail their task and name the identity', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    const jobId = await createJob(workspace, [taskFor('a')]);
    await workspace.call('POST', '/api/2.0/workspace/delete', { path: '/Shared/a' });
    const run = await workspace.finish(await startRun(workspace, jobId));
    expect(run.status.termination_details).toMatchObject({
      code: 'RESOURCE_NOT_FOUND',
      message: expect.stringContaining('/Shared/a'),
    });
  });

  it('can be made to fail by a scenario', async () => {
    const workspace = await startTestWorkspace({ script: quick });
    await workspace.call('POST', '/__scenarios', {
      kind: 'taskFails',
      taskKey: 'a',
      code: 'MemoryError',
      message: 'no room',
    });
    const run = await workspace.finish(await startRun(workspace, await createJob(workspace, [taskFor('a')])));
    expect((await output(workspace, run.tasks[0])).error).toBe('MemoryError: no room');
  });

  it('lose their token when they end', async () => {
    let token = '';
    const a = { seconds: 1, outcome: (request: { token: string }) => ((token = request.token), {}) };
    const workspace = await startTestWorkspace({ script: { a } });
    const runId = await startRun(workspace, await createJob(workspace, [taskFor('a')]));
    await workspace.finish(runId);
    const answer = await workspace.call('GET', '/api/2.0/preview/scim/v2/Me', undefined, {
      authorization: `Bearer ${token}`,
    });
    expect(token).toMatch(/^dapi/);
    expect(answer.status).toBe(401);
  });
});
