import { afterAll, describe, expect, test } from 'vitest';
import { formatJson } from '../../local/kit/json.ts';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { setFault, setScenario, startWorld } from '../support/world.ts';

/** How long the cloud may take to show what it has made. */
const hiddenSeconds = 120;

interface Hidden {
  /** In Azure, by the name of what is hidden. */
  inAzure?: (workspace: string) => string;
  inWorkspace?: 'job' | 'run' | 'gitFolder';
  creation: { method: string; path: string };
}

const things: Record<string, Hidden> = {
  identity: {
    inAzure: (workspace) => `id-${workspace}`,
    creation: { method: 'PUT', path: '*/userAssignedIdentities/id-{workspace}' },
  },
  workspace: { inAzure: (workspace) => workspace, creation: { method: 'PUT', path: '*/workspaces/{workspace}' } },
  'Git folder': { inWorkspace: 'gitFolder', creation: { method: 'POST', path: '/api/2.0/repos' } },
  job: { inWorkspace: 'job', creation: { method: 'POST', path: '/api/2.2/jobs/create' } },
  run: { inWorkspace: 'run', creation: { method: 'POST', path: '/api/2.2/jobs/run-now' } },
};

const lost = new Set<string>();
const world = await startWorld({
  script: quickScript,
  latencies: quickLatencies,
  onWorkspace: (name, server) => {
    const { inWorkspace: what, creation } = thingOf(name);
    if (what) void setScenario(server, { kind: 'notYetVisible', what, seconds: hiddenSeconds });
    if (what && lost.has(name)) void setFault(server, { ...creation, reset: true, when: 'after' });
  },
});
afterAll(() => world.close());
const { arm } = world.cloud.azure;

const nameFor = (thing: string, more = ''): string => `dbw-${thing.toLowerCase().replace(' ', '-')}${more}`;
function thingOf(workspace: string): Hidden {
  const found = Object.entries(things).find(([thing]) => workspace.startsWith(nameFor(thing)));
  return found?.[1] ?? { creation: { method: '', path: '' } };
}

async function hideInAzure(workspace: string): Promise<void> {
  const name = thingOf(workspace).inAzure?.(workspace);
  if (name) await setScenario(arm, { kind: 'notYetVisible', name, seconds: hiddenSeconds });
}

async function loseReply(workspace: string): Promise<void> {
  lost.add(workspace);
  const { creation, inAzure } = thingOf(workspace);
  const path = creation.path.replace('{workspace}', workspace);
  if (inAzure) await setFault(arm, { ...creation, path, reset: true, when: 'after' });
}

describe('F8: a deployment succeeds, and makes everything once, when for two minutes nothing shows', () => {
  test.each(Object.keys(things))('the %s that it has made', async (thing) => {
    const workspaceName = nameFor(thing);
    await hideInAzure(workspaceName);
    const ended = await world.deploy({ workspaceName });
    expect(ended.failure).toBeUndefined();
    await world.pass(hiddenSeconds);
    expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
  });

  // The API has no token for the creation of a job: see below.
  test.each(Object.keys(things).filter((thing) => thing !== 'job'))(
    'the %s that it has made, and the reply to that is lost',
    async (thing) => {
      const workspaceName = nameFor(thing, '-lost');
      await hideInAzure(workspaceName);
      await loseReply(workspaceName);
      const ended = await world.deploy({ workspaceName });
      expect(ended.failure).toBeUndefined();
      await world.pass(hiddenSeconds);
      expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
    },
  );
});

test('F8: a job whose creation got no reply and that no list shows is made twice: one runs, a rerun removes the other', async () => {
  const workspaceName = nameFor('job', '-twice');
  await loseReply(workspaceName);
  const { id, failure } = await world.deploy({ workspaceName });
  expect(failure).toBeUndefined();
  await world.pass(hiddenSeconds);
  expect(await inventoryOf(world.cloud, workspaceName)).toEqual({ ...oneOfEach, jobs: 2 });
  await world.call(`/api/deployments/${id}/retry`, { method: 'POST', body: { rerun: true } });
  expect((await world.finish(id)).failure).toBeUndefined();
  expect(await inventoryOf(world.cloud, workspaceName)).toEqual({ ...oneOfEach, childRuns: 2 });
});

test('F8: a run that looks as if it went on is followed until it is seen to be over', async () => {
  const workspaceName = 'dbw-stale';
  const { id } = await world.start({ workspaceName });
  await world.until(async () => (await world.read(id)).runs.some(({ role }) => role === 'notebooks'));
  const runId = (await world.read(id)).runs.find(({ role }) => role === 'notebooks')?.runId ?? '';
  const path = `/api/2.2/jobs/runs/get?run_id=${runId}&include_history=true`;
  const { body } = await cloudCaller(world.cloud).databricks(workspaceName, 'GET', path);
  // Its ids are beyond what a number of JSON can hold.
  const before = JSON.parse(formatJson(body).replace(/:(\d{16,})/g, ':"$1"')) as object;
  const stale = { method: 'GET', path: '*/jobs/runs/get', seconds: hiddenSeconds, status: 200, body: before };
  const server = world.workspace(workspaceName);
  await setFault(server, stale);
  expect((await world.finish(id)).failure).toBeUndefined();
  expect(server.faults.list()[0]?.used).toBeGreaterThan(1);
  expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
});
