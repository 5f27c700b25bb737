import { execFile } from 'node:child_process';
import { dirname, isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { keepCompiled } from '../local/databricks/notebooks/pythonEnvironment.ts';
import { ensureSpark } from '../local/setup/spark.ts';
import { fullSweep } from './support/fullSweep.ts';

const folder = fileURLToPath(new URL('../notebooks', import.meta.url));
let python: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  const { java, ...spark } = await ensureSpark();
  python = spark.python;
  env = { ...process.env, ...keepCompiled(spark.compiled) };
  if (isAbsolute(java)) env['JAVA_HOME'] = dirname(dirname(java));
}, 300_000);

/** Runs a Python module in the notebooks' folder; rejects with what it printed when it fails. */
async function run(args: string[], more: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { cwd: folder, env: { ...env, ...more }, maxBuffer: 1e7 };
  const running = promisify(execFile)(python, ['-m', ...args], options);
  return running.then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string }) => {
      throw new Error(`${error.message}\n${error.stdout ?? ''}`, { cause: error });
    },
  );
}

// Two processes for two cores, with half of the work each. Threads of their own would fight.
const oneThread = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' };
const ofSpark = ['labels', 'tables'].map((name) => `tests/test_${name}.py`);

/** Runs pytest; gives the tests that were left out, such as those of the tables for want of Spark. */
async function leftOut(args: string[], more: NodeJS.ProcessEnv): Promise<string[]> {
  const printed = await run(['pytest', '-q', '-p', 'no:cacheprovider', ...args], more);
  expect(printed).toMatch(/^\d+ passed/m);
  const skipped = printed.split('\n').filter((line) => line.startsWith('SKIPPED'));
  return fullSweep ? skipped : skipped.filter((line) => !line.endsWith('SWEEP=full runs it'));
}

test.concurrent('the Python package passes its tests with Spark', async () => {
  expect(await leftOut(ofSpark, oneThread)).toEqual([]);
}, 600_000);

test.concurrent('the Python package passes all its other tests', async () => {
  const others = ofSpark.map((file) => `--ignore=${file}`);
  expect(await leftOut(others, { ...oneThread, NPROC: '1' })).toEqual([]);
}, 600_000);

test('the notebooks and the package pass ruff: lint and format', async () => {
  expect(await run(['ruff', 'check', '--no-cache', '.'])).toContain('All checks passed');
  expect(await run(['ruff', 'format', '--check', '--no-cache', '.'])).toContain('already formatted');
});

test('the package passes mypy in strict mode', async () => {
  expect(await run(['mypy', '--cache-dir', '/dev/null'])).toContain('Success');
}, 120_000);
