import { soakRun } from './soak.ts';

/** What a worker tells of one run. */
export interface SoakReport {
  seed: number;
  scenario: string;
  troubles: number;
  struck: number;
  crashes: number;
  seconds: number;
  violations: string[];
}

/** Plays every `step`-th seed from `first` on and tells the parent of each. */
async function playSeeds(first: number, step: number, end: number): Promise<void> {
  for (let seed = first; seed < end; seed += step) process.send?.(await reportOf(seed));
}

async function reportOf(seed: number): Promise<SoakReport> {
  try {
    const { troubles, requests: _, ...rest } = await soakRun(seed);
    return { ...rest, troubles: troubles.length };
  } catch (error) {
    const violations = [`broke off: ${(error as Error).stack}`];
    return { seed, scenario: 'unknown', troubles: 0, struck: 0, crashes: 0, seconds: 0, violations };
  }
}

const [first = 0, step = 1, end = 0] = process.argv.slice(2).map(Number);
// Warnings of libraries about themselves would break the line of progress.
process.removeAllListeners('warning');
await playSeeds(first, step, end);
process.disconnect?.();
process.exit(0);
