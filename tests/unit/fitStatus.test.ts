import { expect, test } from 'vitest';
import { DeploymentError } from '../../domain/errors.ts';
import { fitStatus } from '../../domain/fitStatus.ts';
import type { DeployStatus } from '../../domain/status.ts';

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
