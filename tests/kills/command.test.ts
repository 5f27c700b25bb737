import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const command = fileURLToPath(new URL('../../local/soak/killsCommand.ts', import.meta.url));
const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });

test.each([
  [['--kills', '0'], '--kills "0" is no whole number from 1'],
  [['--in-flight', '2.5'], '--in-flight "2.5" is no whole number from 1'],
  [['--seed', ''], '--seed "" is no whole number from 0'],
  [['--runs', '9'], "Unknown option '--runs'"],
])('npm run soak:kills -- %j says what is wrong before any work, with exit code 2', (args, words) => {
  const { status, stdout, stderr } = run(...args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain(words);
  expect(stderr).toContain('Usage: npm run soak:kills');
});

test('npm run soak:kills -- --help tells what there is', () => {
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--in-flight') as string });
});
