import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../kit/random.ts';
import { upperBound } from '../simulation/upperBound.ts';
import { Fleet, type Violations } from './fleet.ts';
import type { HostProcess } from './hostProcess.ts';
import { type QuickStack, startQuickStack } from './quickStack.ts';

export interface KillsOptions {
  kills: number;
  /** How many deployments are in flight at each kill. */
  inFlight: number;
  /** Decides the moments of the kills, in units of the time that a host takes to start. */
  seed: number;
  /** Called after each kill, and now and then while the last deployments end and all are checked. */
  onProgress?: (soFar: SoFar) => void;
}

export interface SoFar {
  kills: number;
  finished: number;
  checked: number;
  violations: number;
}

export interface KillsReport {
  kills: number;
  inFlight: number;
  seed: number;
  /** Kills that met a host before it listened. */
  whileStarting: number;
  /** Deployments whose start was answered, and those that have ended. */
  accepted: number;
  finished: number;
  violations: Violations;
  /** Share of kills that may do harm, at 95 % confidence. */
  upperBound: number;
  /** From the start of a host's process to the first call that a deployment makes of the cloud. */
  resumeSeconds: { median: number; most: number };
}

// A slow machine gets as much done between two kills as a fast one; every fifth kill meets a host that starts.
const longestLife = 5;
const startMsGuess = 600;
const lookPauseMs = 300;
/** After the last kill; a deployment takes seconds. */
const patienceMs = 300_000;

/**
 * Kills the host with SIGKILL again and again while deployments are in flight, until one of them is harmed; lets all of them
 * end, and says what became of them. The app has to be built.
 */
export async function realKills(options: KillsOptions): Promise<KillsReport> {
  const { kills, inFlight, seed } = options;
  const random = randomFrom(seed);
  const stack = await startQuickStack(2 * inFlight);
  const fleet = new Fleet(inFlight);
  const resumed: number[] = [];
  let [killed, whileStarting] = [0, 0];
  const tell = (): void => {
    const { finished, checked, violations } = fleet;
    options.onProgress?.({ kills: killed, finished, checked, violations: countOf(violations) });
  };
  let startMs = startMsGuess;
  try {
    while (killed < kills && countOf(fleet.violations) === 0) {
      const isResuming = fleet.inFlight > 0;
      const spawnedMs = Date.now();
      const readyMs = await liveUntil(random() * longestLife * startMs, stack, fleet);
      if (readyMs === undefined) whileStarting++;
      // One that was killed while it started may be slower than the one before.
      startMs = readyMs ?? 2 * startMs;
      const movedMs = firstCallSince(stack, spawnedMs);
      if (isResuming && movedMs !== undefined) resumed.push((movedMs - spawnedMs) / 1000);
      killed++;
      tell();
    }
    const last = await stack.startHost();
    await finish(fleet, last, tell);
    await last.stop();
    await fleet.judge(stack.cloud, tell);
  } finally {
    await stack.close();
  }
  const { accepted, finished, violations } = fleet;
  const sorted = resumed.toSorted((a, b) => a - b);
  return {
    kills: killed,
    inFlight,
    seed,
    whileStarting,
    accepted,
    finished,
    violations,
    upperBound: upperBound(countOf(violations), killed),
    resumeSeconds: { median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN },
  };
}

export const countOf = ({ lost, doubled, other }: Violations): number => lost.length + doubled.length + other.length;

/** Has a host live for so long, with deployments in flight; gives how long it took to start, if it came so far. */
async function liveUntil(lifeMs: number, stack: QuickStack, fleet: Fleet): Promise<number | undefined> {
  const spawnedMs = Date.now();
  const life = new AbortController();
  let killed: Promise<unknown> = Promise.resolve();
  const host = await stack
    .startHost((kill) => {
      killed = pause(lifeMs).then(() => {
        life.abort();
        return kill();
      });
    })
    .catch((error: unknown) => {
      if (!life.signal.aborted) throw error;
      return undefined;
    });
  if (!host) return undefined;
  const startMs = Date.now() - spawnedMs;
  while (!life.signal.aborted) {
    await fleet.look(host);
    await fleet.fill(host);
    await Promise.race([pause(lookPauseMs), killed]);
  }
  const how = await host.ended;
  if (how !== 'SIGKILL') throw new Error(`the host ended by itself (${how})`);
  return startMs;
}

/** When the token endpoint was called for the first time since then: each process does so before its first call of the cloud. */
const firstCallSince = ({ cloud }: QuickStack, sinceMs: number): number | undefined =>
  cloud.azure.identity.requests.find(({ atMs }) => atMs >= sinceMs)?.atMs;

async function finish(fleet: Fleet, host: HostProcess, tell: () => void): Promise<void> {
  const endMs = Date.now() + patienceMs;
  for (; fleet.inFlight > 0 && Date.now() < endMs; await pause(lookPauseMs)) {
    await fleet.look(host);
    tell();
  }
  fleet.giveUp();
}
