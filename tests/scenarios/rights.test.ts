import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { DeployStatus, StatusResource } from '../../domain/status.ts';
import type { NotebookScript } from '../../local/databricks/notebooks/scriptedCompute.ts';
import { assignmentsVersion, type CloudCaller, cloudCaller } from '../../local/soak/cloudCaller.ts';
import { expectFailure } from '../support/expectFailure.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { askAsOwner } from '../support/localPerson.ts';
import { setFault, startWorld, type World } from '../support/world.ts';

const minutes = 60;
const script: NotebookScript = { ...quickScript, '02_create_features': { seconds: 40 * minutes } };

let world: World;
let caller: CloudCaller;
beforeAll(async () => {
  // Few looks at notebooks that run for long.
  const EXPECTED_SECONDS = '{"workspace":20,"storage":10,"runme":12,"notebooks":2400}';
  world = await startWorld({ script, latencies: quickLatencies, settings: () => ({ EXPECTED_SECONDS }) });
  caller = cloudCaller(world.cloud);
});
afterEach(() => world.cloud.azure.identity.faults.clear());
afterAll(() => world.close());

const isWatching = async (id: string): Promise<boolean> =>
  (await world.read(id)).runs.some(({ role, state }) => role === 'notebooks' && state === 'running');

/** A deployment whose notebooks run. */
async function watched(workspaceName: string): Promise<StatusResource> {
  const started = await world.start({ workspaceName });
  await world.until(() => isWatching(started.id));
  return started;
}

const isFailing = async (id: string): Promise<boolean> =>
  world.isOver(id) || ((await world.read(id)).customStatus as DeployStatus | null)?.ending !== undefined;

/** The seconds until all these deployments have failed, some of which then still try to end their runs. */
async function secondsUntilFailing(...ids: string[]): Promise<number> {
  const sinceMs = world.clock.now();
  await world.until(async () => (await Promise.all(ids.map(isFailing))).every(Boolean));
  return (world.clock.now() - sinceMs) / 1000;
}

/** Ends a deployment that has failed, which takes as long again as a call may be tried. */
async function finish(id: string): Promise<StatusResource> {
  const sinceMs = world.clock.now();
  const ended = await world.finish(id);
  expect((world.clock.now() - sinceMs) / 1000).toBeLessThanOrEqual(15 * minutes);
  return ended;
}

const noTokens = (): Promise<void> =>
  setFault(world.cloud.azure.identity, { method: 'GET', path: '/msi/token', times: 1e6, status: 500, body: {} });

test('F13: an app that gets no tokens any more gives a step on Azure up within its fifteen minutes', async () => {
  const { id } = await world.start({ workspaceName: 'dbw-no-token' });
  await world.until(async () => (await world.read(id)).phase === 'Databricks workspace');
  await noTokens();
  expect(await secondsUntilFailing(id)).toBeLessThanOrEqual(16 * minutes);
  const failure = expectFailure(await finish(id), 'TOKEN_UNAVAILABLE', 'workspace');
  expect(failure.cause).toMatch(/\S/);
  expect(failure.hint).toContain('AZURE_CLIENT_ID');
});

test('F13: an app that gets no tokens from the first step on ends, too', async () => {
  await noTokens();
  const { id } = await world.start({ workspaceName: 'dbw-never-token' });
  expect(await secondsUntilFailing(id)).toBeLessThanOrEqual(16 * minutes);
  const { failure } = await finish(id);
  expect(failure).toMatchObject({ code: 'TOKEN_UNAVAILABLE', hint: expect.stringContaining('identity') as string });
});

test('F13: an app that gets no tokens while it watches the notebooks gives up after half an hour', async () => {
  const { id } = await watched('dbw-watch-token');
  await noTokens();
  const seconds = await secondsUntilFailing(id);
  expect(seconds).toBeGreaterThan(25 * minutes);
  expect(seconds).toBeLessThanOrEqual(31 * minutes);
  expectFailure(await finish(id), 'TOKEN_UNAVAILABLE', 'notebooks');
});

test('F13: a token endpoint that comes back in time does no harm to notebooks that run', async () => {
  const { id } = await watched('dbw-back');
  await noTokens();
  await world.pass(20 * minutes);
  world.cloud.azure.identity.faults.clear();
  expect((await world.finish(id)).failure).toBeUndefined();
});

test('F9: an app whose rights are taken away ends each deployment in ten minutes, wherever it is', async () => {
  const watching = await watched('dbw-watch-rights');
  const creating = await world.start({ workspaceName: 'dbw-no-rights' });
  await world.until(async () => (await world.read(creating.id)).phase === 'Databricks workspace');
  await leaveWorkspace('dbw-watch-rights');
  await takeRoles();

  expect(await secondsUntilFailing(watching.id, creating.id)).toBeLessThanOrEqual(11 * minutes);
  const inAzure = expectFailure(await finish(creating.id), 'AZURE_DENIED', 'workspace');
  expect(inAzure.cause).toContain('AuthorizationFailed');
  const inDatabricks = expectFailure(await finish(watching.id), 'DATABRICKS_DENIED', 'notebooks');
  expect(inDatabricks.hint).toContain('Contributor');
});

/** Removes the app from the members of a workspace, as an administrator does there. */
async function leaveWorkspace(workspace: string): Promise<void> {
  const path = '/api/2.0/preview/scim/v2/ServicePrincipals';
  const client = world.cloud.settings['AZURE_CLIENT_ID'] ?? '';
  const { body } = await caller.databricks(workspace, 'GET', `${path}?filter=applicationId+eq+${client}`);
  const [member] = body['Resources'] as { id: string }[];
  const { status } = await caller.databricks(workspace, 'DELETE', `${path}/${member?.id ?? ''}`);
  expect(status).toBe(204);
}

/** Takes all roles of the app on the resource group, as its owner does. */
async function takeRoles(): Promise<void> {
  const path = '/providers/Microsoft.Authorization/roleAssignments';
  const version = `api-version=${assignmentsVersion}`;
  const { body } = await askAsOwner(world.cloud, 'GET', `${path}?$filter=atScope()&${version}`);
  const assignments = body['value'] as { name: string; properties: { scope: string; principalType: string } }[];
  // Not those of the people who own the group.
  const own = assignments.filter(({ properties }) => properties.principalType === 'ServicePrincipal');
  for (const { name } of own.filter(({ properties }) => properties.scope.includes('/resourceGroups/'))) {
    const { status } = await askAsOwner(world.cloud, 'DELETE', `${path}/${name}?${version}`);
    expect(status).toBe(200);
  }
}
