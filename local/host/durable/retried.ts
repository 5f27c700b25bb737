import type { RetryOptions } from './protocol.ts';
import { retryDelay } from './retryDelay.ts';
import { Wait } from './wait.ts';

export interface RetryMeans {
  attempt: () => Wait;
  /** A timer of that many milliseconds from now. */
  wait: (ms: number) => Wait;
  now: () => number;
}

/**
 * Settles when an attempt has succeeded or the last has failed. The SDK only counts ids for the timers and further
 * attempts of a retry; the attempts themselves are made here.
 */
export function retried(options: RetryOptions, { attempt, wait, now }: RetryMeans): Wait {
  const whole = new Wait();
  const firstMs = now();
  const start = (number: number): void => {
    const task = attempt();
    task.whenSettled(() => {
      if (!task.failed) return whole.settle(false);
      const timeoutMs = options.retryTimeoutInMilliseconds;
      if (timeoutMs !== undefined && now() >= firstMs + timeoutMs) return whole.settle(true);
      const isLast = number >= options.maxNumberOfAttempts;
      // After the last attempt comes one more timer, due at once: the extension keeps it for old histories.
      const pause = wait(isLast ? 0 : retryDelay(options, number));
      return pause.whenSettled(() => (isLast ? whole.settle(true) : start(number + 1)));
    });
  };
  start(1);
  return whole;
}
