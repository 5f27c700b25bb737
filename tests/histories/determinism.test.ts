import type { OrchestrationHandler } from 'durable-functions';
import { expect, test } from 'vitest';
import { executionStarted, orchestratorStarted } from '../../local/host/durable/historyEvents.ts';
import { appOf, elsewhere } from '../support/elsewhere.ts';
import { answerOf, watchEpisodes } from '../support/episodes.ts';
import { replayed } from '../support/replayed.ts';

let calls = 0;

/** Orchestrators that look at what a replay does not repeat; the first looks at what it does. */
const planted: Record<string, OrchestrationHandler> = {
  *nothing({ df }) {
    yield df.callActivity('look', [df.currentUtcDateTime.getTime(), df.instanceId, df.newGuid('x')]);
  },
  *theClock({ df }) {
    yield df.callActivity('look', Date.now());
  },
  *theClockInItsPause({ df }) {
    yield df.createTimer(new Date(Date.now() + 1000));
  },
  *theDay({ df }) {
    yield df.callActivity(new Date().getFullYear() > df.currentUtcDateTime.getFullYear() ? 'late' : 'early');
  },
  *theTimeZone({ df }) {
    yield df.callActivity('look', df.currentUtcDateTime.toLocaleTimeString());
  },
  *luck({ df }) {
    yield df.callActivity('look', Math.random());
  },
  *aSetting({ df }) {
    yield df.callActivity('look', process.env['PATH']);
  },
  *itsOwnMemory({ df }) {
    yield df.callActivity('look', ++calls);
  },
};

test.each(Object.keys(planted))(
  'F17: an orchestrator that looks at %s is told from one that does not',
  async (name) => {
    const app = await appOf(planted);
    const seen = watchEpisodes(app);
    const startMs = Date.parse('2026-01-01T00:00:00Z');
    const began = { instanceId: 'i', executionId: 'e', name, version: null, input: null, parent: null };
    await replayed(app, [orchestratorStarted(startMs), executionStarted(began, startMs)]);
    const [step = expect.fail()] = seen;
    const again = await elsewhere(1, () => answerOf(app, step));
    expect(again === step.answer).toBe(name === 'nothing');
  },
);
