import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ensureJob } from '../../activities/ensureJob.ts';
import { ensureRepo } from '../../activities/ensureRepo.ts';
import { findChildRun } from '../../activities/findChildRun.ts';
import { companionJobNamesFor, repositoryNameFor } from '../../domain/ids.ts';
import type { Accelerator, Deployment, Repository, Workspace } from '../../domain/steps.ts';
import type { ApiServer } from '../../local/kit/server.ts';
import { type ActivityCloud, failureOf, plainRepositoryUrl, startActivityCloud } from '../support/activityCloud.ts';
import { type CloudAnswer, cloudCaller } from '../../local/soak/cloudCaller.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { setFault } from '../support/world.ts';

let activities: ActivityCloud;
let workspace: Workspace;
let server: ApiServer;
beforeAll(async () => {
  activities = await startActivityCloud();
  workspace = await activities.readyWorkspace(activities.deployment('ws-companion'));
  server = findWorkspace(activities.cloud, 'ws-companion');
});
beforeEach(() => server.faults.clear());
afterAll(() => activities.cloud.close());

const api = async (method: string, path: string, body?: unknown): Promise<CloudAnswer['body']> => {
  const answer = await cloudCaller(activities.cloud).databricks('ws-companion', method, path, body);
  expect([path, answer.status]).toEqual([path, expect.toBeOneOf([200, 201])]);
  return answer.body;
};

const wish = { repositoryUrl: plainRepositoryUrl, branch: 'main', runmePath: 'RUNME', verify: false, companion: true };

/** A deployment of the plain repository, as by request, or as an entry of the catalogue. */
function deploymentOf(more: Partial<Accelerator> = {}, byName?: string): Deployment & { workspace: Workspace } {
  const accelerator = { ...wish, name: byName ?? repositoryNameFor(wish), ...more };
  const request = { ...activities.deployment('ws-companion').request, accelerator: byName ?? { ...wish } };
  return { ...activities.deployment('ws-companion'), request, accelerator, workspace };
}

interface Task {
  notebook_task: { notebook_path: string; base_parameters: Record<string, string> };
}
const taskOf = async (jobId: string): Promise<Task | undefined> =>
  ((await api('GET', `/api/2.2/jobs/get?job_id=${jobId}`)) as { settings: { tasks: Task[] } }).settings.tasks[0];

const prepared = async (more?: Partial<Accelerator>, byName?: string) => {
  const deployment = deploymentOf(more, byName);
  return { ...deployment, repository: await ensureRepo(deployment) };
};

describe('a repository by request', () => {
  test('has a Git folder of its own name, at the branch or the tag', async () => {
    const git = (...args: string[]): string =>
      execFileSync('git', ['--git-dir', activities.plainRepository, ...args], { encoding: 'utf8' }).trim();
    const first = await ensureRepo(deploymentOf());
    expect(first).toEqual({
      path: expect.stringMatching(/^\/Users\/[^/]+\/smart-claims-[0-9a-f]{8}$/) as string,
      commit: git('rev-parse', 'main'),
    } satisfies Repository);
    const tagged = deploymentOf({ branch: undefined, tag: 'v1' });
    expect(await ensureRepo(tagged)).toEqual({ ...first, commit: git('rev-parse', 'v1') });
    expect(await ensureRepo(deploymentOf({ repositoryUrl: plainRepositoryUrl.toLowerCase() }))).toEqual(first);
    const clones = server.requests.filter(({ method, path }) => method === 'POST' && path === '/api/2.0/repos');
    expect(clones).toHaveLength(1);
  });

  test('gets the default job for its RUNME, told to run its child, where it has no template', async () => {
    const input = await prepared();
    const task = await taskOf((await ensureJob(input)).jobId);
    expect(task?.notebook_task).toMatchObject({
      notebook_path: `${input.repository.path}/RUNME`,
      base_parameters: { run_job: 'True', deployment: input.id },
    });
  });

  test('may be told otherwise by the request\u2019s parameters', async () => {
    const input = await prepared();
    const request = { ...input.request, parameters: { run_job: 'False' } };
    const task = await taskOf((await ensureJob({ ...input, request })).jobId);
    expect(task?.notebook_task.base_parameters).toMatchObject({ run_job: 'False' });
  });

  test.each(['setup/RUNME', 'README'])('ends at once when there is no notebook %s', async (runmePath) => {
    const failure = await failureOf(ensureJob(await prepared({ runmePath })));
    expect(failure).toMatchObject({ code: 'RUNME_MISSING', retryable: false });
    expect(failure.message).toContain(runmePath);
  });
});

describe('an entry of the catalogue', () => {
  test('needs a job template, unless it is one of the companion library and names none', async () => {
    const missing = { code: 'JOB_TEMPLATE_INVALID', retryable: false };
    expect(await failureOf(ensureJob(await prepared({ companion: false }, 'plain')))).toMatchObject(missing);
    const named = await prepared({ jobTemplate: 'setup/job.json' }, 'plain');
    expect(await failureOf(ensureJob(named))).toMatchObject({
      ...missing,
      message: expect.stringContaining('setup/job.json') as string,
    });
    await ensureJob(await prepared({}, 'plain'));
  });

  test('may have its template elsewhere', async () => {
    const repositoryUrl = activities.repositoryUrl;
    const input = await prepared({ repositoryUrl, runmePath: undefined, companion: false }, 'elsewhere');
    const { path } = input.repository;
    const copied = (await api(
      'GET',
      `/api/2.0/workspace/export?path=${path}/notebooks/job-template.json&format=AUTO`,
    )) as { content: string };
    await api('POST', '/api/2.0/workspace/import', { path: `${path}/job.json`, format: 'AUTO', ...copied });
    const task = await taskOf(
      (await ensureJob({ ...input, accelerator: { ...input.accelerator, jobTemplate: 'job.json' } })).jobId,
    );
    expect(task?.notebook_task.notebook_path).toBe(`${path}/notebooks/RUNME`);
  });
});

describe('findChildRun', () => {
  const cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
  const jobNamed = async (name: string, path: string): Promise<string> => {
    const task = { task_key: 'only', notebook_task: { notebook_path: path }, new_cluster: cluster };
    return String(
      (await api('POST', '/api/2.1/jobs/create', { name, tasks: [task], max_concurrent_runs: 9 }))['job_id'],
    );
  };
  const runOf = async (jobId: string): Promise<string> => {
    const { run_id: runId } = await api('POST', '/api/2.0/jobs/run-now', { job_id: jobId });
    activities.clock.advance(1000);
    return String(runId);
  };
  const look = (runId: string) => findChildRun({ workspace, runId });

  test.each([0, 1])('finds the run that began after RUNME did, by the library\u2019s name (form %i)', async (form) => {
    const { repository } = await prepared({ name: `form-${form}` });
    const runmePath = `${repository.path}/RUNME`;
    const runmeJob = await jobNamed(`runme ${form}`, runmePath);
    const name = companionJobNamesFor(runmePath)[form] ?? '';
    const shouted = await jobNamed(name.replace('[RUNNER]', '[Runner]'), `${repository.path}/01_introduction`);

    const first = await runOf(runmeJob);
    await runOf(shouted);
    expect(await look(first)).toEqual({});
    const child = await jobNamed(name, `${repository.path}/01_introduction`);
    expect(await look(first)).toEqual({});
    const childRun = await runOf(child);
    expect(await look(first)).toEqual({ runId: childRun });

    const second = await runOf(runmeJob);
    expect(await look(second)).toEqual({});
    const nextRun = await runOf(child);
    expect(await look(second)).toEqual({ runId: nextRun });
  });

  test('finds nothing for a run that nobody knows, and passes on what may go by', async () => {
    expect(await look('9223372036854775807')).toEqual({});
    await setFault(server, { method: 'GET', path: '/api/2.2/jobs/runs/get', status: 503, body: {} });
    expect(await failureOf(look('9223372036854775807'))).toMatchObject({ retryable: true });
  });

  test('asks at most seven times', async () => {
    const { repository } = await prepared({ name: 'bounded' });
    const runmePath = `${repository.path}/RUNME`;
    const runme = await runOf(await jobNamed('runme bounded', runmePath));
    for (const name of companionJobNamesFor(runmePath))
      for (let twin = 0; twin < 3; twin++) await jobNamed(name, `${repository.path}/01_introduction`);
    const before = server.requests.length;
    expect(await look(runme)).toEqual({});
    expect(server.requests.length - before).toBeLessThanOrEqual(7);
  });
});
