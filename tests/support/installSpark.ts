import { ensureSpark } from '../../local/setup/spark.ts';

/** Installs the Python environment and Spark once before the tests, because several files use it at the same time. */
export async function setup(): Promise<void> {
  await ensureSpark();
}
