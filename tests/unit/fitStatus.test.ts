import { expect, test } from 'vitest';
import { DeploymentError } from '../../domain/errors.ts';
import { fitStatus, fitWatchStatus } from '../../domain/fitStatus.ts';
import { summaryOf } from '../../domain/runs.ts';
import { type DeployStatus, stepNames, type WatchStatus } from '../../domain/status.ts';
import type { RunView } from '../../domain/steps.ts';

/** A failure whose texts double or grow sixfold when they are written as JSON. */
function failing(text: string): DeployStatus {
  const { failure } = new DeploymentError('NOTEBOOK_FAILED', text.repeat(600), false, {
    cause: text.repeat(1000),
    trace: Array.from({ length: 30 }, (_, line) => `${line} ${text.repeat(200)}`),
    link: 'https://adb-1.2.azuredatabricks.net/jobs/1/runs/2',
  });
  return { attempt: 1, phase: 'notebooks', steps: [], links: {}, failure: { ...failure, step: 'notebooks' } };
}

test.each(['"', '\\', '\u0001', '\u001B[0;31mä\u001B[0m', 'plain'])(
  'a failure made of %j fits into 16 kB of UTF-16 and keeps its code, message and link',
  (text) => {
    const status = fitStatus(failing(text));
    expect(JSON.stringify(status).length * 2).toBeLessThanOrEqual(16 * 1024);
    expect(status.failure).toMatchObject({ code: 'NOTEBOOK_FAILED', link: expect.stringContaining('/runs/2') });
  },
);

test('the newest lines of a trace stay when the oldest have to go', () => {
  const trace = fitStatus(failing('"')).failure?.trace ?? [];
  expect(trace.length).toBeGreaterThan(0);
  expect(trace.at(-1)).toMatch(/^29 /);
});

test('a failure has no terminal colours and no control characters', () => {
  const { failure } = new DeploymentError('NOTEBOOK_FAILED', '\u001B[0;31mValueError\u001B[0m: \u0007no', false, {
    trace: ['\u001B[1;32m----> 1\u001B[0m x'],
  });
  expect(failure).toMatchObject({ message: 'ValueError: no', trace: ['----> 1 x'] });
});

/** The longest that Azure, Databricks and our own checks let each part of a status be. */
function longest(text: string): DeployStatus {
  const host = 'adb-1234567890123456.12.azuredatabricks.net';
  const page = `https://${host}/jobs/${'9'.repeat(19)}/runs/${'9'.repeat(19)}`;
  const group = `/subscriptions/${'0'.repeat(36)}/resourceGroups/${'g'.repeat(90)}/providers`;
  const workspaceId = `${group}/Microsoft.Databricks/workspaces/${'w'.repeat(64)}`;
  const identity = 'i'.repeat(128);
  const name = Array.from({ length: 3 }, () => 'n'.repeat(100)).join('/');
  const at = '2026-11-23T21:00:00.000Z';
  const step = { tries: 100, startedAt: at, endedAt: at, waitedSeconds: 28_800.5 } as const;
  const problem = { code: 'DATABRICKS_UNAVAILABLE', message: text.repeat(300).slice(0, 300) };
  return {
    ...failing(text),
    attempt: 100,
    phase: 'verification',
    steps: stepNames(true).map((name) => ({
      ...step,
      name,
      state: 'failed',
      ...(name === 'verification' && { problem }),
    })),
    links: {
      workspace: `https://${host}`,
      portal: `https://portal.azure.com/#@/resource${workspaceId}`,
      ...Object.fromEntries(['job', 'runmeRun', 'notebooksRun', 'warehouse', 'mlflowRun'].map((l) => [l, page])),
      model: `https://${host}/explore/data/models/${name}/version/9999999999`,
      tables: Object.fromEntries(
        Array.from({ length: 6 }, (_, i) => [`r${i}`.padEnd(30, 'r'), `https://${host}/explore/data/${name}`]),
      ),
    },
    warnings: Array.from({ length: 8 }, () => ({
      code: 'NOT_CHECKED',
      message: text.repeat(240).slice(0, 240),
      hint: text.repeat(240).slice(0, 240),
    })),
    known: {
      identity: {
        resourceId: `${group}/Microsoft.ManagedIdentity/userAssignedIdentities/${identity}`,
        name: identity,
        principalId: '0'.repeat(36),
        clientId: '0'.repeat(36),
      },
      workspace: { resourceId: workspaceId, host, created: true },
      repository: { path: `/Users/${'0'.repeat(36)}/${'r'.repeat(64)}`, commit: 'c'.repeat(40) },
      job: { jobId: '9'.repeat(19), url: page },
    },
    runEnds: Array.from({ length: 8 }, () => ({ runId: '9'.repeat(19), state: 'succeeded' as const })),
    activeRuns: Array.from({ length: 60 }, () => ({ runId: '9'.repeat(19), job: 'j'.repeat(200), url: page })),
  };
}

test.each(['"', 'plain'])(
  'all parts of a status at their longest, made of %j, fit, and what a retry and a deletion need is kept',
  (text) => {
    const { known, steps, links } = structuredClone(longest(text));
    const status = fitStatus(longest(text));
    expect(JSON.stringify(status).length * 2).toBeLessThanOrEqual(16 * 1024);
    expect(status).toMatchObject({ known, failure: { code: 'NOTEBOOK_FAILED', step: 'notebooks' } });
    expect(status.steps.map(({ name, state }) => ({ name, state }))).toEqual(
      steps.map(({ name, state }) => ({ name, state })),
    );
    expect(status.links).toMatchObject({ job: links.job, runmeRun: links.runmeRun });
    expect(status.activeRuns?.length).toBeGreaterThan(0);
  },
);

test('the links to six tables with the longest names fit beside all steps', () => {
  const host = 'https://adb-1234567890123456.12.azuredatabricks.net';
  const name = Array.from({ length: 3 }, () => 'n'.repeat(100)).join('/');
  const page = `${host}/jobs/${'9'.repeat(19)}/runs/${'9'.repeat(19)}`;
  const at = '2026-11-23T21:00:00.000Z';
  const step = { state: 'done', tries: 100, startedAt: at, endedAt: at, waitedSeconds: 28_800.5 } as const;
  const status: DeployStatus = {
    attempt: 1,
    phase: 'verification',
    steps: stepNames(true).map((name) => ({ ...step, name })),
    links: {
      ...Object.fromEntries(
        ['portal', 'job', 'runmeRun', 'notebooksRun', 'warehouse', 'mlflowRun'].map((l) => [l, page]),
      ),
      model: `${host}/explore/data/models/${name}/version/9999999999`,
      tables: Object.fromEntries(
        Array.from({ length: 6 }, (_, i) => [`r${i}`.padEnd(30, 'r'), `${host}/explore/data/${name}`]),
      ),
    },
  };
  expect(JSON.stringify(fitStatus(status)).length * 2).toBeLessThanOrEqual(16 * 1024);
});

/** Two runs with tasks of long names that the platform failed, one of them repaired. */
function watching(text: string): WatchStatus {
  const host = 'adb-1234567890123456.12.azuredatabricks.net';
  const page = `https://${host}/jobs/${'9'.repeat(16)}/runs/${'9'.repeat(16)}`;
  const at = '2026-11-23T21:00:00.000Z';
  const task = (n: number): RunView['tasks'][number] => ({
    key: `task_${n}_`.padEnd(60, 'k'),
    runId: '9'.repeat(16),
    state: n === 15 ? 'failed' : 'succeeded',
    attempt: 2,
    startedAt: at,
    endedAt: at,
    url: page,
  });
  const run: RunView = {
    runId: '9'.repeat(16),
    jobId: '9'.repeat(16),
    state: 'failed',
    url: page,
    startedAt: at,
    endedAt: at,
    message: text.repeat(500).slice(0, 500),
    repairs: 1,
    tasks: Array.from({ length: 16 }, (_, n) => task(n)),
    results: {},
  };
  const problem = { code: 'DATABRICKS_UNAVAILABLE', message: text.repeat(300).slice(0, 300) };
  const repaired = { at, why: text.repeat(240).slice(0, 240) };
  const runme = { ...run, tasks: run.tasks.slice(0, 1) };
  return {
    runs: [summaryOf(runme, 'RUNME'), { ...summaryOf(run, 'notebooks'), repaired }],
    waitedSeconds: 28_800.5,
    problem,
  };
}

test.each(['"', 'plain'])('two runs with long texts, made of %j, fit, and the task that failed is shown', (text) => {
  const status = fitWatchStatus(watching(text));
  const { runs } = status;
  expect(JSON.stringify(status).length * 2).toBeLessThanOrEqual(16 * 1024);
  expect(runs[1]?.tasks.some(({ state }) => state === 'failed')).toBe(true);
  expect((runs[1]?.tasks.length ?? 0) + (runs[1]?.otherTasks ?? 0)).toBe(16);
});

test('of a status that fits nothing is taken away', () => {
  const status: WatchStatus = { ...watching('plain'), runs: watching('plain').runs.slice(0, 1) };
  expect(fitWatchStatus(structuredClone(status))).toEqual(status);
});
