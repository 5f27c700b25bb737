import { DeploymentError, type Failure } from './errors.ts';
import { retryForSeconds } from './errorTable.ts';
import { fraction } from './polling.ts';
import type { RetryPolicy } from './steps.ts';

/**
 * Seconds to wait before the next try after `tries` failed ones, the first of which began `elapsedSeconds` ago; the
 * failures have had the code of this one for `sameCodeSeconds`, which is what the code's own limit counts.
 * Throws the failure when trying again is pointless: it is terminal, or the next try would start beyond the limit.
 */
export function pauseBeforeRetry(
  failure: Failure,
  policy: RetryPolicy,
  tries: number,
  elapsedSeconds: number,
  seed: string,
  sameCodeSeconds = elapsedSeconds,
): number {
  if (!failure.retryable) throw DeploymentError.of(failure);
  const growing = Math.min(policy.firstPauseSeconds * 2 ** (tries - 1), policy.maxPauseSeconds);
  const jittered = growing * (0.9 + 0.2 * fraction(`${seed}:retry:${tries}`));
  const pause = Math.max(jittered, failure.retryAfterSeconds ?? 0);
  if (elapsedSeconds + pause > policy.limitSeconds || sameCodeSeconds + pause > retryForSeconds(failure.code))
    throw DeploymentError.of({ ...failure, retryable: false });
  return pause;
}
