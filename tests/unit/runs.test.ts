import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DeploymentError } from '../../domain/errors.ts';
import type { PlatformFailure } from '../../domain/platformFailure.ts';
import { deservesRepair, failureOfRun, isOver, resultOf, runStartedBy, summaryOf } from '../../domain/runs.ts';
import type { RunState, RunView } from '../../domain/steps.ts';

const url = 'https://adb-1.2.azuredatabricks.net/jobs/1/runs/9007199254740993';
const run = (change: Partial<RunView> = {}): RunView => ({
  runId: '9007199254740993',
  jobId: '1',
  state: 'failed',
  url,
  repairs: 0,
  tasks: [],
  results: {},
  ...change,
});
const problem = { task: '02_create_features', error: 'ValueError: no data', trace: ['line'] };
const platform: PlatformFailure = { code: 'CLUSTER_UNAVAILABLE', repairable: true };

describe('isOver', () => {
  test.each<[RunState, boolean]>([
    ['waiting', false],
    ['running', false],
    ['succeeded', true],
    ['failed', true],
    ['canceled', true],
    ['timedOut', true],
    ['skipped', true],
  ])('says of %s: %s', (state, over) => {
    expect(isOver(state)).toBe(over);
  });
});

describe('summaryOf', () => {
  test('leaves out what does not fit into a status', () => {
    const { results: _results, problem: _problem, platform: _platform, ...rest } = run({ problem, platform });
    expect(summaryOf(run({ problem, platform, results: { a: 'x' } }), 'RUNME')).toEqual({ ...rest, role: 'RUNME' });
  });

  test('shows of many tasks those that failed, run, or ended last, and says how many others there are', () => {
    const tasks = Array.from({ length: 100 }, (_, i) => ({
      key: `task_${i}`,
      runId: String(i),
      attempt: 1,
      state:
        (['succeeded', 'failed', 'running', 'waiting'] as const)[i < 40 ? 0 : i === 40 ? 1 : i < 43 ? 2 : 3] ??
        'waiting',
      ...(i < 40 && { endedAt: new Date(i * 1000).toISOString() }),
    }));
    const summary = summaryOf(run({ tasks }), 'notebooks');
    expect(summary.tasks.map(({ key }) => Number(key.slice(5)))).toEqual([
      ...Array.from({ length: 13 }, (_, i) => 27 + i),
      40,
      41,
      42,
    ]);
    expect(summary.otherTasks).toBe(84);
  });
});

describe('failureOfRun', () => {
  test.each<[what: string, run: RunView, code: string, message: RegExp]>([
    ['a cancelled run', run({ state: 'canceled' }), 'RUN_CANCELED', /notebooks run 9007199254740993 was cancelled/],
    ['a run beyond its own limit', run({ state: 'timedOut', problem }), 'RUN_TIMEOUT', /passed its own time limit/],
    ['a notebook that raised', run({ problem }), 'NOTEBOOK_FAILED', /^02_create_features: ValueError: no data$/],
    ['a cluster that did not start', run({ problem, platform }), 'CLUSTER_UNAVAILABLE', /no data/],
    ['a run that the platform failed', run({ message: 'Gone.', platform }), 'CLUSTER_UNAVAILABLE', /^Gone\.$/],
    ['a run that says why', run({ message: 'quota' }), 'RUN_FAILED', /^quota$/],
    ['a run that says nothing', run(), 'RUN_FAILED', /ended as failed/],
    ['a skipped run', run({ state: 'skipped' }), 'RUN_FAILED', /ended as skipped/],
  ])('of %s is terminal, with a link', (_what, seen, code, message) => {
    const failure = failureOfRun(seen, 'notebooks');
    expect(failure).toMatchObject({ code, retryable: false, link: url });
    expect(failure.message).toMatch(message);
  });

  test('of a notebook carries the trace, the words of the run and the page of the task', () => {
    const seen = run({ message: 'Task 02 failed', problem: { ...problem, url: `${url}1` } });
    expect(failureOfRun(seen, 'RUNME')).toMatchObject({ trace: ['line'], cause: 'Task 02 failed', link: `${url}1` });
  });
});

describe('deservesRepair', () => {
  test.each<[what: string, run: RunView, expected: boolean]>([
    ['a run that the platform failed', run({ platform }), true],
    ['one that was repaired already', run({ platform, repairs: 1 }), false],
    ['one that would fail again', run({ platform: { ...platform, repairable: false } }), false],
    ['one whose notebook raised', run({ problem }), false],
    ['one that a person cancelled', run({ state: 'canceled', platform }), false],
    ['one that passed its time limit', run({ state: 'timedOut', platform }), false],
    ['one that succeeded', run({ state: 'succeeded' }), false],
  ])('%s', (_what, seen, expected) => {
    expect(deservesRepair(seen)).toBe(expected);
  });
});

describe('runStartedBy', () => {
  const runme = (result?: string): RunView =>
    run({ state: 'succeeded', results: result === undefined ? {} : { RUNME: result } });

  test.each([
    ['{"job_id": 12, "run_id": 9007199254740993}', '9007199254740993'],
    ['{"job_id": "12", "run_id": "455"}', '455'],
    ['{"parent_run_id":"1","run_id":"2"}', '2'],
    ['started {"run_id" : 7}', '7'],
  ])('reads %s without losing digits', (text, id) => {
    expect(runStartedBy(runme(text))).toBe(id);
  });

  test.each([undefined, '', 'done', '{"run_id": null}', '{"run_id": "x"}', '{"run_id": -1}'])('refuses %s', (text) => {
    expect(() => runStartedBy(runme(text))).toThrow('RUNME_RESULT_INVALID');
  });

  test('names a run or throws a terminal failure, whatever RUNME hands over', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        let id = '1';
        try {
          id = runStartedBy(runme(text));
        } catch (error) {
          if (!(error instanceof DeploymentError) || error.failure.retryable) throw error;
        }
        expect(id).toMatch(/^\d+$/);
      }),
    );
  });
});

describe('resultOf', () => {
  const task = (key: string): RunView['tasks'][number] => ({ key, runId: '1', state: 'succeeded', attempt: 1 });
  const withResults = (results: Record<string, string>): RunView =>
    run({ state: 'succeeded', tasks: ['01', '02', '03'].map(task), results });

  test.each([
    ['the JSON of the last task', { '01': '{}', '03': '{"rmse":0.01}' }, { rmse: 0.01 }],
    ['the last that handed over anything', { '01': '1', '02': '2' }, 2],
    ['its text where that is no JSON', { '03': 'done: 3' }, 'done: 3'],
    ['null where there is nothing', {}, null],
  ])('is %s', (_what, results, expected) => {
    expect(resultOf(withResults(results))).toEqual(expected);
  });
});
