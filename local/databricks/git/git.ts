import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const outputBytesMost = 256 * 1024 * 1024;

/** Runs git in `folder` and gives what it prints; rejects with git's own words. Never asks for credentials. */
export async function git(folder: string, args: string[], environment: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C', ...environment };
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
