import { describe, expect, it } from 'vitest';
import { admin, cpuCluster, createJob, startTestWorkspace, taskFor } from './support/startTestWorkspace.ts';

describe('jobs', () => {
  it('have ids beyond 2^53 and the server’s defaults, in every version of the API', async () => {
    const workspace = await startTestWorkspace();
    const jobId = await createJob(workspace, [taskFor('b', ['a']), taskFor('a')], { name: 'accelerator' });
    expect(jobId > 2n ** 53n).toBe(true);
    for (const version of ['2.0', '2.1', '2.2']) {
      const { body } = await workspace.call('GET', `/api/${version}/jobs/get?job_id=${jobId}`);
      expect(body).toMatchObject({ job_id: jobId, creator_user_name: admin, run_as_user_name: admin });
      expect(body.settings).toMatchObject({
        name: 'accelerator',
        max_concurrent_runs: 1,
        timeout_seconds: 0,
        format: 'MULTI_TASK',
      });
      expect(body.settings.tasks[0]).toMatchObject({ task_key: 'b', run_if: 'ALL_SUCCESS', timeout_seconds: 0 });
    }
  });

  it('are found by their exact name in any case, newest first, in pages', async () => {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    const ids = [];
    for (let i = 0; i < 3; i++) ids.unshift(await createJob(workspace, [taskFor('a')], { name: 'Twin' }));
    await createJob(workspace, [taskFor('a')], { name: 'Twin two' });
    const first = await call('GET', '/api/2.2/jobs/list?name=tWIN&limit=2');
    expect(first.body).toMatchObject({ has_more: true, jobs: [{ job_id: ids[0] }, { job_id: ids[1] }] });
    expect(first.body.jobs[0].settings).not.toHaveProperty('tasks');
    const second = await call('GET', `/api/2.2/jobs/list?name=twin&limit=2&page_token=${first.body.next_page_token}`);
    expect(second.body).toMatchObject({ has_more: false, jobs: [{ job_id: ids[2] }] });
    expect(
      (await call('GET', '/api/2.1/jobs/list?offset=3&expand_tasks=true')).body.jobs[0].settings.tasks,
    ).toHaveLength(1);
    expect((await call('GET', '/api/2.2/jobs/list?name=none')).body).toEqual({ has_more: false });
    expect((await call('GET', '/api/2.2/jobs/list?limit=101')).status).toBe(400);
  });

  it('are missed by reads and lists for as long as a scenario says, and found by writes', async () => {
    const workspace = await startTestWorkspace();
    const { call, clock } = workspace;
    const before = await createJob(workspace, [taskFor('a')], { name: 'Twin' });
    clock.advance(60_000);
    expect((await call('POST', '/__scenarios', { kind: 'notYetVisible', what: 'table' })).status).toBe(400);
    await call('POST', '/__scenarios', { kind: 'notYetVisible', what: 'job', seconds: 60 });
    const jobId = await createJob(workspace, [taskFor('a')], { name: 'Twin' });
    expect((await call('GET', '/api/2.2/jobs/list?name=twin')).body.jobs).toMatchObject([{ job_id: before }]);
    expect((await call('GET', `/api/2.2/jobs/get?job_id=${jobId}`)).status).toBe(400);
    expect((await call('POST', '/api/2.2/jobs/run-now', { job_id: jobId })).status).toBe(200);
    clock.advance(60_000);
    expect((await call('GET', '/api/2.2/jobs/list?name=twin')).body.jobs).toHaveLength(2);
  });

  it('are replaced by reset, which keeps run_as, and merged by update', async () => {
    const workspace = await startTestWorkspace();
    const { call } = workspace;
    await call('POST', '/api/2.0/preview/scim/v2/ServicePrincipals', { applicationId: 'runner' });
    const runAs = { run_as: { service_principal_name: 'runner' } };
    const jobId = await createJob(workspace, [taskFor('a')], { name: 'old', tags: { a: '1' }, ...runAs });
    const clusters = [{ job_cluster_key: 'main', new_cluster: cpuCluster }];
    const settings = { name: 'new', tasks: [taskFor('b')], job_clusters: clusters };
    expect((await call('POST', '/api/2.2/jobs/reset', { job_id: jobId, new_settings: settings })).body).toEqual({});
    const reset = await call('GET', `/api/2.2/jobs/get?job_id=${jobId}`);
    expect(reset.body).toMatchObject({
      run_as_user_name: 'runner',
      settings: { name: 'new', tasks: [{ task_key: 'b' }] },
    });
    expect(reset.body.settings).not.toHaveProperty('tags');
    const change = { job_id: jobId, new_settings: { tasks: [taskFor('c')] }, fields_to_remove: ['tasks/b'] };
    await call('POST', '/api/2.1/jobs/update', change);
    const updated = await call('GET', `/api/2.2/jobs/get?job_id=${jobId}`);
    expect(updated.body.settings).toMatchObject({ name: 'new', tasks: [{ task_key: 'c' }] });
    await call('POST', '/api/2.2/jobs/delete', { job_id: jobId });
    const gone = await call('GET', `/api/2.2/jobs/get?job_id=${jobId}`);
    expect(gone).toMatchObject({ status: 400, body: { message: `Job ${jobId} does not exist.` } });
  });

  const cluster = { job_cluster_key: 'main', new_cluster: cpuCluster };
  it.each([
    ['no task', { tasks: [] }, 400],
    ['the same task key twice', { tasks: [taskFor('a'), taskFor('a')] }, 400],
    ['a task key with blanks', { tasks: [taskFor('a b')] }, 400],
    ['an unknown dependency', { tasks: [taskFor('a', ['b'])] }, 400],
    ['a cycle', { tasks: [taskFor('a', ['b']), taskFor('b', ['a'])] }, 400],
    ['an unknown run_if', { tasks: [taskFor('a', [], { run_if: 'SOMETIMES' })] }, 400],
    ['a relative notebook path', { tasks: [taskFor('a', [], { notebook_task: { notebook_path: 'a' } })] }, 400],
    ['a job cluster that is not defined', { tasks: [taskFor('a', [], { job_cluster_key: 'other' })] }, 400],
    [
      'a cluster without runtime',
      { job_clusters: [{ job_cluster_key: 'main', new_cluster: { num_workers: 1 } }] },
      400,
    ],
    ['two clusters for one task', { tasks: [taskFor('a', [], { new_cluster: cpuCluster })] }, 400],
    ['too many concurrent runs', { max_concurrent_runs: 1001 }, 400],
    ['an unknown identity to run as', { run_as: { service_principal_name: 'nobody' } }, 400],
    ['a task type that is not emulated', { tasks: [taskFor('a', [], { sql_task: {} })] }, 501],
    ['a schedule', { schedule: {} }, 501],
  ])('are refused with %s', async (_what, settings, status) => {
    const { call } = await startTestWorkspace();
    const job = { name: 'job', tasks: [taskFor('a')], job_clusters: [cluster], ...settings };
    const answer = await call('POST', '/api/2.2/jobs/create', job);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ error_code: expect.any(String), message: expect.stringMatching(/\w/) });
    expect((await call('GET', '/api/2.2/jobs/list')).body).toEqual({ has_more: false });
  });

  it('can be planned with the runtimes and machine sizes that there are', async () => {
    const { call } = await startTestWorkspace();
    const { versions } = (await call('GET', '/api/2.1/clusters/spark-versions')).body;
    const keys = versions.map(({ key }: { key: string }) => key);
    expect(keys).toEqual(
      expect.arrayContaining(['15.4.x-scala2.12', '13.3.x-gpu-ml-scala2.12', '15.4.x-gpu-ml-scala2.12']),
    );
    const { node_types: types } = (await call('GET', '/api/2.1/clusters/list-node-types')).body;
    expect(types).toContainEqual(
      expect.objectContaining({ node_type_id: 'Standard_NC4as_T4_v3', num_cores: 4, num_gpus: 1 }),
    );
  });
});
