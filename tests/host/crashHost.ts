import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

const main = resolve(import.meta.dirname, '../../local/host/main.ts');
export const crashAppFolder = resolve(import.meta.dirname, '../fixtures/crash-app');

export interface HostProcess {
  child: ChildProcess;
  /** Resolves when it has ended, with the signal or the exit code. */
  ended: Promise<string>;
  url: string;
}

/** Starts a host in a process of its own, which a test may kill; undefined when it ends before it listens. */
export async function spawnHost(dataFolder: string, env: Record<string, string>): Promise<HostProcess | undefined> {
  const args = [main, crashAppFolder, '--port', '0', '--data', dataFolder, '--log', 'none'];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, HOST_DURABLE_KEY: 'durable', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit').then(([code, signal]) => String(signal ?? code));
  const lines = createInterface({ input: child.stdout });
  const listening = new Promise<string>((found) => {
    lines.on('line', (line) => {
      const url = /^Listening on (\S+)/.exec(line)?.[1];
      if (url) found(url);
    });
  });
  const url = await Promise.race([listening, ended.then(() => undefined)]);
  return url === undefined ? undefined : { child, ended, url };
}
