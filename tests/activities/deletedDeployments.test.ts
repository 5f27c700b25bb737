import type { EventGridEvent, InvocationContext } from '@azure/functions';
import type { DurableClient } from 'durable-functions';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readTaggedWorkspace } from '../../activities/readTaggedWorkspace.ts';
import { deploymentId } from '../../domain/ids.ts';
import { onSubscriptionEvent } from '../../functions/onSubscriptionEvent.ts';
import { type ActivityCloud, failureOf, startActivityCloud } from '../support/activityCloud.ts';
import { makeWorkspace } from '../support/localPerson.ts';
import { eventGridEvent, type SampleEvent } from '../support/subscriptionEvents.ts';
import { setFault } from '../support/world.ts';

const accelerator = 'predicting-implied-volatility';
const endedMs = Date.UTC(2026, 10, 27, 12);
const tags = { Accelerator: accelerator, 'Accelerator.Profile': 'small', Owner: 'us' };
let activities: ActivityCloud;
let id: string;
beforeAll(async () => {
  activities = await startActivityCloud();
  process.env['REQUIRED_TAGS'] = '{"owner":null}';
  const subscriptionId = activities.cloud.settings['AZURE_SUBSCRIPTION_ID'] ?? '';
  id = deploymentId({ subscriptionId, resourceGroup: 'rg-volatility', workspaceName: 'ws-tagged', accelerator });
  await makeWorkspace(activities.cloud, 'ws-tagged', tags);
});
afterAll(() => activities.cloud.close());

/** A durable client that knows one instance, and what was asked of it. */
class OneInstance {
  readonly calls: string[] = [];
  known: object | undefined;

  async getStatus(asked: string): Promise<object> {
    if (asked === id && this.known) return this.known;
    throw new Error('DurableClient error: Durable Functions extension replied with HTTP 404 response. ');
  }

  async getStatusBy(): Promise<object[]> {
    return this.known && (this.known as { runtimeStatus: string }).runtimeStatus === 'Running' ? [this.known] : [];
  }

  async startNew(name: string, { instanceId, input }: { instanceId: string; input: object }): Promise<void> {
    this.calls.push(`start ${name} ${instanceId}`);
    this.known = { ...instance('deploy', 'Running'), input };
  }

  async raiseEvent(instanceId: string, name: string): Promise<void> {
    this.calls.push(`raise ${name} ${instanceId}`);
  }
}

const instance = (name: string, runtimeStatus: string, customStatus: object | null = null): object => ({
  instanceId: id,
  name,
  runtimeStatus,
  customStatus,
  createdTime: new Date(endedMs - 60_000),
  lastUpdatedTime: new Date(endedMs),
  input: { deployment: { ...activities.deployment('ws-tagged'), attempt: 3 }, earlierAttempts: [], polling: {} },
  output: null,
});

let client: OneInstance;
let lines: string[];
beforeEach(() => {
  client = new OneInstance();
  lines = [];
});
async function decisionOn(sample: SampleEvent): Promise<unknown> {
  const event = eventGridEvent({ workspace: 'ws-tagged', ...sample }) as unknown as EventGridEvent;
  const ctx = { log: (line: string) => lines.push(line) } as unknown as InvocationContext;
  await onSubscriptionEvent(event, client as unknown as DurableClient, ctx);
  return JSON.parse(lines.at(-1) ?? '{}');
}

describe('after a deployment has been deleted', () => {
  beforeEach(() => {
    client.known = instance('destroy', 'Completed');
  });

  test.each([
    ['a day older', -86_400_000],
    ['a moment older', -1],
    ['as old', 0],
  ])('an event that is %s than its end is stale', async (_what, ageMs) => {
    expect(await decisionOn({ timeMs: endedMs + ageMs })).toMatchObject({ decision: 'ignored', reason: 'stale' });
    expect(client.calls).toEqual([]);
  });

  test('an event that is younger starts the next one', async () => {
    expect(await decisionOn({ timeMs: endedMs + 1 })).toMatchObject({ decision: 'started', deployment: id });
    expect(client.calls).toEqual([`start deploy ${id}`]);
    expect(client.known).toMatchObject({ input: { deployment: { request: { tags: { Owner: 'us' } } } } });
  });
});

test.each([['Running'], ['Failed']])('a deletion that is %s lets no event start anything', async (runtimeStatus) => {
  client.known = instance('destroy', runtimeStatus);
  expect(await decisionOn({ timeMs: endedMs + 1000 })).toMatchObject({ decision: 'ignored' });
  expect(client.calls).toEqual([]);
});

test.each([
  ['deploy', 'workspace'],
  ['destroy', 'removeWorkspace'],
])('%s is woken while it waits at the step %s, by a deletion as well', async (name, step) => {
  const at = (state: string): object => ({ attempt: 3, phase: step, steps: [{ name: step, state }], links: {} });
  client.known = instance(name, 'Running', at('waiting'));
  const operation = 'Microsoft.Databricks/workspaces/delete';
  expect(await decisionOn({ operation })).toMatchObject({ decision: 'woken', deployment: id });
  client.known = instance(name, 'Running', at('done'));
  expect(await decisionOn({ operation })).toMatchObject({ decision: 'ignored', reason: 'inProgress' });
  expect(client.calls).toEqual([`raise wake ${id}`]);
});

describe('readTaggedWorkspace', () => {
  test('tells what the tags ask for, in whatever case their names are', async () => {
    expect(await readTaggedWorkspace('RG-volatility', 'WS-tagged')).toEqual({
      resourceGroup: 'rg-volatility',
      workspaceName: 'ws-tagged',
      location: 'westeurope',
      usable: true,
      ours: false,
      accelerator,
      tags,
      parameters: { profile: 'small' },
    });
  });

  test('finds nothing where there is none, and does not take trouble for nothing', async () => {
    expect(await readTaggedWorkspace('rg-volatility', 'ws-none')).toBeUndefined();
    await setFault(activities.cloud.azure.arm, { method: 'GET', path: '*/ws-none', status: 404, body: '<html>' });
    expect(await failureOf(readTaggedWorkspace('rg-volatility', 'ws-none'))).toMatchObject({ retryable: true });
  });
});
