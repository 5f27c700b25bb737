import type { Clock } from '../kit/clock.ts';
import { ArmError } from './armError.ts';

type Kind = 'read' | 'write' | 'delete';

/** Azure Resource Manager's documented buckets per subscription and caller: size, and calls regained each second. */
const limits: Record<Kind, { size: number; perSecond: number }> = {
  read: { size: 250, perSecond: 25 },
  write: { size: 200, perSecond: 10 },
  delete: { size: 200, perSecond: 10 },
};

interface Bucket {
  left: number;
  atMs: number;
}

/** Counts the calls of each caller in token buckets. */
export interface Throttle {
  /** Takes one call; throws 429 with `Retry-After` when none is left. */
  take(method: string, objectId: string): void;
  /** The header that tells how many calls are left. */
  headers(method: string, objectId: string): Record<string, string>;
}

export function throttle(subscriptionId: string, clock: Clock): Throttle {
  const buckets = new Map<string, Bucket>();
  const refilled = (kind: Kind, objectId: string): Bucket => {
    const { size, perSecond } = limits[kind];
    const bucket = buckets.get(`${kind} ${objectId}`) ?? { left: size, atMs: clock.now() };
    const gained = ((clock.now() - bucket.atMs) / 1000) * perSecond;
    const now = { left: Math.min(size, bucket.left + gained), atMs: clock.now() };
    buckets.set(`${kind} ${objectId}`, now);
    return now;
  };
  return {
    take(method, objectId) {
      const kind = kindOf(method);
      const bucket = refilled(kind, objectId);
      if (bucket.left < 1) {
        const seconds = Math.max(1, Math.ceil((1 - bucket.left) / limits[kind].perSecond));
        throw new ArmError(
          429,
          'SubscriptionRequestsThrottled',
          `Number of '${kind}' requests for subscription '${subscriptionId}' actor '${objectId}' exceeded. Please try again after '${seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
          { headers: { 'retry-after': String(seconds) } },
        );
      }
      bucket.left -= 1;
    },
    headers(method, objectId) {
      const kind = kindOf(method);
      const left = Math.floor(refilled(kind, objectId).left);
      return { [`x-ms-ratelimit-remaining-subscription-${kind}s`]: String(left) };
    },
  };
}

function kindOf(method: string): Kind {
  if (method === 'DELETE') return 'delete';
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
}
