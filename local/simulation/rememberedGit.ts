import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Git, git } from '../kit/git.ts';

/**
 * Git for many clones of one repository that does not change: each command runs once, and is answered from memory when it
 * is given again, in another clone too. Programs are slow to start. What it remembers of clones is kept in `folder`.
 */
export function rememberedGit(folder: string): Git {
  const answers = new Map<string, Promise<string>>();
  const clones = new Map<string, string>();
  return async (place, args, environment) => {
    const command = args.join(' ');
    const isClone = args[0] === 'clone';
    const clone = isClone ? clones.get(command) : undefined;
    if (clone !== undefined) cpSync(clone, place, { recursive: true });
    const known = answers.get(command);
    if (known) return known;
    const answer = git(place, args, environment);
    answers.set(command, answer);
    if (isClone) {
      await answer;
      const kept = mkdtempSync(join(folder, 'clone-'));
      cpSync(place, kept, { recursive: true });
      rmSync(join(kept, '.git/hooks'), { recursive: true, force: true });
      clones.set(command, kept);
    }
    return answer;
  };
}
