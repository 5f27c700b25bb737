import type { OrchestrationContext } from 'durable-functions';
import { expect, test } from 'vitest';
import type { Outcome } from '../../domain/outcome.ts';
import type { RunView } from '../../domain/steps.ts';
import { watchRun } from '../../orchestrators/watchRun.ts';
import type { WatchRunInput } from '../../domain/watchRunInput.ts';

const input: WatchRunInput = {
  workspace: { resourceId: '/w', host: 'adb-1.2.azuredatabricks.net' },
  polling: {
    floorSeconds: 5,
    ceilingSeconds: 60,
    expectedSeconds: { workspace: 1, storage: 1, runme: 1, notebooks: 1, warehouse: 1 },
  },
  role: 'RUNME',
  runId: '1',
  startedMs: 0,
  roleStartedMs: 0,
  status: { runs: [], waitedSeconds: 0 },
};

const view = (state: RunView['state'], results: RunView['results']): Outcome<RunView> => ({
  value: { runId: '1', jobId: '2', state, url: 'https://x/runs/1', repairs: 0, tasks: [], results },
});

/** Plays one generation; the event `stop` comes during the look in which RUNME is over. */
function stoppedDuringLook(looks: number): { outcome: unknown; continued: boolean } {
  const stop = { isCompleted: false, result: {} };
  let continued = false;
  let nowMs = 1000;
  const df = {
    instanceId: 'id',
    get currentUtcDateTime() {
      return new Date(nowMs);
    },
    getInput: () => structuredClone(input),
    setCustomStatus() {},
    continueAsNew: () => void (continued = true),
    callActivity: () => 'look',
    createTimer: (until: Date) => ({ until, isCompleted: true, cancel() {} }),
    waitForExternalEvent: () => stop,
    Task: { any: ([first]: unknown[]) => first },
  };
  const steps = watchRun({ df } as unknown as OrchestrationContext);
  let seen = 0;
  let next = steps.next();
  while (!next.done) {
    const action = next.value as unknown as 'look' | { until: Date };
    if (action === 'look') {
      const isOver = ++seen === looks;
      if (isOver) stop.isCompleted = true;
      next = steps.next(isOver ? view('succeeded', { RUNME: '{"run_id": "3"}' }) : view('running', {}));
    } else {
      nowMs = action.until.getTime();
      next = steps.next(undefined);
    }
  }
  return { outcome: next.value, continued };
}

test.each([39, 40])('a request to stop that comes during look %i is not lost with the generation', (looks) => {
  const { outcome, continued } = stoppedDuringLook(looks);
  expect(outcome).toMatchObject({ failure: { code: 'CANCELLED' } });
  expect(continued).toBe(false);
});

test('F18: a generation ends after forty looks', () => {
  expect(stoppedDuringLook(41)).toEqual({ outcome: undefined, continued: true });
});
