import { spawnSync } from 'node:child_process';

const checks: [name: string, program: string, ...args: string[]][] = [
  ['format', 'oxfmt', '--check'],
  ['lint', 'oxlint', '--type-aware', '--deny-warnings'],
  ['types', 'typescript', '--noEmit'],
];

/** Runs format, lint and types, shows each result and fails when one failed. */
function runChecks(): number {
  let failed = 0;
  for (const [name, program, ...args] of checks) {
    const result = spawnSync(process.execPath, ['local/setup/run.mjs', program, ...args], { stdio: 'inherit' });
    console.log(`${name}: ${result.status === 0 ? 'ok' : 'FAILED'}`);
    if (result.status !== 0) failed++;
  }
  return failed;
}

process.exitCode = runChecks() === 0 ? 0 : 1;
