import type { RetryOptions } from './protocol.ts';

const longestDelayMs = 6 * 86_400_000;

/** How long a retry waits after the failure of attempt `number` (from 1), in milliseconds. */
export function retryDelay(options: RetryOptions, number: number): number {
  const delayMs = options.firstRetryIntervalInMilliseconds * (options.backoffCoefficient ?? 1) ** (number - 1);
  return Math.min(delayMs, options.maxRetryIntervalInMilliseconds ?? longestDelayMs);
}
