import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Workspace } from '../workspace.ts';
import { StoredFiles } from './storedFiles.ts';

/**
 * The storage of a workspace beside its workspace files: `tracking/<experiment>/<run>/artifacts`, `registry/<model>/<version>`
 * and, as the Files API names them, `Models/<catalog>/<schema>/<model>/<version>` and `Volumes/<catalog>/<schema>/<volume>`.
 */
export function openStorage({ folder }: Workspace): StoredFiles {
  const root = join(folder, 'mlflow');
  mkdirSync(root, { recursive: true });
  return new StoredFiles(root);
}
