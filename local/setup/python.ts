import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const lockFile = join(root, 'notebooks/requirements.lock');
const folder = join(root, '.venv');
const python = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');

/** Spark has no wheel; these build one from its source, without a download that no hash guards. */
const builders = ['setuptools', 'wheel'];

// Nothing here talks to Hive, Kubernetes or Mesos, or keeps the state of streams in RocksDB: a third of Spark's jars.
const unusedJars =
  /^(?:datanucleus|derby|hive-(?!storage-api)|javax\.jdo|jdo-api|kubernetes|libfb303|libthrift|mesos|rocksdbjni|spark-(?:hive|kubernetes|mesos))/;

/** An environment of Python with exactly what the lockfile names. */
export interface Python {
  /** The interpreter. */
  python: string;
  /** Where all processes keep what they have compiled. */
  compiled: string;
}

/** Makes the environment on first use, with a line on stderr before and after. */
export async function ensurePython(): Promise<Python> {
  const stamp = join(folder, '.installed');
  const wanted = createHash('sha256')
    .update(readFileSync(lockFile))

    .update(unusedJars.source)
    .digest('hex');
  const environment = { python, compiled: join(folder, 'compiled') };
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return environment;
  const base = findPython();
  console.error('Installing the Python environment with Spark (once, about two minutes) …');
  const started = Date.now();
  rmSync(folder, { recursive: true, force: true });
  run(base, ['-m', 'venv', folder]);
  const lock = readFileSync(lockFile, 'utf8');
  const first = join(folder, 'builders.lock');
  writeFileSync(first, builders.map((name) => entryOf(lock, name)).join(''));
  installLocked(python, first);
  installLocked(python, lockFile);
  removeUnused();
  writeFileSync(stamp, wanted);
  console.error(`Python environment installed in ${Math.round((Date.now() - started) / 1000)} s.`);
  return environment;
}

/** The files of an installed package that fit a pattern, e.g. `pyspark/jars/*.jar`. */
export const installedFiles = (pattern: string): string[] =>
  globSync([join(folder, 'lib/python3.*/site-packages', pattern), join(folder, 'Lib/site-packages', pattern)]).sort();

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

/** A package's lines in a lockfile: its version and hashes. */
function entryOf(lock: string, name: string): string {
  const found = new RegExp(`^${name}==.*\\\\\\n(?:    --hash=.*\\n)+`, 'm').exec(lock);
  if (!found) throw new Error(`requirements.lock does not name ${name}.`);
  return found[0];
}

/** Installs what a lockfile names. Without dependencies, because it names all of them, each with its hashes; modules are compiled when used. */
export function installLocked(python: string, requirements: string): void {
  const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-compile'];
  const guarded = ['--no-build-isolation', '--require-hashes', '--no-deps'];
  run(python, ['-m', 'pip', 'install', ...quiet, ...guarded, '-r', requirements]);
}

/** A tenth of the environment: jars that nothing here uses, the tests of the large packages, Arrow's headers and its Flight. */
function removeUnused(): void {
  const jars = installedFiles('pyspark/jars/*.jar').filter((file) => unusedJars.test(basename(file)));
  const others = ['{matplotlib,numpy,pandas,pyarrow,scipy}/**/tests', 'pyarrow/include', 'pyarrow/*flight*'];
  for (const path of [...jars, ...others.flatMap(installedFiles)]) rmSync(path, { recursive: true, force: true });
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
