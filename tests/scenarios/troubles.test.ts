import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import type { NotebookOutcome, NotebookRequest } from '../../local/databricks/notebooks/notebookRequest.ts';
import type { NotebookApi, NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { type CloudCaller, cloudCaller, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import { expectFailure, secondsOf } from '../support/expectFailure.ts';
import { fullSweep } from '../support/fullSweep.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { type DeploymentWish, setFault, setScenario, startWorld, type World } from '../support/world.ts';

/** RUNME ends as its parameter `mode` says. */
const script: NotebookScript = {
  ...quickScript,
  RUNME: {
    seconds: 2,
    outcome: (request, api, ...rest) => {
      const { mode } = request.parameters;
      if (mode === 'silent') return {};
      if (mode === 'wide') return startWideJob(request, api);
      if (mode === 'chatty') return { result: 'All notebooks have been started.' };
      const usual = quickScript['RUNME']?.outcome;
      return typeof usual === 'function' ? usual(request, api, ...rest) : {};
    },
  },
};

/** Starts a job of forty tasks that run one after the other. */
async function startWideJob({ notebookPath }: NotebookRequest, api: NotebookApi): Promise<NotebookOutcome> {
  const new_cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
  const tasks = Array.from({ length: 40 }, (_, i) => ({
    task_key: `a_task_with_a_name_of_usual_length_${i}`,
    ...(i > 0 && { depends_on: [{ task_key: `a_task_with_a_name_of_usual_length_${i - 1}` }] }),
    job_cluster_key: 'shared',
    notebook_task: { notebook_path: notebookPath.replace(/RUNME$/, '01_introduction') },
  }));
  const job_clusters = [{ job_cluster_key: 'shared', new_cluster }];
  const { job_id } = await api('POST', '/api/2.2/jobs/create', { name: 'wide', tasks, job_clusters });
  const { run_id } = await api('POST', '/api/2.2/jobs/run-now', { job_id, idempotency_token: 'wide' });
  return { result: JSON.stringify({ job_id: String(job_id), run_id: String(run_id) }) };
}

const troubles: Record<string, { kind: string } & Record<string, unknown>> = {};
let world: World;
let caller: CloudCaller;

beforeAll(async () => {
  world = await startWorld({
    script,
    latencies: { ...quickLatencies, replicationSeconds: 40 },
    settings: ({ ACCELERATORS: usual }) => {
      const known = JSON.parse(usual ?? '{}') as Record<string, { repositoryUrl: string }>;
      const repositoryUrl = known['predicting-implied-volatility']?.repositoryUrl;
      return {
        ACCELERATORS: JSON.stringify({
          ...known,
          unproven: { repositoryUrl, branch: 'main', verify: false },
          tagged: { repositoryUrl, tag: 'v1' },
          'unknown-branch': { repositoryUrl, branch: 'lost' },
          'unknown-repository': { repositoryUrl: 'https://github.com/nobody/nothing', branch: 'main' },
          'broken-template': { repositoryUrl, branch: 'broken' },
        }),
      };
    },
    onWorkspace: (name, server) => {
      const trouble = troubles[name];
      if (trouble) void setScenario(server, trouble);
    },
  });
  caller = cloudCaller(world.cloud);
});
afterAll(() => world.close());

/** Deploys into a workspace that will have this trouble. */
async function deployWith(
  workspaceName: string,
  trouble: { kind: string } & Record<string, unknown>,
  more: object = {},
): Promise<StatusResource> {
  troubles[workspaceName] = trouble;
  return world.deploy({ workspaceName, ...more });
}

/** What the backend counts, which takes at most 16 kB of UTF-16. */
async function customStatusBytes(instance: string): Promise<number> {
  const path = `/runtime/webhooks/durabletask/instances/${instance}?showInput=false&code=${world.host.keys.durable}`;
  const response = await world.call(path, { key: '' });
  const { customStatus = null } = response.ok ? ((await response.json()) as { customStatus?: unknown }) : {};
  return Buffer.byteLength(JSON.stringify(customStatus), 'utf16le');
}

const workspacePath = (name: string): string => `/providers/Microsoft.Databricks/workspaces/${name}`;
const writesTo = (name: string): string[] =>
  world.cloud.azure.arm.requests
    .filter(({ method, path }) => method !== 'GET' && path.split('?')[0]?.endsWith(`/workspaces/${name}`))
    .map(({ method }) => method);

/** A workspace that somebody else has made. */
async function makeWorkspace(name: string, sku: string): Promise<void> {
  const managedResourceGroupId = `/subscriptions/${world.cloud.settings['AZURE_SUBSCRIPTION_ID']}/resourceGroups/managed-${name}`;
  const { status } = await caller.arm('PUT', workspacePath(name), workspacesVersion, {
    location: 'westeurope',
    sku: { name: sku },
    tags: { owner: 'somebody' },
    properties: { managedResourceGroupId, computeMode: 'Hybrid' },
  });
  expect(status).toBe(201);
  await world.pass(quickLatencies.workspaceSeconds + 5);
}

describe('a workspace that exists', () => {
  test('is used as it is when it is premium: no write, no tag changed', async () => {
    await makeWorkspace('dbw-premium', 'premium');
    const before = await caller.arm('GET', workspacePath('dbw-premium'), workspacesVersion);
    const ended = await world.deploy({ workspaceName: 'dbw-premium', tags: { mine: 'yes' } });

    expect(ended.failure).toBeUndefined();
    expect(ended.output).toMatchObject({ workspace: { created: false } });
    expect(writesTo('dbw-premium')).toEqual(['PUT']);
    expect(await caller.arm('GET', workspacePath('dbw-premium'), workspacesVersion)).toEqual(before);
    expect(await inventoryOf(world.cloud, 'dbw-premium')).toEqual(oneOfEach);
  });

  test('is refused when it is standard', async () => {
    await makeWorkspace('dbw-standard', 'standard');
    const { message } = expectFailure(
      await world.deploy({ workspaceName: 'dbw-standard' }),
      'WORKSPACE_NOT_PREMIUM',
      'preflight',
    );
    expect(message).toContain('standard');
    expect(writesTo('dbw-standard')).toEqual(['PUT']);
  });

  test('is refused when the request says so, but not the one that the deployment itself has made', async () => {
    await makeWorkspace('dbw-taken', 'premium');
    const refused = await world.deploy({ workspaceName: 'dbw-taken', ifExists: 'fail' });
    expect(expectFailure(refused, 'WORKSPACE_EXISTS', 'preflight').message).toContain('dbw-taken');

    const own = { workspaceName: 'dbw-own', ifExists: 'fail' };
    expectFailure(
      await deployWith('dbw-own', { kind: 'taskFails', taskKey: 'RUNME' }, own),
      'NOTEBOOK_FAILED',
      'notebooks',
    );
    expect((await world.deploy(own)).failure).toBeUndefined();
  });
});

describe('Azure', () => {
  test.runIf(fullSweep)('F7: has 45 minutes for a workspace', { timeout: 60_000 }, async () => {
    await setScenario(world.cloud.azure.arm, { kind: 'neverReady', name: 'dbw-never' });
    const ended = await world.deploy({ workspaceName: 'dbw-never' });
    expectFailure(ended, 'WORKSPACE_TIMEOUT', 'workspace');
    expect(secondsOf(ended, 'workspace')).toBeGreaterThanOrEqual(45 * 60);
    expect(secondsOf(ended, 'workspace')).toBeLessThan(46 * 60 + 10);
  });

  test('names the policy that forbids a workspace', async () => {
    const names = { policy: 'Allowed tags', assignment: 'Tags of finance' };
    await setScenario(world.cloud.azure.arm, { kind: 'policyDenies', name: 'dbw-policy', ...names });
    const ended = await world.deploy({ workspaceName: 'dbw-policy' });
    const { message, cause } = expectFailure(ended, 'POLICY_DENIED', 'workspace');
    expect(message).toBe(
      `Resource 'dbw-policy' is forbidden by the policy "Allowed tags" (assignment "Tags of finance").`,
    );
    expect(cause).toMatch(
      /^RequestDisallowedByPolicy: Resource 'dbw-policy' was disallowed by policy\. Policy identifiers/,
    );
  });

  test('names the resource provider that is not registered', async () => {
    await setScenario(world.cloud.azure.arm, { kind: 'providerNotRegistered', namespace: 'Microsoft.Databricks' });
    const ended = await world.deploy({ workspaceName: 'dbw-provider' });
    await fetch(`${world.cloud.azure.url}/__scenarios`, { method: 'DELETE' });
    expect(expectFailure(ended, 'PROVIDER_NOT_REGISTERED', 'preflight').message).toContain('Microsoft.Databricks');
  });

  test('F9: may take a while to know a new identity: the role waits for it', async () => {
    const ended = await world.deploy({ workspaceName: 'dbw-replication' });
    expect(ended.failure).toBeUndefined();
    expect(ended.steps.find(({ name }) => name === 'role')?.tries).toBeGreaterThan(1);
    expect(await inventoryOf(world.cloud, 'dbw-replication')).toEqual(oneOfEach);
  });

  const errorBody = (code: string, message: string) => ({ error: { code, message } });
  test.each([
    [
      'PRINCIPAL_NOT_FOUND',
      'unknown',
      400,
      errorBody('PrincipalNotFound', 'Principal 1 does not exist in the directory.'),
    ],
    ['AZURE_DENIED', 'denied', 403, errorBody('AuthorizationFailed', 'The client may not write role assignments.')],
  ] as const)('F9: is believed for ten minutes when it says %s, and not longer', async (code, name, status, body) => {
    const path = `*/workspaces/dbw-${name}/*/roleAssignments/*`;
    await setFault(world.cloud.azure.arm, { method: 'PUT', path, times: 1000, status, body });
    const ended = await world.deploy({ workspaceName: `dbw-${name}` });
    const failure = expectFailure(ended, code, 'role');
    expect(failure.cause).toContain(body.error.message);
    expect(secondsOf(ended, 'role')).toBeGreaterThan(540);
    expect(secondsOf(ended, 'role')).toBeLessThanOrEqual(600);
  });

  test('F9: may deny for some minutes what a new role allows later', async () => {
    const body = errorBody('AuthorizationFailed', 'If access was recently granted, please refresh your credentials.');
    await setFault(world.cloud.azure.arm, {
      method: '*',
      path: '*/workspaces/dbw-spreading',
      times: 8,
      status: 403,
      body,
    });
    const ended = await world.deploy({ workspaceName: 'dbw-spreading' });
    expect(ended.failure).toBeUndefined();
    expect(await inventoryOf(world.cloud, 'dbw-spreading')).toEqual(oneOfEach);
  });
});

describe('the workspace', () => {
  test('F10: has 15 minutes, and the time until the next look, for its storage', async () => {
    const ended = await deployWith('dbw-storage', { kind: 'storageNeverReady' });
    const failure = expectFailure(ended, 'STORAGE_TIMEOUT', 'storage');
    expect(failure.cause).toMatch(/\S/);
    expect(secondsOf(ended, 'storage')).toBeGreaterThanOrEqual(15 * 60);
    expect(secondsOf(ended, 'storage')).toBeLessThanOrEqual(16 * 60);
  });

  test('F9: may deny the app at first, but not for ever', async () => {
    const denied = {
      method: '*',
      path: '/api/*',
      status: 403,
      body: { error_code: 'PERMISSION_DENIED', message: 'No.' },
    };
    const first = await world.start({ workspaceName: 'dbw-slow-member' });
    const second = await world.start({ workspaceName: 'dbw-no-member' });
    await world.pass(quickLatencies.workspaceSeconds);
    await setFault(world.workspace('dbw-slow-member'), { ...denied, times: 4 });
    await setFault(world.workspace('dbw-no-member'), { ...denied, times: 1000 });
    expect((await world.finish(first.id)).failure).toBeUndefined();
    const ended = await world.finish(second.id);
    expect(expectFailure(ended, 'DATABRICKS_DENIED', 'storage').message).toContain('No.');
    expect(secondsOf(ended, 'storage')).toBeLessThanOrEqual(600);
  });
});

describe('the repository', () => {
  test('that a broken clone left half made is removed and cloned again', async () => {
    const ended = await deployWith('dbw-half', { kind: 'cloneHalfMade' });
    expect(ended.failure).toBeUndefined();
    expect(ended.steps.find(({ name }) => name === 'repository')?.tries).toBe(2);
    expect(await inventoryOf(world.cloud, 'dbw-half')).toEqual(oneOfEach);
  });

  test('may be a tag', async () => {
    const ended = await world.deploy({ workspaceName: 'dbw-tag', accelerator: 'tagged' });
    expect(ended.failure).toBeUndefined();
    expect(ended.output).toMatchObject({ repository: { commit: expect.stringMatching(/^[0-9a-f]{40}$/) as string } });
  });

  test('without the branch of the catalogue ends the deployment at once', async () => {
    const ended = await world.deploy({ workspaceName: 'dbw-branch', accelerator: 'unknown-branch' });
    const failure = expectFailure(ended, 'REPOSITORY_FAILED', 'repository');
    expect(failure.message).toContain('lost');
    expect(failure.cause).toContain('GIT_UNKNOWN_REF');
    expect(secondsOf(ended, 'repository')).toBeLessThan(1);
  });

  test('that cannot be reached is tried for two minutes', async () => {
    const ended = await world.deploy({ workspaceName: 'dbw-remote', accelerator: 'unknown-repository' });
    expect(expectFailure(ended, 'REPOSITORY_FAILED', 'repository').message).toContain(
      'https://github.com/nobody/nothing',
    );
    expect(secondsOf(ended, 'repository')).toBeGreaterThan(60);
    expect(secondsOf(ended, 'repository')).toBeLessThanOrEqual(120);
  });

  test('with a job template that is not JSON ends the deployment', async () => {
    const ended = await world.deploy({ workspaceName: 'dbw-template', accelerator: 'broken-template' });
    expect(expectFailure(ended, 'JOB_TEMPLATE_INVALID', 'job').cause).toMatch(/JSON/);
  });
});

describe('F12: a notebook that raises', () => {
  const trace = Array.from({ length: 40 }, (_, i) => `  line ${i} of the trace`);
  const error = { kind: 'taskFails', code: 'ZeroDivisionError', message: 'division by zero', trace: trace.join('\n') };

  test.each([
    ['RUNME', 'RUNME', 'runmeRun', []],
    ['PIV_01', 'notebooks', 'notebooksRun', ['PIV_02', 'PIV_03']],
    ['PIV_02', 'notebooks', 'notebooksRun', ['PIV_03']],
    ['PIV_03', 'notebooks', 'notebooksRun', []],
  ] as const)(
    'in %s is shown with its exception, the end of its trace and its link',
    async (taskKey, role, link, skipped) => {
      const ended = await deployWith(`dbw-raise-${taskKey}`, { ...error, taskKey });
      const failure = expectFailure(ended, 'NOTEBOOK_FAILED', 'notebooks');
      expect(failure.message).toBe(`${taskKey}: ZeroDivisionError: division by zero`);
      expect(failure.trace).toEqual(trace.slice(-20));

      const run = ended.runs.find((one) => one.role === role);
      const task = run?.tasks.find(({ key }) => key === taskKey);
      expect(task).toMatchObject({ state: 'failed', attempt: 1 });
      expect(failure.link).toBe(task?.url);
      expect(ended.links[link]).toBe(run?.url);
      const others = run?.tasks.filter(({ state }) => state === 'skipped') ?? [];
      expect(others.map(({ key }) => key)).toEqual(skipped);
    },
  );
});

test('a notebook that raises with a very long text is cut to what a custom status may hold', async () => {
  const ended = await deployWith('dbw-verbose', {
    kind: 'taskFails',
    taskKey: 'PIV_03',
    message: '\u00e4'.repeat(20_000),
    trace: Array.from({ length: 1000 }, () => '\u00f6'.repeat(1000)).join('\n'),
  });
  const failure = expectFailure(ended, 'NOTEBOOK_FAILED', 'notebooks');
  expect(failure.trace).toHaveLength(20);
  expect(await customStatusBytes(ended.id)).toBeGreaterThan(8000);
  expect(await customStatusBytes(ended.id)).toBeLessThanOrEqual(16_384);
});

describe('F12: a run', () => {
  test.each(['RUNME', 'PIV_02'])('that a person cancels during %s ends as cancelled', async (taskKey) => {
    const ended = await deployWith(`dbw-cancel-${taskKey}`, { kind: 'personCancels', taskKey, afterSeconds: 1 });
    const failure = expectFailure(ended, 'RUN_CANCELED', 'notebooks');
    expect(failure.link).toMatch(/\/runs\/\d+$/);
  });

  test.each(['silent', 'chatty'])('of RUNME that is %s about what it started is not followed blindly', async (mode) => {
    const ended = await world.deploy({ workspaceName: `dbw-${mode}`, parameters: { mode } });
    const failure = expectFailure(ended, 'RUNME_RESULT_INVALID', 'notebooks');
    expect(failure.link).toBe(ended.links.runmeRun);
  });

  test('of forty tasks is shown within what a custom status may hold', async () => {
    const { id } = await world.start({
      workspaceName: 'dbw-wide',
      accelerator: 'unproven',
      parameters: { mode: 'wide' },
    });
    let largest = 0;
    await world.until(async () => {
      for (const instance of [id, `${id}:watch:1`]) largest = Math.max(largest, await customStatusBytes(instance));
      return world.isOver(id);
    });
    const ended = await world.read(id);
    expect(ended.failure).toBeUndefined();
    expect(ended.runs.map(({ role, state }) => `${role} ${state}`)).toEqual(['RUNME succeeded', 'notebooks succeeded']);
    expect(largest).toBeGreaterThan(1000);
    expect(largest).toBeLessThanOrEqual(16_384);
  });

  test('that somebody deletes is given up at the next look', async () => {
    const { id } = await world.start({ workspaceName: 'dbw-deleted' });
    const started = await until(id, ({ links }) => links.runmeRun !== undefined);
    const runId = BigInt(/\d+$/.exec(started.links.runmeRun ?? '')?.[0] ?? 0);
    await post('dbw-deleted', 'cancel', runId);
    // Over a second later, and the app's next look is not due before five.
    await world.pass(1.5);
    await post('dbw-deleted', 'delete', runId);
    const failure = expectFailure(await world.finish(id), 'RUN_LOST', 'notebooks');
    expect(failure.message).toContain(String(runId));
  });

  async function until(id: string, holds: (status: StatusResource) => boolean): Promise<StatusResource> {
    await world.until(async () => holds(await world.read(id)));
    return world.read(id);
  }

  async function post(workspace: string, action: string, runId: bigint): Promise<void> {
    const { status } = await caller.databricks(workspace, 'POST', `/api/2.2/jobs/runs/${action}`, {
      run_id: String(runId),
    });
    expect(status).toBe(200);
  }
});

test('an orchestration that an operator terminates says so, and the same request starts the next attempt', async () => {
  const request: DeploymentWish = { workspaceName: 'dbw-terminated' };
  const { id } = await world.start(request);
  await world.pass(40);
  const path = `/runtime/webhooks/durabletask/instances/${id}/terminate?reason=by%20hand&code=${world.host.keys.durable}`;
  expect((await world.call(path, { method: 'POST', key: '' })).status).toBe(202);
  await world.pass(1);
  const ended = await world.read(id);
  expect(ended.runtimeStatus).toBe('Terminated');
  expect(ended.failure).toMatchObject({ code: 'TERMINATED', message: 'by hand' });

  const next = await world.deploy(request);
  expect(next).toMatchObject({ attempt: 2, runtimeStatus: 'Completed' });
  expect(next.earlierAttempts).toMatchObject([{ attempt: 1, outcome: 'Failed' }]);
  expect(await inventoryOf(world.cloud, 'dbw-terminated')).toEqual(oneOfEach);
});
