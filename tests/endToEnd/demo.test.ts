import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { fullSweep } from '../support/fullSweep.ts';

// Fewer and noisier surfaces, where the sizes of the demo are not what is tried.
const sizes = fullSweep ? [] : ['--parameter', 'rows=512', '--parameter', 'paths=256'];
const root = fileURLToPath(new URL('../..', import.meta.url));

test('the demo deploys the accelerator with its real notebooks and hands over their metrics and pictures', async () => {
  const { stdout, stderr } = await demo('--json', ...sizes);
  const status = JSON.parse(stdout) as StatusResource;

  expect(status.runtimeStatus).toBe('Completed');
  expect(status.runs.flatMap(({ tasks }) => tasks.map(({ key, state }) => `${key} ${state}`))).toEqual([
    'RUNME succeeded',
    'PIV_01 succeeded',
    'PIV_02 succeeded',
    'PIV_03 succeeded',
  ]);
  const { metrics, pictures } = status.results as { metrics: Record<string, number>; pictures: string[] };
  expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
  expect(pictures.length).toBeGreaterThan(0);
  expect(stderr).toContain('PIV_03');

  const { tables, metrics: proven, model } = status.verified ?? { tables: [], metrics: {}, model: undefined };
  expect(tables.map(({ role }) => role)).toEqual(['features', 'labels', 'evaluation']);
  expect(tables.filter(({ rows }) => rows < 1)).toEqual([]);
  expect(metrics).toMatchObject(proven);
  expect(Object.keys(proven).length).toBeGreaterThan(0);
  expect(model?.name).toMatch(/\.implied_volatility$/);
}, 900_000);

test.runIf(fullSweep)(
  'the demo fails with the cause and another exit code when its notebooks cannot run',
  async () => {
    const failing = demo('--parameter', 'rows=none');
    await expect(failing).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining("Widget rows: 'none' is no whole number"),
    });
  },
  120_000,
);

/** Runs the demo as `npm run demo` does, with its state in a folder of its own. */
function demo(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  const data = mkdtempSync(join(tmpdir(), 'demo-'));
  return promisify(execFile)(process.execPath, ['local/demo/main.ts', '--data', data, ...args], {
    cwd: root,
    maxBuffer: 1e7,
  });
}
