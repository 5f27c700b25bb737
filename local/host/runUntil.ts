import type { VirtualClock } from '../kit/clock.ts';
import type { Host } from './startHost.ts';

export interface RunUntilOptions {
  /** How often the clock may be moved before it is an error; default 1000. */
  maxSteps?: number;
}

/** Lets the host work and moves the clock from one due time to the next, until `predicate` holds. */
export async function runUntil(
  host: Host,
  clock: VirtualClock,
  predicate: () => boolean | Promise<boolean>,
  { maxSteps = 1000 }: RunUntilOptions = {},
): Promise<void> {
  for (let step = 0; step < maxSteps; step++) {
    await host.idle();
    if (await predicate()) return;
    const nextMs = clock.nextDue();
    if (nextMs === undefined) throw new Error('Nothing is due any more, and what was waited for has not happened.');
    clock.advanceTo(nextMs);
  }
  throw new Error(`What was waited for has not happened within ${maxSteps} steps of the clock.`);
}
