/** The waits whose end has to be polled for. */
export type WaitPhase = 'workspace' | 'storage' | 'runme' | 'notebooks' | 'warehouse';

/** How a deployment polls; from the settings, fixed at its start because orchestrators read no settings. All in seconds. */
export interface PollingPlan {
  floorSeconds: number;
  ceilingSeconds: number;
  /** The usual length of each wait. */
  expectedSeconds: Record<WaitPhase, number>;
}

// Spread (sigma of the logarithm) of each wait; docs/decisions/0003-one-retry-loop-and-when-to-look.md.
const spread: Record<WaitPhase, number> = {
  workspace: 0.35,
  storage: 0.9,
  runme: 0.25,
  notebooks: 0.3,
  warehouse: 0.5,
};

/**
 * Seconds until the next look at a wait that has lasted `elapsedSeconds`; never more than the ceiling.
 * Looks are dense where the end is likely: the density √(h/2) minimises lateness plus looks for the hazard rate h of the
 * wait's length (Keller, Optimum checking schedules for systems subject to random failure, 1974), here log-normal.
 * The ceiling enters as the least hazard that is assumed; `seed` spreads deployments by ±10 %, the same on each replay.
 */
export function nextPollSeconds(plan: PollingPlan, phase: WaitPhase, elapsedSeconds: number, seed: string): number {
  const leastHazard = 2 / plan.ceilingSeconds ** 2;
  const stepSeconds = plan.ceilingSeconds / 120;
  let spacing = 0;
  // The density is added up to one look: the hazard at the start alone is 0 and would overlook a short wait's end.
  for (let looks = 0; looks < 1 && spacing < plan.ceilingSeconds; spacing += stepSeconds) {
    const middle = elapsedSeconds + spacing + stepSeconds / 2;
    const hazard = logNormalHazard(middle, plan.expectedSeconds[phase], spread[phase]);
    looks += stepSeconds * Math.sqrt((hazard + leastHazard) / 2);
  }
  const jittered = spacing * (0.9 + 0.2 * fraction(`${seed}:${phase}:${Math.round(elapsedSeconds)}`));
  return Math.max(plan.floorSeconds, Math.min(jittered, plan.ceilingSeconds));
}

/** Rate per second at which a log-normal wait ends, given that it has not yet; 0 at time 0. */
export function logNormalHazard(elapsed: number, median: number, sigma: number): number {
  if (elapsed <= 0) return 0;
  const z = Math.log(elapsed / median) / sigma;
  const density = Math.exp((-z * z) / 2) / (elapsed * sigma * Math.sqrt(2 * Math.PI));
  return density / Math.max(upperTail(z), 1e-300);
}

/** P(Z > z) of the standard normal: Abramowitz and Stegun 26.2.17 (error < 7.5e-8), by the continued fraction beyond z = 4. */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z > 4) return density / (z + 1 / (z + 2 / (z + 3 / (z + 4 / z))));
  const t = 1 / (1 + 0.2316419 * z);
  return density * t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
}

/** A number in [0, 1) that depends on the text alone (FNV-1a). */
export function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  // The last characters reach the high bits only after a final mix.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
