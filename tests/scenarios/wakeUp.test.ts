import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StepStatus } from '../../domain/status.ts';
import { inventoryOf, oneOfEach } from '../../local/soak/inventory.ts';
import { makeWorkspace, tagWorkspace } from '../support/localPerson.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';
import { cloudEvent, eventGridEvent, type SampleEvent } from '../support/subscriptionEvents.ts';
import { setScenario, startWorld, type World } from '../support/world.ts';

// So long that between two looks there is room for an event.
const creationSeconds = 300;
const webhookPath = '/runtime/webhooks/EventGrid?functionName=onSubscriptionEvent';
let world: World;
beforeAll(async () => {
  world = await startWorld({
    script: quickScript,
    latencies: { ...quickLatencies, workspaceSeconds: creationSeconds },
  });
});
afterAll(() => world.close());

const deliver = (events: object[]): Promise<Response> =>
  world.call(webhookPath, {
    method: 'POST',
    key: world.host.keys.eventGrid,
    headers: { 'aeg-event-type': 'Notification' },
    body: events,
  });
const event = (workspace: string, more: SampleEvent = {}) =>
  eventGridEvent({ workspace, timeMs: world.clock.now(), applicationId: ownApplication(), ...more });
const ownApplication = (): string => world.cloud.settings['AZURE_CLIENT_ID'] ?? '';
const looksAt = (name: string): number =>
  world.cloud.azure.arm.requests.filter(({ method, path }) => method === 'GET' && path.includes(`workspaces/${name}?`))
    .length;

async function workspaceStep(id: string): Promise<StepStatus['state'] | undefined> {
  return (await world.read(id)).steps.find(({ name }) => name === 'workspace')?.state;
}

/** Has Azure send the subscription's events to the app. */
async function subscribe(): Promise<void> {
  const webhook = `${world.host.url}${webhookPath}&code=${world.host.keys.eventGrid}`;
  const { status } = await fetch(`${world.cloud.azure.url}/__events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ webhook }),
  });
  if (status !== 201) throw new Error(`${status}`);
}

/** Starts a deployment and lets it come to the wait for its workspace. */
async function startWaiting(workspaceName: string): Promise<string> {
  const { id } = await world.start({ workspaceName });
  await world.until(async () => (await workspaceStep(id)) === 'waiting');
  return id;
}

const wakesOf = (id: string): unknown[] => world.host.history(id).filter(({ Name }) => Name === 'wake');

test('a tag that a person sets starts the deployment by Azure’s own event, and only once', async () => {
  await subscribe();
  await makeWorkspace(world.cloud, 'dbw-portal', {});
  await world.pass(creationSeconds + quickLatencies.storageSeconds);
  await world.cloud.azure.eventsDelivered();
  await tagWorkspace(world.cloud, 'dbw-portal', { accelerator: 'predicting-implied-volatility' });
  await tagWorkspace(world.cloud, 'dbw-portal', { owner: 'us' });
  await world.cloud.azure.eventsDelivered();
  const { deployments } = (await (await world.call('/api/deployments')).json()) as { deployments: { id: string }[] };
  expect(deployments).toMatchObject([{ workspaceName: 'dbw-portal', attempt: 1 }]);
  expect(await world.finish(deployments[0]?.id ?? '')).toMatchObject({ runtimeStatus: 'Completed' });
  expect(await inventoryOf(world.cloud, 'dbw-portal')).toEqual(oneOfEach);
});

test('a deployment beyond its workspace is not told of what happens to it', async () => {
  const { id } = await world.start({ workspaceName: 'dbw-beyond' });
  await world.until(async () => (await workspaceStep(id)) === 'done');
  const before = wakesOf(id).length;
  await deliver([event('dbw-beyond'), event('dbw-beyond', { operation: 'Microsoft.Databricks/workspaces/delete' })]);
  await world.host.idle();
  expect(wakesOf(id)).toHaveLength(before);
});

describe('a deployment that waits for its workspace', () => {
  test('goes on as soon as Azure has told that it is there, within a second of real time', async () => {
    await subscribe();
    const took: number[] = [];
    const ids: string[] = [];
    for (const name of ['dbw-told-1', 'dbw-told-2']) {
      const startMs = world.clock.now();
      const id = await startWaiting(name);
      const readyMs = startMs + creationSeconds * 1000;
      await world.pass((readyMs - world.clock.now()) / 1000 - 0.001);
      expect(await workspaceStep(id)).toBe('waiting');
      world.clock.advanceTo(readyMs);
      const realMs = performance.now();
      await expect.poll(() => workspaceStep(id), { interval: 5, timeout: 10_000 }).toBe('done');
      took.push(performance.now() - realMs);
      ids.push(id);
      expect(world.clock.now()).toBe(readyMs);
      expect(wakesOf(id)).toHaveLength(1);
    }
    expect(Math.min(...took)).toBeLessThan(1000);
    expect(await world.finish(ids[0] ?? '')).toMatchObject({ runtimeStatus: 'Completed', attempt: 1 });
    expect(await inventoryOf(world.cloud, 'dbw-told-1')).toEqual(oneOfEach);
  });

  test.each([
    ['the app’s own write', eventGridEvent, {}],
    ['a person’s tag', eventGridEvent, { operation: 'Microsoft.Resources/tags/write', applicationId: 'somebody' }],
    ['a failure', cloudEvent, { type: 'Microsoft.Resources.ResourceWriteFailure' }],
  ])('looks at once when told of %s', async (what, make, more) => {
    const name = `dbw-${what.slice(-4).trim()}`;
    const id = await startWaiting(name);
    const [before, sentMs] = [looksAt(name), world.clock.now()];
    const told = make({ workspace: name, timeMs: sentMs, applicationId: ownApplication(), ...more });
    expect((await deliver([told])).status).toBe(202);
    await world.host.idle();
    expect(looksAt(name)).toBe(before + 1);
    expect(world.clock.now()).toBe(sentMs);
    expect(await workspaceStep(id)).toBe('waiting');
  });

  test('ends at once when Azure has told that the creation failed', async () => {
    await setScenario(world.cloud.azure.arm, { kind: 'workspaceFails', name: 'dbw-no', code: 'Bad', message: 'No.' });
    const startMs = world.clock.now();
    const id = await startWaiting('dbw-no');
    const failedMs = startMs + creationSeconds * 1000;
    await world.pass((failedMs - world.clock.now()) / 1000 - 0.001);
    world.clock.advanceTo(failedMs);
    await expect.poll(() => world.isOver(id), { timeout: 10_000 }).toBe(true);
    expect(world.clock.now()).toBe(failedMs);
    expect(await world.read(id)).toMatchObject({ failure: { code: 'WORKSPACE_FAILED', message: 'No.' } });
  });

  test('looks a few times and not fifty when the same event comes fifty times', async () => {
    const id = await startWaiting('dbw-often');
    const before = looksAt('dbw-often');
    const same = event('dbw-often');
    const others = Array.from({ length: 24 }, () => event('dbw-often'));
    await deliver([...Array.from({ length: 25 }, () => same), ...others]);
    await deliver([same]);
    await world.host.idle();
    expect(looksAt('dbw-often') - before).toBeOneOf([1, 2, 3]);
    expect(wakesOf(id).length).toBeLessThanOrEqual(3);
  });
});
