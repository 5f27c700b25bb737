import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Compute } from '../../../local/databricks/compute.ts';
import { sparkCompute } from '../../../local/databricks/spark/sparkCompute.ts';

/** Spark's compute with scripts in the place of Java and Python; `folder` is the drivers' working directory. */
export function playedCompute(driver: string, notebook = ''): { compute: Compute; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'driver-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const script = (name: string, source: string): string => {
    const file = join(folder, name);
    writeFileSync(file, `#!${process.execPath}\n${source}`);
    chmodSync(file, 0o755);
    return file;
  };
  const java = script('java.cjs', driver);
  const python = script('python.cjs', notebook);
  return { compute: sparkCompute({ java, python, compiled: join(folder, 'compiled'), classPath: '' }), folder };
}
