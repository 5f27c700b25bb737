import { describe, expect, test } from 'vitest';
import { childThatDecides } from '../../domain/companion.ts';
import type { RunView } from '../../domain/steps.ts';

const at = (seconds: number): string => new Date(seconds * 1000).toISOString();
const run = (runId: string, change: Partial<RunView>): RunView => ({
  runId,
  jobId: '1',
  url: `https://adb-1.2.azuredatabricks.net/jobs/1/runs/${runId}`,
  state: 'failed',
  repairs: 0,
  tasks: [],
  results: {},
  ...change,
});
const raised = (error: string): NonNullable<RunView['problem']> => ({
  task: 'RUNME',
  error,
  trace: [],
});
const assertion = raised(
  'AssertionError: Job Run failed: please investigate the job run in this current workspace at #job/8/run/9007199254740995',
);
const platform = { code: 'RUN_FAILED', repairable: true } as const;
const child = '9007199254740995';

describe('childThatDecides', () => {
  test.each<[what: string, runme: Partial<RunView>, child: Partial<RunView> | undefined, decides: string | undefined]>([
    ['RUNME that succeeded, with its child', { state: 'succeeded', endedAt: at(9) }, { state: 'succeeded' }, child],
    ['RUNME that succeeded without a child', { state: 'succeeded' }, undefined, undefined],
    ['RUNME that succeeded before its child was over', { state: 'succeeded' }, { state: 'running' }, child],
    ['RUNME that failed with its child', { problem: assertion }, { state: 'failed' }, child],
    ['RUNME that names a child that was never found', { problem: assertion }, undefined, child],
    ['RUNME that failed before it had a child', { problem: raised('KeyError: 1') }, undefined, undefined],
    [
      'RUNME that lost its driver while its child ran',
      { problem: raised('Driver lost.'), platform },
      { state: 'running' },
      child,
    ],
    [
      'RUNME that lost its driver after its child',
      { problem: raised('Driver lost.'), platform, endedAt: at(9) },
      { state: 'succeeded', endedAt: at(8) },
      child,
    ],
    ['RUNME that passed its time limit', { state: 'timedOut' }, { state: 'running' }, child],
    ['RUNME that could not ask about its child any more', { problem: raised('IOError') }, { state: 'running' }, child],
    [
      'RUNME that gave up before its child succeeded',
      { problem: raised('IOError'), endedAt: at(8) },
      { state: 'succeeded', endedAt: at(9) },
      child,
    ],
    [
      'RUNME that failed by itself after its child had succeeded',
      { problem: raised('KeyError: 1'), endedAt: at(9) },
      { state: 'succeeded', endedAt: at(8) },
      undefined,
    ],
    ['RUNME that a person ended', { state: 'canceled' }, { state: 'running' }, undefined],
  ])('after a %s', (_what, runme, seen, decides) => {
    expect(childThatDecides(run('1', runme), seen && run(child, seen))).toBe(decides);
  });

  test('believes RUNME more than the search when both know a child', () => {
    expect(childThatDecides(run('1', { problem: assertion }), run('77', { state: 'running' }))).toBe(child);
  });
});
