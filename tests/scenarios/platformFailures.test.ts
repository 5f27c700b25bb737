import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunSummary, StatusResource } from '../../domain/status.ts';
import { formatJson } from '../../local/kit/json.ts';
import { type CloudCaller, cloudCaller } from '../../local/soak/cloudCaller.ts';
import { expectFailure, secondsOf } from '../support/expectFailure.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, setScenario, startWorld, type World } from '../support/world.ts';

type Trouble = { kind: string } & Record<string, unknown>;

const troubles: Record<string, Trouble[]> = {};
let world: World;
let caller: CloudCaller;

beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: quickLatencies,
    onWorkspace: (name, server) => {
      for (const trouble of troubles[name] ?? []) void setScenario(server, trouble);
    },
  });
  caller = cloudCaller(world.cloud);
});
afterAll(() => world.close());

/** Deploys into a workspace that will have these troubles. */
function deployWith(workspaceName: string, ...set: Trouble[]): Promise<StatusResource> {
  troubles[workspaceName] = set;
  return world.deploy({ workspaceName });
}

/** Starts a deployment with these troubles and moves the clock until the RUNME run is there. */
async function startWith(workspaceName: string, ...set: Trouble[]): Promise<{ id: string; runId: string }> {
  troubles[workspaceName] = set;
  const { id } = await world.start({ workspaceName });
  await world.until(async () => (await world.read(id)).links.runmeRun !== undefined);
  const { links } = await world.read(id);
  return { id, runId: /\d+$/.exec(links.runmeRun ?? '')?.[0] ?? '' };
}

/** Starts one deployment for each trouble, so that one move of the clock serves them all. */
async function startAll(prefix: string, times: number): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const [name, trouble, taskKey] of passing) {
    const workspaceName = `${prefix}-${name}`;
    troubles[workspaceName] = [{ ...trouble, taskKey, times }];
    ids.set(name, (await world.start({ workspaceName })).id);
  }
  return ids;
}

const repairsSent = (workspaceName: string): number =>
  world.workspace(workspaceName).requests.filter(({ path }) => path.endsWith('/jobs/runs/repair')).length;
const runOf = (ended: StatusResource, role: RunSummary['role']): RunSummary => {
  const found = ended.runs.find((run) => run.role === role);
  if (!found) throw new Error(`no ${role} run`);
  return found;
};

const quotaText =
  'azure_error_code:QuotaExceeded,azure_error_message:Operation could not be completed as it results in exceeding approved standardNCASv3_T4Family Cores quota. Additional details - Deployment Model: Resource Manager, Location: westeurope, Current Limit: 0, Current Usage: 0, Additional Required: 20, (Minimum) New Limit Required: 20.';
const stockout: Trouble = {
  kind: 'clusterFails',
  code: 'CLOUD_PROVIDER_RESOURCE_STOCKOUT',
  type: 'CLOUD_FAILURE',
  message: 'azure_error_code:SkuNotAvailable,azure_error_message:The requested VM size is not available in this zone.',
};
const bootstrap: Trouble = {
  kind: 'clusterFails',
  code: 'BOOTSTRAP_TIMEOUT',
  type: 'SERVICE_FAULT',
  message: 'databricks_error_message:[id: InstanceId(0)] Bootstrap timeout. Please try again later.',
};
const spot: Trouble = { kind: 'spotLost', afterSeconds: 1 };
const internal: Trouble = { kind: 'taskInternalError' };

/** What may pass by itself: the trouble, the task that it meets, that task's run, and what a person reads if it does not pass. */
const passing: [
  name: string,
  trouble: Trouble,
  task: string,
  role: RunSummary['role'],
  code: 'CLUSTER_UNAVAILABLE' | 'RUN_FAILED',
  text: string,
][] = [
  [
    'stockout',
    stockout,
    'RUNME',
    'RUNME',
    'CLUSTER_UNAVAILABLE',
    'CLOUD_PROVIDER_RESOURCE_STOCKOUT(CLOUD_FAILURE): azure_error_code:SkuNotAvailable',
  ],
  ['bootstrap', bootstrap, 'PIV_01', 'notebooks', 'CLUSTER_UNAVAILABLE', 'BOOTSTRAP_TIMEOUT(SERVICE_FAULT)'],
  ['spot', spot, 'PIV_02', 'notebooks', 'CLUSTER_UNAVAILABLE', 'Reason: SPOT_INSTANCE_TERMINATION (CLOUD_FAILURE)'],
  [
    'spot-runme',
    spot,
    'RUNME',
    'RUNME',
    'CLUSTER_UNAVAILABLE',
    'SPOT_INSTANCE_TERMINATION (CLOUD_FAILURE). Parameters: databricks_error_message:The spot instance',
  ],
  ['internal', internal, 'PIV_03', 'notebooks', 'RUN_FAILED', 'Run result unavailable: job failed with error message'],
];

describe('F11: a task lost to the platform', { timeout: 120_000 }, () => {
  let passes: Map<string, string>;
  let stays: Map<string, string>;
  beforeAll(async () => {
    passes = await startAll('dbw-passes', 1);
    stays = await startAll('dbw-stays', 2);
  });

  test.each(passing)(
    '%s: is repaired once within its run, and everything is there once',
    async (name, _trouble, taskKey, role, code, text) => {
      const workspaceName = `dbw-passes-${name}`;
      const ended = await world.finish(passes.get(name) ?? '');
      expect(ended.failure).toBeUndefined();
      const run = runOf(ended, role);
      expect(run).toMatchObject({ state: 'succeeded', repairs: 1 });
      expect(run.repaired?.why).toMatch(new RegExp(`^${code}: `));
      expect(run.repaired?.why).toContain(text.slice(0, 60));
      expect(Date.parse(run.repaired?.at ?? '')).toBeGreaterThan(Date.parse(run.startedAt ?? ''));
      expect(run.tasks.find(({ key }) => key === taskKey)).toMatchObject({ state: 'succeeded', attempt: 2 });
      expect(ended.runs.filter(({ repairs }) => repairs > 0)).toEqual([run]);
      expect(repairsSent(workspaceName)).toBe(1);
      expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
    },
  );

  test.each(passing)(
    '%s: again after the repair ends the deployment with its code, the platform\u2019s text and the link',
    async (name, _trouble, taskKey, role, code, text) => {
      const workspaceName = `dbw-stays-${name}`;
      const ended = await world.finish(stays.get(name) ?? '');
      const failure = expectFailure(ended, code, 'notebooks');
      expect(failure.message).toContain(text);
      expect(failure.cause).toContain(`Task ${taskKey} failed with message`);
      const run = runOf(ended, role);
      const task = run.tasks.find(({ key }) => key === taskKey);
      expect(task).toMatchObject({ state: 'failed', attempt: 2 });
      expect(failure.link).toBe(task?.url);
      expect(run.repairs).toBe(1);
      expect(repairsSent(workspaceName)).toBe(1);
    },
  );

  test('is shown as repaired while the run goes on', async () => {
    const { id } = await startWith('dbw-shown', { ...stockout, taskKey: 'PIV_01' });
    await world.until(async () => (await world.read(id)).runs.some(({ repaired }) => repaired));
    const { runs, steps } = await world.read(id);
    expect(runs.find(({ role }) => role === 'notebooks')?.repaired?.why).toContain('SkuNotAvailable');
    expect(steps.find(({ name }) => name === 'notebooks')).toMatchObject({ state: 'waiting' });
    expect((await world.finish(id)).failure).toBeUndefined();
  });

  test('is repaired once when the reply to the repair is lost, and when it was lost before it came', async () => {
    troubles['dbw-lost-reply'] = [{ ...internal, taskKey: 'PIV_02' }];
    const { id } = await world.start({ workspaceName: 'dbw-lost-reply' });
    await world.pass(quickLatencies.workspaceSeconds);
    const path = '*/jobs/runs/repair';
    await setFault(world.workspace('dbw-lost-reply'), { method: 'POST', path, reset: true });
    await setFault(world.workspace('dbw-lost-reply'), { method: 'POST', path, reset: true, when: 'after' });
    const ended = await world.finish(id);
    expect(ended.failure).toBeUndefined();
    expect(runOf(ended, 'notebooks')).toMatchObject({ repairs: 1 });
    expect(repairsSent('dbw-lost-reply')).toBe(2);
    expect(await inventoryOf(world.cloud, 'dbw-lost-reply')).toEqual(oneOfEach);
  });

  test('in a run that Databricks does not repair ends with what failed the run', async () => {
    troubles['dbw-unrepaired'] = [{ ...internal, taskKey: 'RUNME' }];
    const { id } = await world.start({ workspaceName: 'dbw-unrepaired' });
    await world.pass(quickLatencies.workspaceSeconds);
    const body = { error_code: 'INVALID_PARAMETER_VALUE', message: 'This run cannot be repaired.' };
    await setFault(world.workspace('dbw-unrepaired'), {
      method: 'POST',
      path: '*/jobs/runs/repair',
      status: 400,
      body,
    });
    const failure = expectFailure(await world.finish(id), 'RUN_FAILED', 'notebooks');
    expect(failure.message).toContain('Failed to reach the driver');
  });

  test('is repaired once although the run still looks as it failed for a moment', async () => {
    const { id } = await startWith('dbw-stale', { ...internal, taskKey: 'RUNME' });
    await world.until(async () => (await world.read(id)).runs[0]?.state === 'failed');
    const runId = (await world.read(id)).runs[0]?.runId ?? '';
    const path = `/api/2.2/jobs/runs/get?run_id=${runId}&include_history=true`;
    const { body } = await caller.databricks('dbw-stale', 'GET', path);
    const stale = JSON.parse(formatJson(body).replace(/:(\d{16,})/g, ':"$1"')) as object;
    // The repair's own look is let through.
    const rule = { method: 'GET', path: '*/jobs/runs/get', skip: 1, times: 2, status: 200, body: stale };
    await setFault(world.workspace('dbw-stale'), rule);
    const ended = await world.finish(id);
    expect(ended.failure).toBeUndefined();
    expect(repairsSent('dbw-stale')).toBe(1);
  });

  test('is not repaired any more when the deployment is cancelled before', async () => {
    const { id } = await startWith('dbw-cancelled', { ...internal, taskKey: 'RUNME' });
    await world.until(async () => (await world.read(id)).runs[0]?.state === 'failed');
    expect((await world.call(`/api/deployments/${id}/cancel`, { method: 'POST' })).status).toBe(202);
    expect((await world.finish(id)).state).toBe('Cancelled');
    expect(repairsSent('dbw-cancelled')).toBe(0);
  });
});

describe('F11: what would fail again', () => {
  test.each([
    ['quota', 'CLUSTER_QUOTA', 'AZURE_QUOTA_EXCEEDED_EXCEPTION', 'CLIENT_ERROR', quotaText],
    [
      'image',
      'CLUSTER_REFUSED',
      'EOS_SPARK_IMAGE',
      'CLIENT_ERROR',
      'databricks_error_message:This runtime is no longer supported.',
    ],
  ] as const)('%s: is not repaired, and says what it takes', async (name, expected, code, type, message) => {
    const ended = await deployWith(`dbw-${name}`, { kind: 'clusterFails', taskKey: 'PIV_01', code, type, message });
    const failure = expectFailure(ended, expected, 'notebooks');
    expect(failure.message).toContain(`${code}(${type}): ${message}`);
    expect(failure.link).toMatch(/\/runs\/\d+$/);
    expect(runOf(ended, 'notebooks').repairs).toBe(0);
    expect(repairsSent(`dbw-${name}`)).toBe(0);
  });

  test('a notebook that raises is not repaired', async () => {
    const ended = await deployWith('dbw-raises', { kind: 'taskFails', taskKey: 'PIV_02' });
    expectFailure(ended, 'NOTEBOOK_FAILED', 'notebooks');
    expect(repairsSent('dbw-raises')).toBe(0);
  });
});

describe('F12: a person in Databricks', () => {
  test('who repairs the run before we do is followed', async () => {
    const person = { kind: 'personRepairs', afterSeconds: 1 };
    const ended = await deployWith('dbw-person-first', { ...internal, taskKey: 'PIV_01' }, person);
    expect(ended.failure).toBeUndefined();
    expect(runOf(ended, 'notebooks').repairs).toBe(1);
    expect(repairsSent('dbw-person-first')).toBe(0);
    expect(await inventoryOf(world.cloud, 'dbw-person-first')).toEqual(oneOfEach);
  });

  test('whose repair fails too is not repaired over', async () => {
    const person = { kind: 'personRepairs', afterSeconds: 1 };
    const ended = await deployWith('dbw-person-fails', { ...internal, taskKey: 'PIV_01', times: 2 }, person);
    expectFailure(ended, 'RUN_FAILED', 'notebooks');
    expect(runOf(ended, 'notebooks').repairs).toBe(1);
    expect(repairsSent('dbw-person-fails')).toBe(0);
  });

  test('who cancels the run that we have repaired is told of within one look', async () => {
    const cancels = { kind: 'personCancels', taskKey: 'PIV_01', afterSeconds: 1 };
    const ended = await deployWith('dbw-cancels', { ...stockout, taskKey: 'PIV_01' }, cancels);
    const failure = expectFailure(ended, 'RUN_CANCELED', 'notebooks');
    const run = runOf(ended, 'notebooks');
    expect(failure.link).toBe(run.url);
    expect(run.repairs).toBe(1);
    expect(secondsAfter(ended, run)).toBeLessThanOrEqual(60);
  });

  test.each(['RUNME', 'PIV_02'])('who deletes the run during %s is told of within one look', async (taskKey) => {
    const ended = await deployWith(`dbw-deletes-${taskKey}`, { kind: 'personDeletes', taskKey, afterSeconds: 1 });
    const failure = expectFailure(ended, 'RUN_LOST', 'notebooks');
    const run = runOf(ended, taskKey === 'RUNME' ? 'RUNME' : 'notebooks');
    expect(failure.message).toContain(run.runId);
    expect(secondsAfter(ended, run)).toBeLessThanOrEqual(120);
    expect(secondsOf(ended, 'notebooks')).toBeLessThan(180);
  });

  test('who deletes the failed run before we repair it is told of', async () => {
    const { id } = await startWith('dbw-deletes-failed', { ...internal, taskKey: 'RUNME' });
    await world.until(async () => (await world.read(id)).runs[0]?.state === 'failed');
    const { runs } = await world.read(id);
    const body = { run_id: runs[0]?.runId };
    const { status } = await caller.databricks('dbw-deletes-failed', 'POST', '/api/2.2/jobs/runs/delete', body);
    expect(status).toBe(200);
    expectFailure(await world.finish(id), 'RUN_LOST', 'notebooks');
    expect(repairsSent('dbw-deletes-failed')).toBe(0);
  });

  /** Seconds from the run's last sign of life to the end of the deployment's step. */
  function secondsAfter(ended: StatusResource, run: RunSummary): number {
    const { endedAt = '' } = ended.steps.find(({ name }) => name === 'notebooks') ?? {};
    const times = run.tasks.flatMap(({ startedAt, endedAt: end }) => [startedAt, end]).flatMap((at) => at ?? []);
    return (Date.parse(endedAt) - Date.parse(times.toSorted().at(-1) ?? '')) / 1000;
  }
});
