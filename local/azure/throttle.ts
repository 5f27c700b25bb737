import type { Clock } from '../kit/clock.ts';
import { type BucketLimit, TokenBuckets } from '../kit/tokenBuckets.ts';
import { ArmError } from './armError.ts';

type Kind = 'read' | 'write' | 'delete';

/** Azure Resource Manager's documented buckets per subscription and caller: size, and calls regained each second. */
const limits: Record<Kind, BucketLimit> = {
  read: { size: 250, perSecond: 25 },
  write: { size: 200, perSecond: 10 },
  delete: { size: 200, perSecond: 10 },
};

/** Counts the calls of each caller in token buckets. */
export interface Throttle {
  /** Takes one call; throws 429 with `Retry-After` when none is left. */
  take(method: string, objectId: string): void;
  /** The header that tells how many calls are left. */
  headers(method: string, objectId: string): Record<string, string>;
}

export function throttle(subscriptionId: string, clock: Clock): Throttle {
  const buckets = new TokenBuckets(clock);
  const nameOf = (kind: Kind, objectId: string): string => `${kind} ${objectId}`;
  return {
    take(method, objectId) {
      const kind = kindOf(method);
      const missingSeconds = buckets.take(nameOf(kind, objectId), limits[kind]);
      if (missingSeconds > 0) {
        const seconds = Math.max(1, Math.ceil(missingSeconds));
        throw new ArmError(
          429,
          'SubscriptionRequestsThrottled',
          `Number of '${kind}' requests for subscription '${subscriptionId}' actor '${objectId}' exceeded. Please try again after '${seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for additional information.`,
          { headers: { 'retry-after': String(seconds) } },
        );
      }
    },
    headers(method, objectId) {
      const kind = kindOf(method);
      const left = Math.floor(buckets.left(nameOf(kind, objectId), limits[kind]));
      return { [`x-ms-ratelimit-remaining-subscription-${kind}s`]: String(left) };
    },
  };
}

function kindOf(method: string): Kind {
  if (method === 'DELETE') return 'delete';
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
}
