import type { InvocationContext } from '@azure/functions';
import { beforeAll, expect, test } from 'vitest';
import { asActivity } from '../../activities/asActivity.ts';
import { assignRole } from '../../activities/assignRole.ts';
import { checkSubscription } from '../../activities/checkSubscription.ts';
import { ensureIdentity } from '../../activities/ensureIdentity.ts';
import { ensureWorkspace } from '../../activities/ensureWorkspace.ts';
import { readWorkspace } from '../../activities/readWorkspace.ts';
import type { Outcome } from '../../domain/outcome.ts';
import * as steps from '../../domain/steps.ts';
import { type ActivityCloud, startActivityCloud } from '../support/activityCloud.ts';

let world: ActivityCloud;
beforeAll(async () => {
  world = await startActivityCloud();
});

const at = '2026-03-01T12:00:00.000Z';
const check = asActivity(steps.checkSubscription, checkSubscription);
const checkOf = (name: string): Promise<Outcome<steps.SubscriptionReport>> => {
  const write = (): void => undefined;
  const ctx = { triggerMetadata: { instanceId: name }, log: write, warn: write, error: write };
  return check({ ...world.deployment(name), at }, ctx as unknown as InvocationContext);
};

async function callsOf(work: () => Promise<unknown>): Promise<steps.AzureCalls> {
  const before = world.cloud.azure.arm.requests.length;
  await work();
  const made = world.cloud.azure.arm.requests.slice(before);
  const reads = made.filter(({ method }) => method === 'GET').length;
  return { reads, writes: made.length - reads };
}

test('each step makes no more calls of Azure than it says', async () => {
  const deployment = world.deployment('dbw-calls');
  const counted: [steps.AzureCalls | undefined, steps.AzureCalls][] = [];
  const count = async (step: { azure?: steps.AzureCalls }, work: () => Promise<unknown>): Promise<void> =>
    void counted.push([step.azure, await callsOf(work)]);
  await count(steps.checkSubscription, () => checkSubscription({ ...deployment, at }));
  let identity: steps.Identity | undefined;
  await count(steps.ensureIdentity, async () => (identity = await ensureIdentity(deployment)));
  let accepted: steps.WorkspaceState | undefined;
  await count(steps.ensureWorkspace, async () => (accepted = await ensureWorkspace(deployment)));
  world.clock.advance(60_000);
  if (!identity || !accepted) throw new Error('nothing was made');
  const role = { ...deployment, identity, workspace: { resourceId: accepted.resourceId, host: '' } };
  const look = { ...deployment, workspace: accepted };
  await count(steps.readWorkspace, () => readWorkspace(look));
  await count(steps.assignRole, () => assignRole(role));
  for (const [told, made] of counted) {
    expect(made.reads).toBeLessThanOrEqual(told?.reads ?? 0);
    expect(made.writes).toBeLessThanOrEqual(told?.writes ?? 0);
    expect(made.reads + made.writes).toBeGreaterThan(0);
  }
});

test('of a burst of checks Azure refuses none: those that it could not take wait for their turns', async () => {
  const names = Array.from({ length: 60 }, (_, index) => `dbw-burst-${index}`);
  const before = world.cloud.azure.arm.requests.length;
  const first = await Promise.all(names.map(checkOf));
  const waiting = names.flatMap((name, index) => {
    const outcome = first[index];
    return outcome && 'failure' in outcome ? [{ name, failure: outcome.failure }] : [];
  });
  expect(waiting.length).toBeGreaterThan(10);
  expect(waiting.length).toBeLessThan(50);
  expect(new Set(waiting.map(({ failure }) => failure.code))).toEqual(new Set(['AZURE_THROTTLED']));
  const pauses = waiting.map(({ failure }) => failure.retryAfterSeconds ?? 0);
  expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
  let passed = 0;
  for (const { name, failure } of waiting) {
    world.clock.advance(((failure.retryAfterSeconds ?? 0) - passed) * 1000);
    passed = failure.retryAfterSeconds ?? 0;
    expect(await checkOf(name)).toHaveProperty('value');
  }
  const statuses = world.cloud.azure.arm.requests.slice(before).map(({ status }) => status);
  expect(statuses).not.toContain(429);
});
