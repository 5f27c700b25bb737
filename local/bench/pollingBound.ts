/** How long until the next look, at a wait that has lasted so long. */
export type Policy = (elapsedSeconds: number) => number;

/** How a wait was followed. */
export interface Followed {
  looks: number;
  /** From the beginning of the wait to the look that saw its end. */
  seenAfter: number;
}

const steps = 200_000;

/**
 * ½(∫√(f·S) dt)²: no way to look brings mean lateness × mean number of looks below it (Cauchy and Schwarz, for looks so
 * dense that they may be taken as continuous). f is the density of the wait's length, S the chance that it is longer.
 */
export function leastProduct(density: (seconds: number) => number, untilSeconds: number): number {
  const width = untilSeconds / steps;
  let survival = 1;
  let integral = 0;
  for (let step = 0; step < steps; step++) {
    const ended = density((step + 0.5) * width) * width;
    integral += Math.sqrt(ended * width * Math.max(survival - ended / 2, 0));
    survival -= ended;
  }
  return integral ** 2 / 2;
}

/** Follows a wait to its end; `atOnce` when the first look comes with its beginning. */
export function follow(waitSeconds: number, policy: Policy, { atOnce }: { atOnce: boolean }): Followed {
  let at = 0;
  let looks = atOnce ? 1 : 0;
  if (atOnce && waitSeconds <= 0) return { looks, seenAfter: 0 };
  do {
    at += policy(at);
    looks++;
  } while (at < waitSeconds);
  return { looks, seenAfter: at };
}
