import { cpSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { git } from '../kit/git.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Makes a bare repository of this project's notebooks and job template at `<folder>.git`, which needs no snapshot before it is cloned. */
export async function makeAcceleratorRepository(folder: string): Promise<string> {
  mkdirSync(folder);
  for (const file of globSync('notebooks/{*.py,job-template.json}', { cwd: root }))
    cpSync(join(root, file), join(folder, file));
  await git(folder, ['init', '--quiet', '--initial-branch=main']);
  await git(folder, ['add', '--all']);
  const author = ['-c', 'user.name=Accelerator', '-c', 'user.email=accelerator@localhost'];
  await git(folder, [...author, 'commit', '--quiet', '--message', 'Notebooks']);
  const bare = `${folder}.git`;
  await git(folder, ['clone', '--quiet', '--bare', '.', bare]);
  return bare;
}
