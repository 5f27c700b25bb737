import { describe, expect, test } from 'vitest';
import { eventType } from '../../local/host/durable/protocol.ts';
import { appOf } from '../support/elsewhere.ts';
import { builtApp } from '../support/episodes.ts';
import { recordedHistories, recordedPaths, whatToDo } from '../support/recordedHistories.ts';
import { endOf, replayed } from '../support/replayed.ts';

const { executionStarted, taskScheduled } = eventType;
const app = await builtApp();
const durableFunctions = [...app.functions.values()]
  .filter(({ trigger }) => /^(?:orchestration|activity)trigger$/i.test(trigger.type))
  .map(({ name }) => name);

test.each(recordedPaths())(
  'F17: the present orchestrators go on with what version $version recorded of the path $path',
  async ({ version, path }) => {
    for (const history of recordedHistories(version, path) ?? [])
      expect(await replayed(app, history), whatToDo).toEqual({ ends: endOf(history), asksFor: [] });
  },
);

test('every orchestrator and every activity is in some history', () => {
  const named = recordedPaths()
    .flatMap(({ version, path }) => recordedHistories(version, path) ?? [])
    .flat()
    .filter(({ EventType }) => EventType === executionStarted || EventType === taskScheduled)
    .map(({ Name }) => Name);
  expect(new Set(named)).toEqual(new Set(durableFunctions));
});

describe('F17: a change of waitForStorage is seen that', () => {
  const [, history = []] = recordedHistories('1.2', 'used-workspace-then-deleted') ?? [];
  const probe = 'probeStorage';
  const contradicts = expect.stringContaining('Non-Deterministic workflow detected') as string;

  test.each<[change: string, orchestrator: Parameters<typeof appOf>[0][string], seen: object]>([
    [
      'asks for a child',
      function* (ctx) {
        yield ctx.df.callSubOrchestrator('watchRun');
      },
      { ends: contradicts },
    ],
    [
      'pauses first',
      function* (ctx) {
        yield ctx.df.createTimer(ctx.df.currentUtcDateTime);
        yield ctx.df.callActivity(probe);
      },
      { ends: contradicts },
    ],
    [
      'asks for another activity',
      function* (ctx) {
        yield ctx.df.callActivity('readRun');
      },
      { ends: contradicts },
    ],
    [
      'asks for something more at its end',
      function* (ctx) {
        yield ctx.df.callActivity(probe);
        yield ctx.df.callActivity('report');
      },
      { ends: 'Running', asksFor: ['activity report'] },
    ],
    [
      'fails',
      function* (ctx) {
        yield ctx.df.callActivity(probe);
        throw new Error('no');
      },
      { ends: 'Failed', asksFor: [] },
    ],
  ])('%s', async (_change, waitForStorage, seen) => {
    const changed = await appOf({ waitForStorage });
    for (const [name, target] of app.functions) if (!changed.functions.has(name)) changed.functions.set(name, target);
    expect(await replayed(changed, history)).toMatchObject(seen);
  });
});
