import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { identitiesVersion } from '../../local/soak/cloudCaller.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { askAsOwner, askForWorkspace } from '../support/localPerson.ts';
import { taggedResources } from '../support/taggedResources.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ script: quickScript, latencies: quickLatencies });
});
afterAll(() => world.close());

async function remove(id: string): Promise<StatusResource> {
  await world.call(`/api/deployments/${id}`, { method: 'DELETE' });
  return world.finish(id);
}

test('a managed group that Databricks has kept stops the next workspace, and is named', async () => {
  const workspaceName = 'dbw-kept-group';
  await setScenario(world.cloud.azure.arm, { kind: 'unityEnabled', name: workspaceName });
  const first = await world.deploy({ workspaceName });
  expect(first.state).toBe('Succeeded');
  // By hand and not by force, which leaves what the workspace's own catalog has stored.
  await askForWorkspace(world.cloud, 'DELETE', workspaceName);
  await world.pass(quickLatencies.workspaceSeconds);

  await world.call(`/api/deployments/${first.id}/retry`, { method: 'POST', body: { rerun: true } });
  expect((await world.finish(first.id)).failure?.code).toBe('WORKSPACE_GONE');
  const failed = await world.deploy({ workspaceName });
  expect(failed.failure?.code).toBe('WORKSPACE_FAILED');
  expect(failed.failure?.cause).toMatch(/The managed resource group '.*' already exists/);
});

test('an identity of the same name that somebody has left is used as it is, and stays when the deployment goes', async () => {
  const workspaceName = 'dbw-left-identity';
  const path = `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${workspaceName}?api-version=${identitiesVersion}`;
  const tags = { owner: 'somebody' };
  expect((await askAsOwner(world.cloud, 'PUT', path, { location: 'westeurope', tags })).status).toBe(201);
  const deployed = await world.deploy({ workspaceName });
  expect(deployed.state).toBe('Succeeded');
  expect(await inventoryOf(world.cloud, workspaceName)).toEqual(oneOfEach);
  expect((await remove(deployed.id)).state).toBe('Deleted');
  expect((await askAsOwner(world.cloud, 'GET', path)).body).toMatchObject({ tags });
});

test('what an earlier app has deployed is found by an app that remembers nothing', async () => {
  const workspaceName = 'dbw-remembered';
  const { id } = await world.deploy({ workspaceName });
  const forget = `/runtime/webhooks/durabletask/instances/${id}`;
  await world.call(forget, { method: 'DELETE', key: world.host.keys.durable });
  expect((await world.call(`/api/deployments/${id}`)).status).toBe(404);
  const again = await world.deploy({ workspaceName });
  expect(again).toMatchObject({ id, state: 'Succeeded', attempt: 1 });
  expect(await inventoryOf(world.cloud, workspaceName)).toEqual({ ...oneOfEach, runs: 2, childRuns: 2 });
  expect((await remove(id)).state).toBe('Deleted');
  expect(await taggedResources(world.cloud, id, workspaceName)).toEqual([]);
});
