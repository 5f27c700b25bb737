import { DeploymentError, type Failure, toFailure } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errorTable.ts';
import type { Read } from '../domain/preflight.ts';

/** Not to be read, or not to be understood: the deployment may succeed all the same. */
const unreadable = new Set<ErrorCode>([
  'AZURE_DENIED',
  'AZURE_REJECTED',
  'POLICY_DENIED',
  'PROVIDER_NOT_REGISTERED',
  'DATABRICKS_DENIED',
  'DATABRICKS_REJECTED',
  'ANSWER_INVALID',
]);

/** How reads that fail are taken; the same for all of one check. */
export interface Readings {
  /** What the call gives, or why it could not be read; throws what passes by itself, unless everything is tolerated. */
  read<T>(call: () => Promise<T>): Promise<Read<T>>;
}

/** The two ways of a check. */
export const readings: { forStep: Readings; withinSeconds: (seconds: number) => Readings } = {
  /** For a step, which is tried again: throttling, outages and a missing token are thrown. */
  forStep: { read: (call) => attempt(call, (failure) => unreadable.has(failure.code)) },
  /** For an answer that cannot wait: whatever fails, or takes longer than these seconds from now on, is not read. */
  withinSeconds,
};

function withinSeconds(seconds: number): Readings {
  const late = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(
      () => reject(new DeploymentError('AZURE_UNAVAILABLE', `There was no answer within ${seconds} seconds.`, true)),
      seconds * 1000,
    );
    timer.unref();
  });
  late.catch(() => undefined);
  return {
    read: (call) =>
      attempt(
        () => Promise.race([call(), late]),
        () => true,
      ),
  };
}

async function attempt<T>(call: () => Promise<T>, tolerates: (failure: Failure) => boolean): Promise<Read<T>> {
  try {
    return { value: await call() };
  } catch (error) {
    if (!(error instanceof DeploymentError) || !tolerates(error.failure)) throw error;
    return { unread: error.failure.message };
  }
}

/**
 * The results of all, or a failure, once all have ended: nothing of a step goes on after its end. Of several failures it is
 * one that stays, else the one that asks for the longest wait.
 */
export async function settled<T extends readonly unknown[]>(calls: {
  [Key in keyof T]: Promise<T[Key]>;
}): Promise<T> {
  const ends = await Promise.allSettled(calls);
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  const [first] = failures.toSorted((a, b) => waitAfter(b) - waitAfter(a));
  if (first !== undefined) throw first;
  return ends.map((end) => (end as PromiseFulfilledResult<unknown>).value) as unknown as T;
}

function waitAfter(failed: unknown): number {
  const { retryable, retryAfterSeconds = 0 } = toFailure(failed);
  return retryable ? retryAfterSeconds : Number.POSITIVE_INFINITY;
}
