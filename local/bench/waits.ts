import type { WaitPhase } from '../../domain/polling.ts';
import { logNormal, randomFrom } from '../kit/random.ts';

/** A wait that is taken to be log-normal, after some seconds that always pass. */
export interface WaitLaw {
  median: number;
  sigma: number;
  atLeast: number;
}

/** How long a new deployment waits for each thing, in seconds. */
export interface Waits {
  workspace: number;
  /** From the end of the workspace's creation. */
  storage: number;
  /** From the start of RUNME's run: its cluster, then the notebook. */
  runme: number;
  /** From the start of the notebooks' run to its end: their cluster, then the three of them. */
  notebooks: number;
  warehouse: number;
}

/** What RUNME takes once its cluster is up. */
export const runmeNotebookSeconds = 60;

/** The reference waits; docs/performance.md says where they come from. */
export const referenceWaits: Record<WaitPhase, WaitLaw> = {
  workspace: { median: 180, sigma: 0.35, atLeast: 0 },
  storage: { median: 40, sigma: 0.9, atLeast: 0 },
  runme: { median: 300, sigma: 0.25, atLeast: runmeNotebookSeconds },
  notebooks: { median: 3600, sigma: 0.3, atLeast: 0 },
  warehouse: { median: 240, sigma: 0.5, atLeast: 0 },
};

/** Draws of the waits, the same for the same seed; the first of many draws are those of few. */
export function drawWaits(seed: number, count: number, laws: Record<WaitPhase, WaitLaw> = referenceWaits): Waits[] {
  const random = randomFrom(seed);
  const draw = (phase: WaitPhase): number => drawFrom(laws[phase], random);
  return Array.from({ length: count }, () => ({
    workspace: draw('workspace'),
    storage: draw('storage'),
    runme: draw('runme'),
    notebooks: draw('notebooks'),
    warehouse: draw('warehouse'),
  }));
}

/** One draw of a wait. */
export const drawFrom = ({ median, sigma, atLeast }: WaitLaw, random: () => number): number =>
  atLeast + logNormal(random, median, sigma);
