import { execFileSync } from 'node:child_process';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('../fixtures/accelerator', import.meta.url));
const author = ['-c', 'user.name=Tests', '-c', 'user.email=tests@example.com'];

/**
 * A Git repository with notebooks that a script acts and a real job template: branch `main`, tag `v1`, and `broken`,
 * whose template is not JSON. Returns it as a bare one, which needs no snapshot before it is cloned.
 */
export function makeRepository(folder: string): string {
  // A git hook that runs the tests sets variables that would turn each command to that hook's repository.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const git = (...args: string[]): void => void execFileSync('git', args, { cwd: folder, env });
  cpSync(fixture, folder, { recursive: true });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git(...author, 'commit', '-q', '-m', 'First');
  git('tag', 'v1');
  git('checkout', '-q', '-b', 'broken');
  writeFileSync(join(folder, 'notebooks/job-template.json'), '{"tasks": [');
  git(...author, 'commit', '-q', '-a', '-m', 'Break the template');
  git('checkout', '-q', 'main');
  git('clone', '-q', '--bare', '.', `${folder}.git`);
  return `${folder}.git`;
}
