import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lockFile = join(root, 'notebooks/requirements.lock');
const folder = join(root, '.venv');
const python = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');

/** The interpreter of an environment with exactly what the lockfile names; makes it on first use, with a line on stderr before and after. */
export async function ensurePython(): Promise<{ python: string }> {
  const stamp = join(folder, '.installed');
  const wanted = createHash('sha256').update(readFileSync(lockFile)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return { python };
  const base = findPython();
  console.error('Installing the Python environment (once, about a minute) …');
  const started = Date.now();
  rmSync(folder, { recursive: true, force: true });
  run(base, ['-m', 'venv', folder]);
  // Without dependencies, because the lockfile names all of them, each with its hashes.
  run(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--require-hashes',
    '--no-deps',
    '-r',
    lockFile,
  ]);
  writeFileSync(stamp, wanted);
  console.error(`Python environment installed in ${Math.round((Date.now() - started) / 1000)} s.`);
  return { python };
}

/** Python 3.11 by name, else a `python3` that is 3.11 or 3.12, for which the lockfile has its wheels. */
function findPython(): string {
  for (const candidate of ['python3.11', 'python3', 'python3.12', 'python']) {
    const version = spawnSync(candidate, ['-c', 'import sys; print(*sys.version_info[:2], sep=".")'], {
      encoding: 'utf8',
    });
    if (version.status === 0 && /^3\.1[12]\s*$/.test(version.stdout)) return candidate;
  }
  throw new Error('Python 3.11 is needed for the notebooks and was not found in the path.');
}

function run(program: string, args: string[]): void {
  try {
    execFileSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    throw new Error(`The Python environment could not be installed (${program} ${args.slice(0, 3).join(' ')}).`, {
      cause: error,
    });
  }
}
