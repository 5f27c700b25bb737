import { expect, test } from 'vitest';
import { DeploymentError } from '../../domain/errors.ts';
import { fitStatus } from '../../domain/fitStatus.ts';
import { type DeployStatus, stepNames } from '../../domain/status.ts';

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
