import { existsSync, lstatSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Git, gitOrNothing } from '../../kit/git.ts';

const author = {
  GIT_AUTHOR_NAME: 'Snapshot',
  GIT_AUTHOR_EMAIL: 'snapshot@localhost',
  GIT_COMMITTER_NAME: 'Snapshot',
  GIT_COMMITTER_EMAIL: 'snapshot@localhost',
};

/**
 * Brings the bare repository `bare` up to `source`: branch `main` is the working tree as it lies there (tracked and
 * untracked files, not the ignored ones), beside the source's other branches and tags. Detached, shallow and dirty
 * checkouts work, and so does a folder inside a repository (which then has no tags) or without one. An unchanged tree makes no new commit.
 */
export async function refreshSnapshot(git: Git, source: string, bare: string): Promise<void> {
  if (!existsSync(join(bare, 'HEAD'))) {
    mkdirSync(bare, { recursive: true });
    await git(bare, ['init', '--bare', '--quiet', '--initial-branch=main', '.']);
  }
  // What leads from the repository's top to the source: empty at the top, undefined without a repository.
  const prefix = await gitOrNothing(git, source, ['rev-parse', '--show-prefix']);
  const within = [`--git-dir=${bare}`, `--work-tree=${source}`];
  if (prefix === '') {
    const refs = ['refs/tags/*:refs/tags/*', 'refs/heads/*:refs/heads/*', '^refs/heads/main'];
    await git(bare, ['fetch', '--quiet', '--prune', '--update-shallow', '--force', source, ...refs]);
  }
  const list = ['ls-files', '-z', '--others', '--exclude-standard'];
  const listed = await git(source, prefix === undefined ? [...within, ...list] : [...list, '--cached']);
  await commitTree(git, source, bare, within, presentFiles(source, listed));
}

// The index still lists deleted files, and submodules are folders.
function presentFiles(source: string, listed: string): string[] {
  const paths = new Set(listed.split('\0').filter((path) => path !== ''));
  return [...paths].filter((path) => {
    const status = lstatSync(join(source, path), { throwIfNoEntry: false });
    return status?.isFile() === true || status?.isSymbolicLink() === true;
  });
}

async function commitTree(git: Git, source: string, bare: string, within: string[], paths: string[]): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), 'snapshot-'));
  try {
    // A new index each time, so that the source's own index is never touched.
    const index = { GIT_INDEX_FILE: join(scratch, 'index') };
    writeFileSync(join(scratch, 'paths'), paths.join('\0'));
    await git(source, [...within, 'read-tree', '--empty'], index);
    if (paths.length > 0) {
      const from = [`--pathspec-from-file=${join(scratch, 'paths')}`, '--pathspec-file-nul'];
      await git(
        source,
        [...within, '--literal-pathspecs', '-c', 'core.autocrlf=false', 'add', '--force', ...from],
        index,
      );
    }
    const tree = (await git(source, [...within, 'write-tree'], index)).trim();
    const previous = await gitOrNothing(git, bare, ['rev-parse', '--verify', '--quiet', 'refs/heads/main']);
    if (previous && (await git(bare, ['rev-parse', `${previous}^{tree}`])).trim() === tree) return;
    const parent = previous ? ['-p', previous] : [];
    const commit = await git(bare, ['commit-tree', tree, ...parent, '-m', 'Working tree'], author);
    await git(bare, ['update-ref', 'refs/heads/main', commit.trim()]);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
