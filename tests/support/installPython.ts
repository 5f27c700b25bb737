import { ensurePython } from '../../local/setup/python.ts';

/** Installs the Python environment once before the tests, because several files use it at the same time. */
export async function setup(): Promise<void> {
  await ensurePython();
}
