import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Waits } from '../waits.ts';
import type { CloudReport } from './protocol.ts';

/** What is deployed: one new workspace for each of the waits, a start every so many seconds; 0 for all at once. */
export interface Runs {
  waits: Waits[];
  apartSeconds: number;
  /** Settings of the app beside the usual ones. */
  settings?: Record<string, string>;
  folder: string;
}

/** How one deployment went; times are of the virtual clock. */
export interface Ended {
  id: string;
  name: string;
  succeeded: boolean;
  failure?: string;
  wallSeconds: number;
  steps: { name: string; tries: number; seconds: number }[];
}

export interface RunsReport {
  deployments: Ended[];
  cloud: CloudReport;
  /** What the host's engine did. */
  work: { episodes: number; activities: number; historyRows: number };
  /** Failed calls of activities, by the code of the failure. */
  failures: Record<string, number>;
  /** Virtual hours that the whole took. */
  hours: number;
  /** Of the host's process alone: the most that it ever held, and what it computed from the first start on. */
  memoryBytes: number;
  cpuSeconds: number;
}

// Node's own choice on an instance with 512 MB; on a large machine it would collect garbage only when there is much of it.
const heapMebibytes = 256;
const execArgv = [`--max-old-space-size=${heapMebibytes}`, '--no-deprecation'];

/** Runs the built app on the embedded host against the emulators under one virtual clock, host and cloud in processes of their own. */
export async function runDeployments(wanted: Omit<Runs, 'folder'>): Promise<RunsReport> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-runs-'));
  const program = fileURLToPath(new URL('hostProcess.ts', import.meta.url));
  const child = fork(program, { serialization: 'advanced', execArgv });
  try {
    let report: RunsReport | undefined;
    child.once('message', (told) => (report = told as RunsReport));
    child.send({ ...wanted, folder } satisfies Runs);
    const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
    if (!report) throw new Error(`The process of the host ended with ${signal ?? code}.`);
    return report;
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
