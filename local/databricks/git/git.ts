import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
// Set where this process was started by a git hook; they would turn every command to that hook's repository.
const ownRepository =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH)$/;
const outputBytesMost = 256 * 1024 * 1024;

/** Runs git in `folder` and gives what it prints; rejects with git's own words. Never asks for credentials. */
export async function git(folder: string, args: string[], environment: Record<string, string> = {}): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !ownRepository.test(name));
  const env = { ...Object.fromEntries(inherited), GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...environment };
  try {
    const { stdout } = await run('git', args, { cwd: folder, env, maxBuffer: outputBytesMost });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(stderr?.trim() ?? message, { cause: error });
  }
}

/** Like `git`, but undefined when git refuses. */
export async function gitOrNothing(folder: string, args: string[]): Promise<string | undefined> {
  try {
    return (await git(folder, args)).trim();
  } catch {
    return undefined;
  }
}
