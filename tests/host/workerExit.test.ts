import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { probeAppFolder } from './probeHost.ts';

const main = resolve(import.meta.dirname, '../../local/host/main.ts');
const folder = mkdtempSync(join(tmpdir(), 'exits-'));
const child = spawn(process.execPath, [main, probeAppFolder, '--port', '0', '--data', folder, '--log', 'none'], {
  env: { ...process.env, PROBE_LOG_FOLDER: folder, HOST_DURABLE_KEY: 'durable' },
  stdio: ['ignore', 'pipe', 'inherit'],
});
let url = '';

beforeAll(async () => {
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  url = line.replace('Listening on ', '');
});

afterAll(async () => {
  child.kill('SIGTERM');
  await once(child, 'exit');
});

// As recorded from the real host: proc-actCrashes, proc-actUncaughtO, proc-actUnhandledRejO, proc-retryCrash, proc-orchCrash.
test.each([
  ['actCrashes', 'Completed', 'Activity function \'actCrash\' failed: node exited with code 9 (0x9) \n {"$type"'],
  ['actUncaughtO', 'Completed', 'Activity function \'actUncaught\' failed: node exited with code 1 (0x1) \n {"$type"'],
  [
    'actUnhandledRejO',
    'Completed',
    'Activity function \'actUnhandledRej\' failed: node exited with code 1 (0x1) \n {"$type"',
  ],
  ['retryCrash', 'Completed', 'second try'],
  [
    'orchCrash',
    'Failed',
    "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled an activity task with sequence ID 0 and name 'echo' (version ''), but the current replay execution hasn't (yet?) scheduled this task.",
  ],
])('%s: what would end the worker fails the calls in flight, and the host lives on', async (name, status, words) => {
  const started = await fetch(`${url}/api/start/${name}`, { method: 'POST', body: '{}' });
  const { statusQueryGetUri } = (await started.json()) as { statusQueryGetUri: string };
  const read = async () =>
    (await (await fetch(statusQueryGetUri)).json()) as { runtimeStatus: string; output: unknown };
  await expect.poll(async () => (await read()).runtimeStatus, { timeout: 10_000 }).toBe(status);
  const { output } = await read();
  const text = typeof output === 'string' ? output : (output as { caught: string }).caught;
  expect(text.startsWith(words)).toBe(true);
});
