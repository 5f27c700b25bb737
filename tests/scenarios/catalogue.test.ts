import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { actCompanion } from '../../local/databricks/notebooks/companionScript.ts';
import type { NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
import { expectFailure } from '../support/expectFailure.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

const repositoryUrl = 'https://github.com/industry-solutions/smart-claims';
const forkUrl = 'https://github.com/somebody/smart-claims';

const cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
const childTask = (key: string, notebook: string, ...needs: string[]) => ({
  task_key: key,
  notebook_task: { notebook_path: notebook },
  job_cluster_key: 'claims',
  depends_on: needs.map((need) => ({ task_key: need })),
});
const childJob = {
  max_concurrent_runs: 1,
  job_clusters: [{ job_cluster_key: 'claims', new_cluster: cluster }],
  tasks: [childTask('claims_01', '01_introduction'), childTask('claims_02', '02_create_features', 'claims_01')],
};

/** The shipped accelerator's RUNME where nothing asks it to run its child, and the library's where something does. */
const script: NotebookScript = {
  ...quickScript,
  RUNME: {
    seconds: 2,
    outcome: async (request, api, tables, sleep) => {
      const { run_job: runs, mode } = request.parameters;
      const usual = quickScript['RUNME']?.outcome;
      if (runs === undefined) return typeof usual === 'function' ? usual(request, api, tables, sleep) : {};
      const outcome = await actCompanion(childJob, request, api, sleep, mode === 'prefixed' ? '/Workspace' : '');
      return mode === 'dashboard' ? { error: 'KeyError: dashboards' } : outcome;
    },
  },
  '02_create_features': { seconds: 120, outcome: { result: 'not for the deployer' } },
};

const troubles: Record<string, { kind: string } & Record<string, unknown>> = {
  'dbw-child-fails': { kind: 'taskFails', taskKey: 'claims_02', code: 'KeyError', message: "'claims'" },
  'dbw-runme-fails': { kind: 'taskFails', taskKey: 'RUNME', code: 'ImportError', message: 'no dbacademy' },
  'dbw-sold-out': { kind: 'clusterFails', taskKey: 'claims_01' },
  'dbw-lost': { kind: 'spotLost', taskKey: 'RUNME', afterSeconds: 60 },
  'dbw-person': { kind: 'personCancels', taskKey: 'RUNME', afterSeconds: 60 },
  'dbw-person-child': { kind: 'personCancels', taskKey: 'claims_02', afterSeconds: 20 },
};

let world: World;
beforeAll(async () => {
  world = await startWorld({
    script,
    latencies: quickLatencies,
    plainRepositories: [repositoryUrl, forkUrl],
    settings: ({ ACCELERATORS: usual = '{}' }) => ({
      ALLOWED_REPOSITORIES: 'https://github.com/Industry-Solutions/*, https://github.com/somebody/smart-claims',
      ACCELERATORS: JSON.stringify({
        claims: { repositoryUrl, tag: 'v1', runmePath: 'RUNME', verify: false, companion: true },
        unmarked: { ...(JSON.parse(usual) as Record<string, object>)['predicting-implied-volatility'], verify: false },
      }),
    }),
    onWorkspace: (name, server) => {
      const trouble = troubles[name];
      if (trouble) void setScenario(server, trouble);
    },
  });
});
afterAll(() => world.close());

const wish = (workspaceName: string, more: object = {}, parameters: object = {}) => ({
  workspaceName,
  accelerator: { repositoryUrl, branch: 'main', ...more },
  parameters,
});
const post = (body: object): Promise<Response> =>
  world.call('/api/deployments', { method: 'POST', body: { resourceGroup: 'rg-volatility', ...body } });
const statesOf = ({ runs }: StatusResource): string[] => runs.map(({ role, state }) => `${role} ${state}`);

interface Listed {
  jobs?: { job_id: bigint; settings: { name: string } }[];
  runs?: { run_id: bigint; state: { life_cycle_state: string; result_state?: string } }[];
}
const list = async (workspace: string, path: string): Promise<Listed> =>
  (await cloudCaller(world.cloud).databricks(workspace, 'GET', path)).body;
const childRuns = async (workspace: string): Promise<NonNullable<Listed['runs']>> => {
  const { jobs = [] } = await list(workspace, '/api/2.2/jobs/list?limit=100');
  const children = jobs.filter(({ settings }) => settings.name.startsWith('[RUNNER] '));
  const runs = await Promise.all(
    children.map(({ job_id: job }) => list(workspace, `/api/2.2/jobs/runs/list?job_id=${job}`)),
  );
  return runs.flatMap((found) => found.runs ?? []);
};

describe('a repository by request', () => {
  test('is deployed to its end: RUNME at the top, no template, a child found by its name, nothing handed over', async () => {
    const { id, accelerator } = await world.start(wish('dbw-claims'));
    expect(accelerator).toMatch(/^smart-claims-[0-9a-f]{8}$/);
    let beside: StatusResource | undefined;
    await world.until(async () => {
      const now = await world.read(id);
      if (statesOf(now).join() === 'RUNME running,notebooks running') beside ??= now;
      return world.isOver(id);
    });
    expect(beside?.links.notebooksRun).toBe(beside?.runs[1]?.url);

    const done = await world.read(id);
    expect(done).toMatchObject({ runtimeStatus: 'Completed', accelerator, results: 'not for the deployer' });
    expect(statesOf(done)).toEqual(['RUNME succeeded', 'notebooks succeeded']);
    expect(done.runs[1]?.tasks.map(({ key }) => key)).toEqual(['claims_01', 'claims_02']);
    expect(done.steps.map(({ name }) => name)).not.toContain('verification');
    expect((done.output as { repository: { path: string } }).repository.path).toContain(`/${accelerator}`);
    expect(await childRuns('dbw-claims')).toHaveLength(1);
  });

  test('is found also where the notebook\u2019s path begins with /Workspace', async () => {
    const done = await world.deploy(wish('dbw-prefixed', {}, { mode: 'prefixed' }));
    expect(done.runtimeStatus).toBe('Completed');
    expect(statesOf(done)).toEqual(['RUNME succeeded', 'notebooks succeeded']);
  });

  test('is refused when the allow-list has it not, before anything is started', async () => {
    for (const other of ['https://github.com/somebody/other', 'https://github.com/industry-solutions2/smart-claims']) {
      const response = await post(wish('dbw-refused', { repositoryUrl: other }));
      expect(response.status).toBe(422);
      expect(await response.json()).toMatchObject({
        code: 'NOT_ALLOWED',
        errors: [{ pointer: '/accelerator/repositoryUrl' }],
      });
    }
    expect(world.cloud.databricks.workspaces().some(({ resourceId }) => resourceId.endsWith('dbw-refused'))).toBe(
      false,
    );
  });

  test('with another branch or tag is the same deployment: refused while it runs, an update afterwards', async () => {
    const first = await world.start(wish('dbw-refs'));
    expect((await post(wish('dbw-refs', { branch: undefined, tag: 'v1' }))).status).toBe(409);
    const shouted = await world.start(wish('dbw-refs', { repositoryUrl: repositoryUrl.replace('claims', 'Claims') }));
    expect(shouted).toMatchObject({ id: first.id, attempt: 1 });
    const before = await world.finish(first.id);

    const updated = await world.deploy(wish('dbw-refs', { branch: undefined, tag: 'v1' }));
    expect(updated).toMatchObject({ id: first.id, attempt: 2, runtimeStatus: 'Completed' });
    const [old, now] = [before, updated].map(
      ({ output }) => output as { repository: { path: string; commit: string } },
    );
    expect(now?.repository.path).toBe(old?.repository.path);
    expect(now?.repository.commit).not.toBe(old?.repository.commit);
    expect(await childRuns('dbw-refs')).toHaveLength(2);
    expect(updated.runs[1]?.runId).not.toBe(before.runs[1]?.runId);
  });

  test('does not meet another of the same name in one workspace', async () => {
    const [one, two] = await Promise.all([
      world.start(wish('dbw-claims')),
      world.start(wish('dbw-claims', { repositoryUrl: forkUrl })),
    ]);
    expect(two.id).not.toBe(one.id);
    expect(two.accelerator).not.toBe(one.accelerator);
    expect((await world.finish(two.id)).runtimeStatus).toBe('Completed');
    expect(await childRuns('dbw-claims')).toHaveLength(2);
  });

  test('without such a RUNME ends before anything is run', async () => {
    const failed = await world.deploy(wish('dbw-nowhere', { runmePath: 'notebooks/RUNME' }));
    expect(expectFailure(failed, 'RUNME_MISSING', 'job').message).toContain('notebooks/RUNME');
  });
});

describe('a RUNME of the companion library', () => {
  test('may be an entry of the catalogue', async () => {
    const done = await world.deploy({ workspaceName: 'dbw-named', accelerator: 'claims' });
    expect(done).toMatchObject({ runtimeStatus: 'Completed', accelerator: 'claims' });
    expect(statesOf(done)).toEqual(['RUNME succeeded', 'notebooks succeeded']);
  });

  test('is followed to its child also where nobody has marked it', async () => {
    const accelerator = 'unmarked';
    const done = await world.deploy({ workspaceName: 'dbw-unmarked', accelerator, parameters: { run_job: 'True' } });
    expect(done.runtimeStatus).toBe('Completed');
    expect(statesOf(done)).toEqual(['RUNME succeeded', 'notebooks succeeded']);
  });

  test('fails with the notebook\u2019s error and trace when its child fails, not with its own', async () => {
    const failed = await world.deploy(wish('dbw-child-fails'));
    expectFailure(failed, 'NOTEBOOK_FAILED', 'notebooks');
    expect(failed.failure?.message).toBe("claims_02: KeyError: 'claims'");
    expect(failed.failure?.trace?.join('\n')).toContain('KeyError');
    expect(failed.failure?.link).toContain(failed.runs[1]?.jobId);
  });

  test('fails with its own error when it never had a child, or failed after it', async () => {
    const early = await world.deploy(wish('dbw-runme-fails'));
    expectFailure(early, 'NOTEBOOK_FAILED', 'notebooks');
    expect(early.failure?.message).toBe('RUNME: ImportError: no dbacademy');
    const late = await world.deploy(wish('dbw-dashboard', {}, { mode: 'dashboard' }));
    expectFailure(late, 'NOTEBOOK_FAILED', 'notebooks');
    expect(late.failure?.message).toBe('RUNME: KeyError: dashboards');
    expect(statesOf(late)).toEqual(['RUNME failed', 'notebooks succeeded']);
  });

  test('that loses its driver has only stopped waiting: the child is followed on', async () => {
    const done = await world.deploy(wish('dbw-lost'));
    expect(statesOf(done)).toEqual(['RUNME failed', 'notebooks succeeded']);
    expect(done).toMatchObject({ runtimeStatus: 'Completed', results: 'not for the deployer' });
    expect(await childRuns('dbw-lost')).toHaveLength(1);
  });

  test('may fail with a child that got no cluster: the child is repaired', async () => {
    const done = await world.deploy(wish('dbw-sold-out'));
    expect(done).toMatchObject({ runtimeStatus: 'Completed', results: 'not for the deployer' });
    expect(done.runs).toMatchObject([
      { role: 'RUNME', state: 'failed', repairs: 0 },
      { role: 'notebooks', state: 'succeeded', repairs: 1, repaired: {} },
    ]);
    expect(await childRuns('dbw-sold-out')).toHaveLength(1);
  });

  test('says so when it is told to start nothing', async () => {
    const failed = await world.deploy(wish('dbw-nothing', {}, { run_job: 'False' }));
    expect(expectFailure(failed, 'RUNME_RESULT_INVALID', 'notebooks').link).toBe(failed.links.runmeRun);
  });

  test('is cancelled with what a person cancels, RUNME or the child', async () => {
    const runme = await world.deploy(wish('dbw-person'));
    expectFailure(runme, 'RUN_CANCELED', 'notebooks');
    expect(runme.failure?.message).toContain('RUNME');
    expect((await childRuns('dbw-person')).map(({ state }) => state.result_state)).toEqual(['CANCELED']);
    const child = await world.deploy(wish('dbw-person-child'));
    expectFailure(child, 'RUN_CANCELED', 'notebooks');
    expect(child.failure?.message).toContain('notebooks');
  });

  test('is cancelled with its child, also before that has been found', async () => {
    for (const [name, until] of [
      ['dbw-cancelled', 'notebooks running'],
      ['dbw-cancelled-early', 'RUNME running'],
    ] as const) {
      const { id } = await world.start(wish(name));
      await world.until(async () => statesOf(await world.read(id)).includes(until));
      await world.call(`/api/deployments/${id}/cancel`, { method: 'POST' });
      const ended = await world.finish(id);
      expect(ended).toMatchObject({ state: 'Cancelled', failure: { code: 'CANCELLED', step: 'notebooks' } });
      const active = await list(name, '/api/2.2/jobs/runs/list?active_only=true');
      expect(active.runs ?? []).toEqual([]);
    }
    expect((await childRuns('dbw-cancelled')).map(({ state }) => state.result_state)).toEqual(['CANCELED']);
  });
});
