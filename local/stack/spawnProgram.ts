import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

/** A program of this repository, running as a process of its own. */
export interface Program {
  pid: number;
  /** What followed `ready` or `Listening on` on its line. */
  ready: string;
  /** Resolves with the exit code, or the signal that ended it. */
  ended: Promise<number | string>;
  stop(): Promise<void>;
}

const endWithParent = new URL('endWithParent.ts', import.meta.url).href;

/**
 * Starts a `.ts` program and waits until it prints that it is ready or listening; its error output goes to `logFile`.
 * `spawned` is called as soon as there is a process, with what kills it.
 */
export function spawnProgram(
  file: string,
  args: string[],
  environment: Record<string, string>,
  logFile: string,
  spawned?: (kill: () => void) => void,
): Promise<Program> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, ['--import', endWithParent, file, ...args], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  spawned?.(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | string>((resolve) => {
    child.on('exit', (code, signal) => resolve(signal ?? code ?? 1));
  });
  return new Promise((resolve, reject) => {
    if (!child.stdout) throw new Error('no standard output');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = /^(?:ready|Listening on) (.*)$/.exec(line)?.[1];
      if (ready !== undefined) resolve({ pid: child.pid ?? 0, ready, ended, stop: () => stop(child, ended) });
    });
    void ended.then((how) => reject(new Error(`${file} ended (${how}) before it was ready.\n${tail(logFile)}`)));
  });
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(patience);
}

const tail = (file: string): string => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
