import { actCompanion } from '../../local/databricks/notebooks/companionScript.ts';
import type { NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { cloudCaller } from '../../local/soak/cloudCaller.ts';
import { makeWorkspace } from '../support/localPerson.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { eventGridEvent } from '../support/subscriptionEvents.ts';
import { setFault, setScenario, type DeploymentWish, type World, type WorldOptions } from '../support/world.ts';

type Trouble = { kind: string } & Record<string, unknown>;

const companionUrl = 'https://github.com/industry-solutions/smart-claims';
const cluster = { spark_version: '15.4.x-scala2.12', node_type_id: 'Standard_D4ads_v5', num_workers: 0 };
const childJob = {
  tasks: [{ task_key: 'only', notebook_task: { notebook_path: '01_introduction' }, new_cluster: cluster }],
};

/** RUNME of the companion library where it is asked to run its job; of the shipped accelerator else, late if it is told to be. */
const script: NotebookScript = {
  ...quickScript,
  RUNME: {
    seconds: 2,
    outcome: async (request, api, tables, sleep) => {
      if (request.parameters['run_job']) return actCompanion(childJob, request, api, sleep);
      await sleep(Number(request.parameters['late'] ?? 0));
      const usual = quickScript['RUNME']?.outcome;
      return typeof usual === 'function' ? usual(request, api, tables, sleep) : {};
    },
  },
};

/** Troubles of workspaces from the moment that they are made. */
const troubles: Record<string, Trouble> = {
  'dbw-storage': { kind: 'storageNeverReady' },
  'dbw-raises': { kind: 'taskFails', taskKey: 'PIV_02' },
  'dbw-repaired': { kind: 'taskInternalError', taskKey: 'PIV_01' },
  'dbw-warehouse': { kind: 'warehouseFailsToStart', type: 'CLIENT_ERROR' },
  'dbw-no-warehouse': { kind: 'warehouseNeverStarts' },
};

/** The world in which the paths are gone. */
export const worldOfPaths: WorldOptions = {
  script,
  latencies: quickLatencies,
  plainRepositories: [companionUrl],
  settings: ({ ACCELERATORS: usual = '{}' }) => ({
    // So short that what lasts is soon over, and so long that a watch needs a second generation.
    LIMIT_SECONDS: '{"run":330,"warehouse":90}',
    ACCELERATORS: JSON.stringify({
      ...(JSON.parse(usual) as object),
      claims: { repositoryUrl: companionUrl, tag: 'v1', runmePath: 'RUNME', verify: false, companion: true },
    }),
  }),
  onWorkspace: (name, server) => {
    const trouble = troubles[name];
    if (trouble) void setScenario(server, trouble);
  },
};

/**
 * Ways through the orchestrators, in each of which one deployment goes from its start to its end; together they come
 * by every step, pause and child that an orchestrator asks for. Each gives the deployment's id.
 */
export const paths: Record<string, (world: World) => Promise<string>> = {
  'new-workspace-then-deleted': async (world) => {
    const { id } = await world.deploy({ workspaceName: 'dbw-new' });
    return removed(world, id, '?data=true');
  },
  'used-workspace-then-deleted': async (world) => {
    await makeWorkspace(world.cloud, 'dbw-used', { owner: 'somebody' });
    await world.pass(quickLatencies.workspaceSeconds + quickLatencies.storageSeconds);
    const { id } = await world.deploy({ workspaceName: 'dbw-used' });
    return removed(world, id, '?data=true');
  },
  'troubled-calls': async (world) => {
    const { arm } = world.cloud.azure;
    const busy = { status: 503, body: {} };
    await setFault(arm, { method: 'GET', path: '*/userAssignedIdentities/id-dbw-busy', ...busy });
    const { id } = await world.start({ workspaceName: 'dbw-busy' });
    await stepIs(world, id, 'storage', 'waiting');
    const server = world.workspace('dbw-busy');
    const calls = ['GET *ServicePrincipals', 'POST */jobs/create', 'POST */run-now', 'POST *#OpenSession'];
    for (const [method = '', path = ''] of calls.map((call) => call.split(' ')))
      await setFault(server, { method, path, ...busy });
    return finished(world, id);
  },
  'woken-by-an-event': async (world) => {
    const { id } = await world.start({ workspaceName: 'dbw-woken' });
    await stepIs(world, id, 'workspace', 'waiting');
    await wake(world, 'dbw-woken');
    return finished(world, id);
  },
  'nothing-may-be-made': async (world) => {
    const unregistered = { kind: 'providerNotRegistered', namespace: 'Microsoft.Databricks' };
    await setScenario(world.cloud.azure.arm, unregistered);
    const { id } = await world.deploy({ workspaceName: 'dbw-unregistered' });
    await clearScenarios(world.cloud.azure.url);
    return id;
  },
  'workspace-fails-then-retried': async (world) => {
    const why = { code: 'SubnetTooSmall', message: 'The subnet has no room.' };
    await setScenario(world.cloud.azure.arm, { kind: 'workspaceFails', name: 'dbw-fails', ...why });
    const { id } = await world.deploy({ workspaceName: 'dbw-fails' });
    await clearScenarios(world.cloud.azure.url);
    return retried(world, id);
  },
  'notebook-raises-then-retried': async (world) => {
    const { id } = await world.deploy({ workspaceName: 'dbw-raises' });
    return retried(world, id);
  },
  'run-repaired': (world) => deployed(world, { workspaceName: 'dbw-repaired' }),
  'run-of-the-companion': (world) => deployed(world, { workspaceName: 'dbw-claims', accelerator: 'claims' }),
  'run-too-long': (world) => deployed(world, { workspaceName: 'dbw-late', parameters: { late: '600' } }),
  'warehouse-fails-to-start': (world) => deployed(world, { workspaceName: 'dbw-warehouse' }),
  'warehouse-deleted-while-it-starts': async (world) => {
    const { id } = await world.start({ workspaceName: 'dbw-lost' });
    await stepIs(world, id, 'warehouse', 'waiting');
    await deleteWarehouse(world, 'dbw-lost');
    return finished(world, id);
  },
  'warehouse-too-slow-then-retried': async (world) => {
    const { id } = await world.deploy({ workspaceName: 'dbw-no-warehouse' });
    await clearScenarios(world.workspace('dbw-no-warehouse').url);
    return retried(world, id);
  },
  'cancelled-while-the-workspace-is-made-then-retried': async (world) => {
    const id = await cancelled(world, 'dbw-making', 'workspace');
    return retried(world, id);
  },
  'cancelled-while-storage-is-awaited': (world) => cancelled(world, 'dbw-storage', 'storage'),
  'cancelled-while-notebooks-run-then-deleted': async (world) => {
    const id = await cancelled(world, 'dbw-running', 'notebooks');
    return removed(world, id);
  },
  'terminated-then-retried': async (world) => {
    const { id } = await world.start({ workspaceName: 'dbw-terminated' });
    await stepIs(world, id, 'notebooks', 'waiting');
    await terminate(world, id);
    return retried(world, id);
  },
  'terminated-then-deleted': async (world) => {
    const { id } = await world.start({ workspaceName: 'dbw-ended' });
    await stepIs(world, id, 'notebooks', 'waiting');
    await terminate(world, id);
    const why = { code: 'ApplianceDeprovisioningFailed', message: 'Something is in the way.' };
    await setScenario(world.cloud.azure.arm, { kind: 'deletionFails', name: 'dbw-ended', ...why });
    await removed(world, id);
    await clearScenarios(world.cloud.azure.url);
    return removed(world, id);
  },
  'deletion-refused': async (world) => {
    const { id } = await world.deploy({ workspaceName: 'dbw-shared', accelerator: 'claims' });
    const { id: other } = await world.start({ workspaceName: 'dbw-shared' });
    await removed(world, id);
    await world.finish(other);
    return id;
  },
};

const post = (world: World, path: string): Promise<Response> => world.call(path, { method: 'POST' });

async function finished(world: World, id: string): Promise<string> {
  await world.finish(id);
  return id;
}

const deployed = async (world: World, wish: DeploymentWish): Promise<string> => (await world.deploy(wish)).id;

async function retried(world: World, id: string): Promise<string> {
  await post(world, `/api/deployments/${id}/retry`);
  return finished(world, id);
}

async function removed(world: World, id: string, query = ''): Promise<string> {
  await world.call(`/api/deployments/${id}${query}`, { method: 'DELETE' });
  return finished(world, id);
}

/** A deployment that is cancelled while this step waits. */
async function cancelled(world: World, workspaceName: string, name: string): Promise<string> {
  const { id } = await world.start({ workspaceName });
  await stepIs(world, id, name, 'waiting');
  await post(world, `/api/deployments/${id}/cancel`);
  return finished(world, id);
}

async function terminate(world: World, id: string): Promise<void> {
  const path = `/runtime/webhooks/durabletask/instances/${id}/terminate?reason=x&code=${world.host.keys.durable}`;
  await world.call(path, { method: 'POST', key: '' });
  await finished(world, id);
}

const step = async (world: World, id: string, name: string) =>
  (await world.read(id)).steps.find((one) => one.name === name);

const stepIs = (world: World, id: string, name: string, state: string): Promise<void> =>
  world.until(async () => (await step(world, id, name))?.state === state);

async function wake(world: World, workspace: string): Promise<void> {
  await world.call('/runtime/webhooks/EventGrid?functionName=onSubscriptionEvent', {
    method: 'POST',
    key: world.host.keys.eventGrid,
    headers: { 'aeg-event-type': 'Notification' },
    body: [eventGridEvent({ workspace, timeMs: world.clock.now() })],
  });
}

async function deleteWarehouse({ cloud }: World, workspace: string): Promise<void> {
  const caller = cloudCaller(cloud);
  const { body } = await caller.databricks(workspace, 'GET', '/api/2.0/sql/warehouses');
  for (const { id } of (body['warehouses'] ?? []) as { id: string }[])
    await caller.databricks(workspace, 'DELETE', `/api/2.0/sql/warehouses/${id}`);
}

const clearScenarios = (url: string): Promise<Response> => fetch(`${url}/__scenarios`, { method: 'DELETE' });
