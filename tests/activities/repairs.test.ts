import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureRepo } from '../../activities/ensureRepo.ts';
import { readRun } from '../../activities/readRun.ts';
import { repairRun } from '../../activities/repairRun.ts';
import { isOver } from '../../domain/runs.ts';
import type { RunView, Workspace } from '../../domain/steps.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import { type CloudAnswer, cloudCaller } from '../../local/soak/cloudCaller.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { setFault, setScenario } from '../support/world.ts';

let activities: ActivityCloud;
let workspace: Workspace;
let server: ApiServer;
let folder: string;
beforeAll(async () => {
  activities = await startActivityCloud();
  const deployment = activities.deployment('ws-repairs');
  workspace = await activities.readyWorkspace(deployment);
  server = findWorkspace(activities.cloud, 'ws-repairs');
  folder = (await ensureRepo({ ...deployment, workspace })).path;
});
beforeEach(() => server.faults.clear());
afterAll(() => activities.cloud.close());

const api = async (method: string, path: string, body?: unknown): Promise<CloudAnswer['body']> => {
  const answer = await cloudCaller(activities.cloud).databricks('ws-repairs', method, path, body);
  expect([path, answer.status]).toEqual([path, 200]);
  return answer.body;
};
const repairsSent = (): number => server.requests.filter(({ path }) => path.endsWith('/jobs/runs/repair')).length;
const taskOf = (task_key: string, more: object = {}): object => ({
  task_key,
  notebook_task: { notebook_path: `${folder}/notebooks/01_introduction` },
  new_cluster: { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 },
  ...more,
});

async function start(tasks: object[] = [taskOf('only')]): Promise<string> {
  const { job_id } = await api('POST', '/api/2.2/jobs/create', { name: 'test', tasks });
  return String((await api('POST', '/api/2.2/jobs/run-now', { job_id: String(job_id) }))['run_id']);
}

/** Moves the clock until the run is over. */
async function finish(runId: string): Promise<RunView> {
  for (let looks = 0; looks < 500; looks++) {
    const run = await readRun({ workspace, runId });
    if (isOver(run.state)) return run;
    const dueMs = activities.clock.nextDue();
    if (dueMs !== undefined) activities.clock.advanceTo(dueMs);
  }
  throw new Error(`the run ${runId} does not end`);
}

/** A run that the platform has failed, so many times in all. */
async function failedRun(times = 1): Promise<string> {
  await setScenario(server, { kind: 'taskInternalError', taskKey: 'only', times });
  const runId = await start();
  const run = await finish(runId);
  expect(run).toMatchObject({ state: 'failed', repairs: 0, platform: { code: 'RUN_FAILED', repairable: true } });
  return runId;
}

describe('repairRun', () => {
  test('lets the run go on, and what counts is the latest attempt of each task', async () => {
    const runId = await failedRun();
    expect(await repairRun({ workspace, runId, repairs: 0 })).toEqual({ repairs: 1 });
    expect(await readRun({ workspace, runId })).toMatchObject({ state: 'waiting', repairs: 1 });
    const over = await finish(runId);
    expect(over).toMatchObject({ state: 'succeeded', repairs: 1, tasks: [{ key: 'only', attempt: 2 }] });
    expect(over.tasks).toHaveLength(1);
  });

  test('happens once when the reply is lost, whether the run goes on or is over again by the next try', async () => {
    for (const wait of [false, true]) {
      const runId = await failedRun();
      const before = repairsSent();
      await setFault(server, { method: 'POST', path: '*/jobs/runs/repair', reset: true, when: 'after' });
      const failure = await failureOf(repairRun({ workspace, runId, repairs: 0 }));
      expect(failure).toMatchObject({ code: 'DATABRICKS_UNAVAILABLE', retryable: true });
      if (wait) await finish(runId);
      expect(await repairRun({ workspace, runId, repairs: 0 })).toEqual({ repairs: 1 });
      expect(repairsSent()).toBe(before + 1);
      expect(await finish(runId)).toMatchObject({ state: 'succeeded', repairs: 1 });
    }
  });

  test('leaves a run alone that a person repairs at the same moment', async () => {
    const runId = await failedRun();
    // Read before the person's repair, sent after it.
    const stale = await api('GET', `/api/2.2/jobs/runs/get?run_id=${runId}&include_history=true`);
    await api('POST', '/api/2.2/jobs/runs/repair', { run_id: runId, rerun_all_failed_tasks: true });
    const body = JSON.parse(
      JSON.stringify(stale, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
    ) as object;
    await setFault(server, { method: 'GET', path: '*/jobs/runs/get', status: 200, body });
    const before = repairsSent();
    expect(await repairRun({ workspace, runId, repairs: 0 })).toEqual({ repairs: 1 });
    expect(repairsSent()).toBe(before + 1);
    expect(await finish(runId)).toMatchObject({ state: 'succeeded', repairs: 1 });
  });

  test('names the latest repair where there was one already', async () => {
    const runId = await failedRun(2);
    await repairRun({ workspace, runId, repairs: 0 });
    expect(await finish(runId)).toMatchObject({ state: 'failed', repairs: 1 });
    expect(await repairRun({ workspace, runId, repairs: 1 })).toEqual({ repairs: 2 });
    expect(await finish(runId)).toMatchObject({ state: 'succeeded', repairs: 2, tasks: [{ attempt: 3 }] });
  });

  test('says what Databricks says when it refuses, and that a run is gone', async () => {
    const runId = await failedRun();
    const body = { error_code: 'INVALID_PARAMETER_VALUE', message: 'Runs of this kind cannot be repaired.' };
    await setFault(server, { method: 'POST', path: '*/jobs/runs/repair', status: 400, body });
    const refused = await failureOf(repairRun({ workspace, runId, repairs: 0 }));
    expect(refused).toMatchObject({ code: 'DATABRICKS_REJECTED', retryable: false });
    expect(refused.message).toContain(body.message);
    await api('POST', '/api/2.2/jobs/runs/delete', { run_id: runId });
    const gone = await failureOf(repairRun({ workspace, runId, repairs: 0 }));
    expect(gone).toMatchObject({ code: 'RUN_LOST', retryable: false });
  });
});

describe('readRun', () => {
  test('puts a notebook\u2019s own error before one of the platform: that run is not the platform\u2019s failure', async () => {
    await setScenario(server, { kind: 'taskInternalError', taskKey: 'lost' });
    await setScenario(server, { kind: 'taskFails', taskKey: 'raises', code: 'ValueError', message: 'no rows' });
    const run = await finish(await start([taskOf('lost'), taskOf('raises')]));
    expect(run.problem).toMatchObject({ task: 'raises', error: 'ValueError: no rows' });
    expect(run.platform).toBeUndefined();
  });

  test('tells a cluster that cannot be from one that is not there now', async () => {
    const new_cluster = { spark_version: '9.1.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
    const run = await finish(await start([taskOf('only', { new_cluster })]));
    expect(run.platform).toEqual({ code: 'CLUSTER_REFUSED', repairable: false });
    expect(run.problem?.error).toContain('Invalid spark version 9.1.x-scala2.12.');
  });

  test('puts what a repair does not help before what it does', async () => {
    await setScenario(server, { kind: 'taskInternalError', taskKey: 'lost' });
    const quota = {
      code: 'AZURE_QUOTA_EXCEEDED_EXCEPTION',
      type: 'CLIENT_ERROR',
      message: 'azure_error_code:QuotaExceeded',
    };
    await setScenario(server, { kind: 'clusterFails', taskKey: 'quota', ...quota });
    const run = await finish(await start([taskOf('lost'), taskOf('quota')]));
    expect(run.problem?.task).toBe('quota');
    expect(run.platform).toEqual({ code: 'CLUSTER_QUOTA', repairable: false });
  });

  test('reads a run of more tasks than one page has, and ten pages at most', async () => {
    const runId = await start(Array.from({ length: 250 }, (_, i) => taskOf(`task_${i}`)));
    const read = async (): Promise<number> => (await readRun({ workspace, runId })).tasks.length;
    expect(await read()).toBe(250);
    const endless = { run_id: runId, job_id: '1', next_page_token: 'again', tasks: [{ run_id: '1', task_key: 'a' }] };
    await setFault(server, { method: 'GET', path: '*/jobs/runs/get', times: 100, status: 200, body: endless });
    const before = server.requests.length;
    expect(await read()).toBe(1);
    expect(server.requests.length - before).toBe(10);
  });
});
