import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureIdentity } from '../../activities/ensureIdentity.ts';
import { ensureJob } from '../../activities/ensureJob.ts';
import { ensureRepo } from '../../activities/ensureRepo.ts';
import { probeStorage } from '../../activities/probeStorage.ts';
import { readRun } from '../../activities/readRun.ts';
import { registerIdentity } from '../../activities/registerIdentity.ts';
import { submitRun } from '../../activities/submitRun.ts';
import { isOver } from '../../domain/runs.ts';
import type { Accelerator, Deployment, RunView, Workspace } from '../../domain/steps.ts';
import type { FaultRule } from '../../local/faults/faults.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import { type CloudAnswer, cloudCaller } from '../../local/soak/cloudCaller.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { setFault, setScenario } from '../support/world.ts';

let activities: ActivityCloud;
let deployment: Deployment;
let workspace: Workspace;
let server: ApiServer;
beforeAll(async () => {
  activities = await startActivityCloud();
  deployment = activities.deployment('ws-shared');
  workspace = await activities.readyWorkspace(deployment);
  server = findWorkspace(activities.cloud, 'ws-shared');
});
beforeEach(() => server.faults.clear());
afterAll(() => activities.cloud.close());

const api = async (method: string, path: string, body?: unknown): Promise<CloudAnswer['body']> => {
  const answer = await cloudCaller(activities.cloud).databricks('ws-shared', method, path, body);
  expect([path, answer.status]).toEqual([path, expect.toBeOneOf([200, 201])]);
  return answer.body;
};
const fault = (method: string, path: string, rule: Omit<FaultRule, 'method' | 'path'>): Promise<void> =>
  setFault(server, { method, path, ...rule });
const loseReply = (method: string, path: string): Promise<void> => fault(method, path, { reset: true, when: 'after' });
const sent = (method: string, path: string): number =>
  server.requests.filter((one) => one.method === method && one.path.split('?')[0] === path).length;
const lost = { code: 'DATABRICKS_UNAVAILABLE', retryable: true };

describe('probeStorage', () => {
  test('is ready when the storage answers, or when DBFS is switched off and never will', async () => {
    expect(await probeStorage({ workspace })).toEqual({ ready: true });
    const off = { error_code: 'FEATURE_DISABLED', message: 'DBFS is disabled on this workspace.' };
    await fault('GET', '/api/2.0/dbfs/*', { status: 400, body: off });
    expect(await probeStorage({ workspace })).toEqual({ ready: true });
  });

  test('is not ready after a server error, and hands on the wait that was asked for', async () => {
    const body = { error_code: 'TEMPORARILY_UNAVAILABLE', message: 'Not yet.' };
    await fault('GET', '/api/2.0/dbfs/*', { status: 503, headers: { 'retry-after': '40' }, body });
    expect(await probeStorage({ workspace })).toMatchObject({ ready: false, retryAfterSeconds: 40 });
  });

  test('sends nothing to a host outside the allowed pattern', async () => {
    const before = server.requests.length;
    const foreign = { ...workspace, host: workspace.host.replace('localhost', '127.0.0.1') };
    expect(await failureOf(probeStorage({ workspace: foreign }))).toMatchObject({ code: 'WORKSPACE_HOST_REFUSED' });
    const hidden = { ...workspace, host: `${workspace.host}@example.com` };
    expect(await failureOf(probeStorage({ workspace: hidden }))).toMatchObject({ code: 'WORKSPACE_HOST_REFUSED' });
    expect(server.requests.length).toBe(before);
  });
});

describe('registerIdentity', () => {
  const principals = '/api/2.0/preview/scim/v2/ServicePrincipals';

  test('makes one service principal, however often it is called and whether or not its reply arrives', async () => {
    const identity = await ensureIdentity(deployment);
    await loseReply('POST', principals);
    expect(await failureOf(registerIdentity({ workspace, identity }))).toMatchObject(lost);
    const first = await registerIdentity({ workspace, identity });
    expect(await registerIdentity({ workspace, identity })).toEqual(first);
    expect(sent('POST', principals)).toBe(1);
  });

  test('finds the entry that the list did not show when it was looked up', async () => {
    const identity = await ensureIdentity(deployment);
    const { id } = await registerIdentity({ workspace, identity });
    await fault('GET', principals, { status: 200, body: { Resources: [] } });
    expect(await registerIdentity({ workspace, identity })).toEqual({ id });
    await fault('GET', principals, { status: 200, body: {}, times: 2 });
    expect(await failureOf(registerIdentity({ workspace, identity }))).toMatchObject(lost);
  });
});

describe('ensureRepo', () => {
  const at = (more: Partial<Accelerator> = {}) => ({
    ...deployment,
    accelerator: { repositoryUrl: activities.repositoryUrl, branch: 'main', ...more },
    workspace,
  });
  const tag = (name: string) => at({ branch: undefined, tag: name });
  const git = (...args: string[]): string =>
    execFileSync('git', ['--git-dir', activities.repository, ...args], { encoding: 'utf8' }).trim();
  const folders = async (): Promise<unknown[]> =>
    ((await api('GET', '/api/2.0/repos?path_prefix=/Users'))['repos'] ?? []) as unknown[];

  test('clones the branch, goes to another one or to a tag, and follows the branch, in one and the same folder', async () => {
    const first = await ensureRepo(at());
    expect(first.commit).toBe(git('rev-parse', 'main'));
    expect(await ensureRepo(at({ branch: 'broken' }))).toEqual({ ...first, commit: git('rev-parse', 'broken') });
    expect(await ensureRepo(tag('v1'))).toEqual({ ...first, commit: git('rev-parse', 'v1') });
    git('update-ref', 'refs/heads/main', git('rev-parse', 'broken'), first.commit);
    expect(await ensureRepo(at())).toEqual({ ...first, commit: git('rev-parse', 'broken') });
    git('update-ref', 'refs/heads/main', first.commit);
    expect(await ensureRepo(at())).toEqual(first);
    expect(sent('POST', '/api/2.0/repos')).toBe(1);
  });

  test('ends at once when there is no such branch or tag', async () => {
    for (const input of [at({ branch: 'lost' }), tag('v9')]) {
      const failure = await failureOf(ensureRepo(input));
      expect(failure).toMatchObject({ code: 'REPOSITORY_FAILED', retryable: false });
      expect(failure.cause).toContain('GIT_UNKNOWN_REF');
    }
  });

  test('replaces whatever else is at its path: a half-made clone, a folder, a file, another repository', async () => {
    const { path, commit } = await ensureRepo(at());
    const remove = (): Promise<unknown> => api('POST', '/api/2.0/workspace/delete', { path, recursive: true });

    await remove();
    await setScenario(server, { kind: 'cloneHalfMade' });
    expect(await failureOf(ensureRepo(at()))).toMatchObject(lost);
    expect(await ensureRepo(at())).toEqual({ path, commit });

    await remove();
    await api('POST', '/api/2.0/workspace/mkdirs', { path: `${path}/drafts` });
    expect(await ensureRepo(at())).toEqual({ path, commit });

    await remove();
    await api('POST', '/api/2.0/workspace/import', { path, format: 'AUTO', content: 'aGVsbG8=' });
    expect(await ensureRepo(at())).toEqual({ path, commit });

    await remove();
    await api('POST', '/api/2.0/repos', { path, provider: 'gitHub', url: `${activities.repositoryUrl}.git` });
    expect(await ensureRepo(at())).toEqual({ path, commit });
    expect(await folders()).toHaveLength(1);
  });

  test('clones once when the reply to the clone is lost', async () => {
    const { path, commit } = await ensureRepo(at());
    await api('POST', '/api/2.0/workspace/delete', { path, recursive: true });
    await loseReply('POST', '/api/2.0/repos');
    expect(await failureOf(ensureRepo(at()))).toMatchObject(lost);
    const before = sent('POST', '/api/2.0/repos');
    expect(await ensureRepo(at())).toEqual({ path, commit });
    expect(sent('POST', '/api/2.0/repos')).toBe(before);
  });

  test('does not throw away what somebody has changed in the folder', async () => {
    const { path } = await ensureRepo(at());
    const content = Buffer.from('{"changed": true}').toString('base64');
    const file = { path: `${path}/notebooks/job-template.json`, format: 'AUTO', overwrite: true, content };
    await api('POST', '/api/2.0/workspace/import', file);
    const failure = await failureOf(ensureRepo(at({ branch: 'broken' })));
    expect(failure).toMatchObject({ code: 'REPOSITORY_FAILED', retryable: false });
    expect(failure.cause).toContain('GIT_CONFLICT');
    await api('POST', '/api/2.0/workspace/delete', { path, recursive: true });
  });
});

describe('ensureJob', () => {
  const input = async (more: Partial<Deployment> = {}) => {
    const wanted = { ...deployment, ...more, workspace };
    return { ...wanted, repository: await ensureRepo(wanted) };
  };
  const jobs = async (): Promise<{ job_id: bigint; settings: { name: string } }[]> =>
    ((await api('GET', '/api/2.2/jobs/list?limit=100'))['jobs'] ?? []) as {
      job_id: bigint;
      settings: { name: string };
    }[];
  const parametersOf = async (jobId: string): Promise<unknown> => {
    const { settings } = (await api('GET', `/api/2.2/jobs/get?job_id=${jobId}`)) as {
      settings: { tasks: { notebook_task: { base_parameters: unknown } }[] };
    };
    return settings.tasks[0]?.notebook_task.base_parameters;
  };

  test('makes the job from the template, and resets it when it is there instead of making a second one', async () => {
    const first = await ensureJob(await input());
    expect(await parametersOf(first.jobId)).toMatchObject({
      profile: 'small',
      deployment: deployment.id,
      attempt: expect.stringMatching(/^1\b/) as string,
    });
    const { request } = activities.deployment('ws-shared', {
      parameters: { rows: '10' },
      compute: { nodeType: 'Standard_D4ads_v5', sparkVersion: '15.4.x-scala2.12', workers: 0 },
    });
    expect(await ensureJob(await input({ attempt: 2, request }))).toEqual(first);
    expect(await parametersOf(first.jobId)).toMatchObject({
      profile: 'small',
      rows: '10',
      node_type_id: 'Standard_D4ads_v5',
      spark_version: '15.4.x-scala2.12',
      num_workers: '0',
      deployment: deployment.id,
      attempt: expect.stringMatching(/^2\b/) as string,
    });
    expect(await jobs()).toHaveLength(1);
    expect(BigInt(first.jobId)).toBeGreaterThan(2n ** 53n);
    expect((await jobs())[0]?.job_id).toBe(BigInt(first.jobId));
  });

  test('makes one job when the reply to the creation is lost', async () => {
    const other = await input({ id: 'a'.repeat(24) });
    await loseReply('POST', '/api/2.2/jobs/create');
    expect(await failureOf(ensureJob(other))).toMatchObject(lost);
    const { jobId } = await ensureJob(other);
    expect((await jobs()).filter(({ settings }) => settings.name.endsWith(other.id))).toMatchObject([
      { job_id: BigInt(jobId) },
    ]);
  });

  test('keeps the first of its jobs and removes the others, but none of somebody else', async () => {
    const other = await input({ id: 'b'.repeat(24) });
    const { jobId } = await ensureJob(other);
    const { settings } = (await api('GET', `/api/2.2/jobs/get?job_id=${jobId}`)) as { settings: { tags: object } };
    await api('POST', '/api/2.2/jobs/create', settings);
    await api('POST', '/api/2.2/jobs/create', settings);
    const theirs = (await api('POST', '/api/2.2/jobs/create', { ...settings, tags: { owner: 'somebody' } }))['job_id'];
    expect((await ensureJob(other)).jobId).toBe(jobId);
    const left = (await jobs()).filter(({ settings: { name } }) => name.endsWith(other.id));
    expect(new Set(left.map(({ job_id }) => job_id))).toEqual(new Set([BigInt(jobId), theirs]));
  });

  test('makes one job when it runs twice at the same time, and both runs tell the same one', async () => {
    const other = await input({ id: 'c'.repeat(24) });
    const [first, second] = await Promise.all([ensureJob(other), ensureJob(other)]);
    expect(second).toEqual(first);
    expect((await jobs()).filter(({ settings }) => settings.name.endsWith(other.id))).toHaveLength(1);
  });

  test('keeps the oldest of its jobs, which an earlier run may have told, and does not mind that another is gone', async () => {
    const other = await input({ id: 'd'.repeat(24) });
    const { jobId } = await ensureJob(other);
    const older = { job_id: BigInt(jobId), created_time: 1000 };
    // Of a lower id, and removed since it was listed.
    const newer = { job_id: BigInt(jobId) - 1n, created_time: 2000 };
    const settings = (await jobs()).find(({ job_id }) => job_id === BigInt(jobId))?.settings;
    const body = { jobs: [newer, older].map((job) => ({ ...job, settings })) };
    server.faults.add({ method: 'GET', path: '/api/2.2/jobs/list', status: 200, body });
    expect((await ensureJob(other)).jobId).toBe(jobId);
    expect(sent('POST', '/api/2.2/jobs/delete')).toBeGreaterThan(0);
  });

  test('ends at once when the template is missing or not JSON', async () => {
    const wanted = await input();
    const nowhere = { ...wanted, repository: { ...wanted.repository, path: '/Users/nobody' } };
    expect(await failureOf(ensureJob(nowhere))).toMatchObject({ code: 'JOB_TEMPLATE_INVALID', retryable: false });
    const broken = { ...wanted, accelerator: { repositoryUrl: activities.repositoryUrl, branch: 'broken' } };
    await ensureRepo(broken);
    expect(await failureOf(ensureJob(broken))).toMatchObject({ code: 'JOB_TEMPLATE_INVALID', retryable: false });
    await ensureRepo(wanted);
  });
});

describe('a run', () => {
  const job = async (): Promise<Deployment & { workspace: Workspace; job: { jobId: string; url: string } }> => {
    const wanted = { ...deployment, workspace };
    return { ...wanted, job: await ensureJob({ ...wanted, repository: await ensureRepo(wanted) }) };
  };
  /** Looks at a run, and moves the clock, until it is over. */
  const finish = async (runId: string): Promise<RunView> => {
    for (let looks = 0; looks < 500; looks++) {
      const run = await readRun({ workspace, runId });
      if (isOver(run.state)) return run;
      const dueMs = activities.clock.nextDue();
      if (dueMs !== undefined) activities.clock.advanceTo(dueMs);
    }
    throw new Error(`the run ${runId} does not end`);
  };
  /** A run of a job whose one task acts this notebook. */
  const runOf = async (notebook: string, more: object = {}): Promise<string> => {
    const { path } = await ensureRepo({ ...deployment, workspace });
    const created = await api('POST', '/api/2.2/jobs/create', {
      name: `test of ${notebook}`,
      tasks: [
        {
          task_key: 'only',
          notebook_task: { notebook_path: `${path}/notebooks/${notebook}` },
          new_cluster: { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 },
          ...more,
        },
      ],
    });
    return String((await api('POST', '/api/2.2/jobs/run-now', { job_id: String(created['job_id']) }))['run_id']);
  };

  test('is started once for each attempt, also when the reply is lost', async () => {
    const input = await job();
    await loseReply('POST', '/api/2.2/jobs/run-now');
    expect(await failureOf(submitRun(input))).toMatchObject(lost);
    const first = await submitRun(input);
    expect(await submitRun(input)).toEqual(first);
    expect(BigInt(first.runId)).toBeGreaterThan(2n ** 53n);
    expect(first.url).toBe(`https://${workspace.host}/jobs/${input.job.jobId}/runs/${first.runId}`);
    await finish(first.runId);
    const second = await submitRun({ ...input, attempt: 2 });
    expect(second.runId).not.toBe(first.runId);
    await finish(second.runId);
    const { runs } = await api('GET', `/api/2.2/jobs/runs/list?job_id=${input.job.jobId}`);
    expect((runs as { run_id: bigint }[]).map(({ run_id }) => String(run_id))).toEqual([second.runId, first.runId]);
  });

  test('is shown with its states and times, and what its notebooks handed over once it is over', async () => {
    const runId = await runOf('03_train_models');
    const begun = await readRun({ workspace, runId });
    expect(begun).toMatchObject({ runId, state: 'waiting', results: {}, tasks: [{ key: 'only', state: 'waiting' }] });
    const over = await finish(runId);
    expect(over).toMatchObject({
      state: 'succeeded',
      results: { only: expect.stringMatching(/^\{"metrics":\{"test_r2_score":0.99,.*"version":"1"\}\}$/) as string },
      tasks: [{ key: 'only', state: 'succeeded', attempt: 1 }],
    });
    expect(Date.parse(over.endedAt ?? '')).toBeGreaterThan(Date.parse(over.startedAt ?? ''));
    const [task] = over.tasks;
    expect(task?.url).toBe(over.url.replace(runId, task?.runId ?? ''));
    // Ids beyond 2^53 that were read as floating-point numbers would be even.
    const ids = [over.jobId, runId, task?.runId ?? ''].map(BigInt);
    expect(new Set(ids).size).toBe(3);
    expect(ids.some((id) => id % 2n === 1n && id > 2n ** 53n)).toBe(true);
  });

  test('shows the last attempt of a task that was tried again', async () => {
    await setScenario(server, { kind: 'taskFails', taskKey: 'only', message: 'once' });
    const over = await finish(await runOf('01_introduction', { max_retries: 1 }));
    expect(over).toMatchObject({ state: 'succeeded', tasks: [{ key: 'only', state: 'succeeded', attempt: 2 }] });
    expect(over.tasks).toHaveLength(1);
  });

  test('that failed tells the exception and the end of its trace, without secrets', async () => {
    const trace = [...Array.from({ length: 30 }, (_, i) => `line ${i}`), `token=dapi${'0'.repeat(32)}`].join('\n');
    await setScenario(server, { kind: 'taskFails', taskKey: 'only', code: 'KeyError', message: "'rows'", trace });
    const { state, problem, platform, tasks } = await finish(await runOf('01_introduction'));
    expect([state, platform]).toEqual(['failed', undefined]);
    expect(problem).toMatchObject({ task: 'only', error: "KeyError: 'rows'", url: tasks[0]?.url });
    expect(problem?.trace).toHaveLength(20);
    expect(problem?.trace.at(-1)).not.toContain('dapi0');
  });

  test('that got no cluster is the platform\u2019s failure', async () => {
    await setScenario(server, { kind: 'clusterFails', taskKey: 'only', message: 'Sold out.' });
    const { state, problem, platform } = await finish(await runOf('01_introduction'));
    expect(state).toBe('failed');
    expect(platform).toEqual({ code: 'CLUSTER_UNAVAILABLE', repairable: true });
    expect(problem?.error).toContain('Sold out.');
  });

  test('that nobody knows may be too new, and is tried for a while', async () => {
    const failure = await failureOf(readRun({ workspace, runId: '9223372036854775807' }));
    expect(failure).toMatchObject({ code: 'NOT_SHOWN_YET', retryable: true });
    expect(failure.message).toContain('9223372036854775807');
  });

  test('that was there before and nobody knows any more is gone', async () => {
    const failure = await failureOf(readRun({ workspace, runId: '9223372036854775807', seen: true }));
    expect(failure).toMatchObject({ code: 'RUN_LOST', retryable: false });
  });
});
