import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('../fixtures/accelerator', import.meta.url));
const author = ['-c', 'user.name=Tests', '-c', 'user.email=tests@example.com'];

/** Runs git in a folder. A git hook that runs the tests sets variables that would turn each command to that hook's repository. */
function gitIn(folder: string): (...args: string[]) => void {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  return (...args) => void execFileSync('git', args, { cwd: folder, env });
}

/**
 * A Git repository with notebooks that a script acts and a real job template: branch `main`, tag `v1`, and `broken`,
 * whose template is not JSON. Returns it as a bare one, which needs no snapshot before it is cloned.
 */
export function makeRepository(folder: string): string {
  const git = gitIn(folder);
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

/** A Git repository like most public accelerators: RUNME and the notebooks at the top, no job template; branch `main`, tag `v1`. */
export function makePlainRepository(folder: string): string {
  cpSync(join(fixture, 'notebooks'), folder, { recursive: true });
  rmSync(join(folder, 'job-template.json'));
  const git = gitIn(folder);
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git(...author, 'commit', '-q', '-m', 'First');
  git('tag', 'v1');
  writeFileSync(join(folder, 'README.md'), '# More\n');
  git('add', '-A');
  git(...author, 'commit', '-q', '-m', 'Second');
  git('clone', '-q', '--bare', '.', `${folder}.git`);
  return `${folder}.git`;
}
