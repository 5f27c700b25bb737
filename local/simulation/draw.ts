import { logNormal, randomFrom } from '../kit/random.ts';

/** Values drawn from a seed; the same seed gives the same in the same order. */
export interface Draw {
  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number;
  pick<T>(items: readonly T[]): T;
  /** Log-normal, by its median and the standard deviation of its logarithm. */
  logNormal(median: number, sigma: number): number;
  /** True in this share of all cases. */
  chance(share: number): boolean;
}

export function drawFrom(seed: number): Draw {
  const random = randomFrom(seed);
  // Close seeds begin alike.
  for (let i = 0; i < 3; i++) random();
  return {
    whole: (least, most) => least + Math.floor(random() * (most - least + 1)),
    pick<T>(items: readonly T[]): T {
      const item = items[Math.floor(random() * items.length)];
      if (item === undefined) throw new Error('there is nothing to pick from');
      return item;
    },
    logNormal: (median, sigma) => logNormal(random, median, sigma),
    chance: (share) => random() < share,
  };
}
