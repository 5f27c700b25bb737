import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sparkArguments } from '../databricks/spark/sparkOptions.ts';

/**
 * An archive of the classes that Spark loads, with which Java starts it in half the time; made on first use. Undefined where
 * this Java cannot make one. The class path of who uses it has to begin with the same libraries.
 */
export function ensureClassArchive(
  java: string,
  libraries: string,
  classes: string,
  folder: string,
): string | undefined {
  const archive = join(folder, 'libraries.jsa');
  const stamp = join(folder, 'libraries.archived');
  const wanted = createHash('sha256').update(java).update(libraries).digest('hex');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    console.error('Archiving the classes of Spark for quick starts (once, about half a minute) …');
    rmSync(archive, { force: true });
    rehearse(java, libraries, classes, archive);
    writeFileSync(stamp, wanted);
  }
  return existsSync(archive) ? archive : undefined;
}

function rehearse(java: string, libraries: string, classes: string, archive: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-'));
  const tablesRoot = join(folder, 'tables');
  mkdirSync(join(tablesRoot, 'rehearsal', 'default'), { recursive: true });
  // Folders of classes cannot be archived: Spark's own program brings ours in by another way than the class path.
  const mainClass = 'org.apache.spark.deploy.SparkSubmit';
  const options = { java, classPath: libraries, mainClass, folder, tablesRoot, catalogs: ['rehearsal'] };
  const program = ['--class', 'local.databricks.Rehearsal', classes];
  const flags = [`-XX:ArchiveClassesAtExit=${archive}`, ...sparkArguments(options)];
  spawnSync(java, [...flags, ...program], { cwd: folder, stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}
