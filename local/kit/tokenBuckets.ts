import type { Clock } from './clock.ts';

/** How many calls a bucket holds, and how many it regains each second. */
export interface BucketLimit {
  size: number;
  perSecond: number;
}

/** Token buckets by name, full at first, in the time of a clock. */
export class TokenBuckets {
  readonly #clock: Clock;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The calls that are left, with fractions. */
  left(name: string, limit: BucketLimit): number {
    return this.#refilled(name, limit).left;
  }

  /** Takes one call, and gives 0; when none is left, gives the seconds until there is one. */
  take(name: string, limit: BucketLimit): number {
    const bucket = this.#refilled(name, limit);
    if (bucket.left < 1) return (1 - bucket.left) / limit.perSecond;
    bucket.left -= 1;
    return 0;
  }

  #refilled(name: string, { size, perSecond }: BucketLimit): { left: number; atMs: number } {
    const nowMs = this.#clock.now();
    const bucket = this.#buckets.get(name) ?? { left: size, atMs: nowMs };
    const gained = ((nowMs - bucket.atMs) / 1000) * perSecond;
    const now = { left: Math.min(size, bucket.left + gained), atMs: nowMs };
    this.#buckets.set(name, now);
    return now;
  }
}
