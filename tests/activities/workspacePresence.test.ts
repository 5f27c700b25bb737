import { afterAll, beforeAll, expect, test } from 'vitest';
import { readRun } from '../../activities/readRun.ts';
import { withSqlSession } from '../../clients/databricksSql.ts';
import type { Workspace } from '../../domain/steps.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import { type CloudCaller, cloudCaller, workspacesVersion } from '../../local/soak/cloudCaller.ts';
import { quickLatencies } from '../../local/simulation/quickCloud.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';
import { setFault } from '../support/world.ts';

let activities: ActivityCloud;
let caller: CloudCaller;
beforeAll(async () => {
  activities = await startActivityCloud();
  caller = cloudCaller(activities.cloud);
});
afterAll(() => activities.cloud.close());

const ready = (name: string): Promise<Workspace> => activities.readyWorkspace(activities.deployment(name));
const remove = (name: string): Promise<unknown> =>
  caller.arm('DELETE', `/providers/Microsoft.Databricks/workspaces/${name}`, workspacesVersion);
const pass = (seconds: number): void => activities.clock.advance(seconds * 1000);
const look = (workspace: Workspace) => failureOf(readRun({ workspace, runId: '1' }));
const looksAt = (name: string): number =>
  activities.cloud.azure.arm.requests.filter(
    ({ method, path }) => method === 'GET' && path.includes(`/workspaces/${name}?`),
  ).length;

test('a call to a workspace that has been deleted ends with WORKSPACE_GONE, through SQL too', async () => {
  const workspace = await ready('ws-gone');
  await remove('ws-gone');
  pass(quickLatencies.workspaceSeconds);
  const gone = { code: 'WORKSPACE_GONE', retryable: false, message: 'The workspace ws-gone has been deleted.' };
  expect(await look(workspace)).toMatchObject(gone);
  expect(await look(workspace)).toMatchObject(gone);
  const [host = '', port = ''] = workspace.host.split(':');
  const endpoint = { host, port: Number(port), path: '/sql/1.0/warehouses/a1' };
  expect(await failureOf(withSqlSession(workspace, endpoint, 10, async () => undefined))).toMatchObject(gone);
});

test('a refusal by a workspace that is being deleted is told as that', async () => {
  const workspace = await ready('ws-leaving');
  await remove('ws-leaving');
  const server = findWorkspace(activities.cloud, 'ws-leaving');
  await setFault(server, {
    method: 'GET',
    path: '/api/2.2/jobs/*',
    status: 403,
    body: { error_code: 'PERMISSION_DENIED' },
  });
  expect(await look(workspace)).toMatchObject({
    code: 'WORKSPACE_GONE',
    message: 'The workspace ws-leaving is being deleted.',
  });
});

test('while the workspace is there its failures stay what they are, and Azure is asked at every fourth', async () => {
  const workspace = await ready('ws-there');
  const server = findWorkspace(activities.cloud, 'ws-there');
  const before = looksAt('ws-there');
  await setFault(server, { method: 'GET', path: '/api/2.2/jobs/*', reset: true, times: 5 });
  for (let failure = 0; failure < 5; failure++)
    expect(await look(workspace)).toMatchObject({ code: 'DATABRICKS_UNAVAILABLE', retryable: true });
  expect(looksAt('ws-there') - before).toBe(2);

  // It has answered, so the next failure is a first one.
  expect(await look(workspace)).toMatchObject({ code: 'NOT_SHOWN_YET' });
  await setFault(server, { method: 'GET', path: '/api/2.2/jobs/*', status: 404, body: '<html>no such host</html>' });
  expect(await look(workspace)).toMatchObject({ code: 'ANSWER_INVALID', retryable: true });
  expect(looksAt('ws-there') - before).toBe(3);
});

test.each([429, 500, 503])('Azure is not asked about an answer with status %i', async (status) => {
  const name = `ws-${status}`;
  const workspace = await ready(name);
  const before = looksAt(name);
  const fault = { status, body: { error_code: 'SOME_CODE', message: 'some words' } };
  await setFault(findWorkspace(activities.cloud, name), { method: 'GET', path: '/api/2.2/jobs/*', ...fault });
  expect(await look(workspace)).toMatchObject({ retryable: true });
  expect(looksAt(name)).toBe(before);
});

test('when Azure cannot say, the failure stays what it is', async () => {
  const workspace = await ready('ws-unsaid');
  await remove('ws-unsaid');
  pass(quickLatencies.workspaceSeconds);
  await setFault(activities.cloud.azure.arm, { method: 'GET', path: '*/workspaces/ws-unsaid', status: 503 });
  expect(await look(workspace)).toMatchObject({ code: 'DATABRICKS_UNAVAILABLE', retryable: true });
});
