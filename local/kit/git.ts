import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
// Set where this process was started by a git hook; they would turn every command to that hook's repository.
const ownRepository =
  /^GIT_(DIR|WORK_TREE|INDEX_FILE|PREFIX|COMMON_DIR|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH)$/;
const outputBytesMost = 256 * 1024 * 1024;

/** Runs git in `folder` and gives what it prints; rejects with git's own words. */
export type Git = (folder: string, args: string[], environment?: Record<string, string>) => Promise<string>;

/** The git of this machine. Never asks for credentials. */
export const git: Git = async (folder, args, environment = {}) => {
  const inherited = Object.entries(process.env).filter(([name]) => !ownRepository.test(name));
  const env = { ...Object.fromEntries(inherited), GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...environment };
  try {
    const { stdout } = await execute('git', args, { cwd: folder, env, maxBuffer: outputBytesMost });
    return stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(stderr?.trim() ?? message, { cause: error });
  }
};

/** What git prints, trimmed; undefined when it refuses. */
export async function gitOrNothing(run: Git, folder: string, args: string[]): Promise<string | undefined> {
  try {
    return (await run(folder, args)).trim();
  } catch {
    return undefined;
  }
}
