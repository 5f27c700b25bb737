import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { grantsBy } from '../../local/azure/access.ts';
import { isWithin } from '../../local/azure/armState.ts';
import type { AskedPermission } from '../../local/azure/askedPermissions.ts';
import { delegation } from '../../local/azure/delegation.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { makeWorkspace } from '../support/localPerson.ts';
import { eventGridEvent } from '../support/subscriptionEvents.ts';
import { readSnapshot } from '../support/infra.ts';
import { assignmentsIn, type TemplateAssignment } from '../support/templateAssignments.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

const group = 'rg-volatility';
const virtualNetworkIn = (subscription: string): string =>
  `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/vnet`;

let world: World;
let subscription: string;
let asked: AskedPermission[];
beforeAll(async () => {
  world = await startWorld({
    script: { ...quickScript, '02_create_features': { seconds: 600 } },
    latencies: quickLatencies,
    settings: ({ AZURE_SUBSCRIPTION_ID: id = '' }) => ({ ALLOWED_VIRTUAL_NETWORKS: virtualNetworkIn(id) }),
    onWorkspace: (name, server) => {
      if (name === 'dbw-retried') void setScenario(server, { kind: 'taskFails', taskKey: 'RUNME' });
    },
  });
  subscription = world.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? '';
  await everyWay();
  asked = world.cloud.azure.askedByApp();
}, 120_000);
afterAll(() => world.close());

const send = (method: string, path: string, body?: unknown): Promise<Response> =>
  world.call(`/api/deployments${path}`, { method, ...(body !== undefined && { body }) });

/** Everything that the app does in Azure: plans, deploys in each way, goes on, is told by events, cancels, deletes. */
async function everyWay(): Promise<void> {
  await send('POST', '?dryRun=true', { resourceGroup: group, workspaceName: 'dbw-planned' });
  const made = await world.deploy({ workspaceName: 'dbw-new' });

  await makeWorkspace(world.cloud, 'dbw-adopted', { accelerator: 'predicting-implied-volatility' });
  await world.pass(quickLatencies.workspaceSeconds + quickLatencies.storageSeconds);
  await world.call('/runtime/webhooks/EventGrid?functionName=onSubscriptionEvent', {
    method: 'POST',
    key: world.host.keys.eventGrid,
    headers: { 'aeg-event-type': 'Notification' },
    body: [eventGridEvent({ workspace: 'dbw-adopted', timeMs: world.clock.now() })],
  });
  const adopted = await world.deploy({ workspaceName: 'dbw-adopted' });
  expect(adopted.attempt).toBe(1);

  const subnets = { publicSubnet: 'snet-host', privateSubnet: 'snet-container' };
  const network = { virtualNetworkId: virtualNetworkIn(subscription), ...subnets };
  const inside = await world.deploy({ workspaceName: 'dbw-inside', network });
  expect([made, adopted, inside].map(({ failure }) => failure)).toEqual([undefined, undefined, undefined]);

  await setScenario(world.cloud.azure.arm, { kind: 'workspaceFails', name: 'dbw-bad', code: 'Bad', message: 'No.' });
  const bad = await world.deploy({ workspaceName: 'dbw-bad' });
  expect(bad.failure?.code).toBe('WORKSPACE_FAILED');

  const retried = await world.deploy({ workspaceName: 'dbw-retried' });
  expect(retried.failure?.code).toBe('NOTEBOOK_FAILED');
  await send('POST', `/${retried.id}/retry`);
  expect((await world.finish(retried.id)).failure).toBeUndefined();

  const cancelled = await world.start({ workspaceName: 'dbw-cancelled' });
  await world.until(async () => (await world.read(cancelled.id)).runs.length > 1);
  await send('POST', `/${cancelled.id}/cancel`);
  expect((await world.finish(cancelled.id)).state).toBe('Cancelled');

  for (const { id } of [made, adopted, inside, bad, retried, cancelled]) {
    await send('DELETE', `/${id}?dryRun=true`);
    await send('DELETE', `/${id}?data=true`);
    expect((await world.finish(id)).state).toBe('Deleted');
  }
}

/** The roles of a snapshot as if its template had been deployed to the local cloud, with its resource group as target. */
const granted = (name: string): TemplateAssignment[] =>
  assignmentsIn(readSnapshot(name)).map((assignment) => ({
    ...assignment,
    scope: assignment.scope
      .replace(/^\/subscriptions\/[^/]+/, `/subscriptions/${subscription}`)
      .replace(/\/resourceGroups\/rg-accelerator$/, `/resourceGroups/${group}`),
  }));

const isGranted = (need: AskedPermission, by: TemplateAssignment): boolean =>
  isWithin(need.scope, by.scope) && grantsBy(by, need.action, need.assignment);

const missing = (roles: TemplateAssignment[]): AskedPermission[] =>
  asked.filter((need) => !roles.some((role) => isGranted(need, role)));

const actionsOf = (needs: AskedPermission[]): string[] => [...new Set(needs.map(({ action }) => action))].toSorted();

describe('the roles of the template', () => {
  test('grant every permission that the app needs, with the right to read the subscription', () => {
    expect(actionsOf(asked).length).toBeGreaterThan(14);
    expect(missing(granted('everything'))).toEqual([]);
  });

  test('grant without that right all but what the app does without, as SECURITY.md lists it', () => {
    const without = missing(granted('default'));
    expect(without.every(({ action }) => action.endsWith('/read'))).toBe(true);
    expect(actionsOf(without)).toEqual(listedActions(sectionOf('It also asks for')));
  });

  test('are those of the table in SECURITY.md, with what the app asks of each', () => {
    const roles = granted('everything').filter(({ scope }) => !scope.endsWith('/rg-fraud'));
    const rows = rowsOf(sectionOf('| Role | On |'));
    expect(rows.map(({ role, on }) => `${role} on ${on}`).toSorted()).toEqual(
      roles.map(({ role, on }) => `${role} on ${wordsFor[on] ?? on}`).toSorted(),
    );
    const listed = rows.map(({ role, actions }) => [role, actions]);
    const used = rows.map(({ role }) => [role, actionsOf(asked.filter((need) => isOnlyBy(need, role, roles)))]);
    expect(listed).toEqual(used);
  });

  test('on a target group are both needed', () => {
    for (const needless of ['Contributor', 'Role Based Access Control Administrator'])
      expect(missing(granted('everything').filter(({ role }) => role !== needless))).not.toEqual([]);
  });

  test('have the condition under which the local cloud lets the app assign roles', () => {
    const conditions = assignmentsIn(readSnapshot('everything')).flatMap(({ condition }) => condition ?? []);
    const bare = (text: string): string => text.replaceAll(/\s/g, '');
    expect(new Set(conditions.map(bare))).toEqual(new Set([bare(delegation)]));
    const administrators = assignmentsIn(readSnapshot('everything')).filter(({ role }) =>
      role.includes('Administrator'),
    );
    expect(conditions).toHaveLength(administrators.length);
  });
});

/** Of roles that grant the same, the first of the table is the one that the app needs. */
function isOnlyBy(need: AskedPermission, role: string, roles: TemplateAssignment[]): boolean {
  const order = rowsOf(sectionOf('| Role | On |')).map((row) => row.role);
  const [first] = roles
    .filter((each) => isGranted(need, each))
    .map((each) => each.role)
    .toSorted((one, other) => order.indexOf(one) - order.indexOf(other));
  return first === role;
}

const wordsFor: Record<string, string> = {
  'Microsoft.Resources/subscriptions/resourceGroups': 'each target resource group',
  'Microsoft.Resources/subscriptions': 'the subscription, with `grantSubscriptionReader`',
  'Microsoft.Storage/storageAccounts': "the app's storage account",
  'Microsoft.DurableTask/schedulers': 'the scheduler',
  'Microsoft.Insights/components': 'the Application Insights resource',
};

const page = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8');

/** The paragraph or table of the page that begins with these words. */
const sectionOf = (beginning: string): string => page.split('\n\n').find((part) => part.startsWith(beginning)) ?? '';

const rowsOf = (table: string): { role: string; on: string; actions: string[] }[] =>
  table
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, role = '', on = '', used = '']) => ({ role, on, actions: listedActions(used) }));

/** The actions in a text, where `a/{b,c}` stands for two of them. */
const listedActions = (text: string): string[] =>
  [...text.matchAll(/`(Microsoft\.[\w./]+)(?:\{([^}]+)\})?`/g)]
    .flatMap(([, start = '', ends]) => (ends ?? '').split(',').map((end) => start + end.trim()))
    .toSorted();
