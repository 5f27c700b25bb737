import { spawn } from 'node:child_process';
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { removeFolder } from '../removeFolder.ts';
import { type SparkOptions, sparkArguments, temporaryFolder } from './sparkOptions.ts';

/** A Java process with Spark. It takes lines and answers in lines, and ends with this process, whose death closes its input. */
export interface SparkProcess {
  /** Undefined when it could not be started. */
  pid: number | undefined;
  send(line: string): void;
  /** Adds a line to its log. */
  log(line: string): void;
  /** Settles when it has ended, with the reason in words and the end of its log; never rejects. */
  ended: Promise<string>;
  /** Kills it; settles when it has ended. What it has committed stays, what it has not is nothing. */
  stop(): Promise<void>;
}

const logTail = 2000;

/** Starts one; `onLine` gets each line of its standard output. Its log is `driver.log` in its folder, and stays there. */
export function startSparkProcess(
  options: SparkOptions & { environment: Record<string, string> },
  onLine: (line: string) => void,
): SparkProcess {
  const { java, folder, environment } = options;
  const logFile = join(folder, 'driver.log');
  const log = openSync(logFile, 'a');
  const temporary = temporaryFolder(folder);
  mkdirSync(temporary, { recursive: true });
  const child = spawn(java, sparkArguments(options), {
    cwd: folder,
    env: environment,
    stdio: ['pipe', 'pipe', log],
  });
  closeSync(log);
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new Error('no standard input or output');
  // It may end before a line is written.
  stdin.on('error', () => undefined);
  readLines(stdout, onLine);
  const ended = new Promise<string>((resolve) => {
    const tail = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-logTail).trim() : '');
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      removeFolder(temporary);
      resolve(`${signal ?? `exit code ${code}`}\n${tail()}`.trim());
    });
  });
  return {
    pid: child.pid,
    send: (line) => void stdin.write(`${line}\n`),
    log: (line) => existsSync(folder) && appendFileSync(logFile, `${line}\n`),
    ended,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

// Not node:readline, which takes U+2028 and U+2029 for the end of a line too: texts of tables may have them.
function readLines(input: Readable, onLine: (line: string) => void): void {
  let begun: string[] = [];
  input.setEncoding('utf8').on('data', (text: string) => {
    const [end = '', ...more] = text.split('\n');
    begun.push(end);
    const rest = more.pop();
    if (rest === undefined) return;
    const lines = [begun.join(''), ...more];
    begun = [rest];
    for (const line of lines) onLine(line.replace(/\r$/, ''));
  });
}
