import type { Clock } from '../../kit/clock.ts';
import { TokenBuckets } from '../../kit/tokenBuckets.ts';
import { ApiError } from '../apiError.ts';
import { type Run, isOver } from './run.ts';

// Limits of a workspace: learn.microsoft.com/azure/databricks/resources/limits. Waits and wording are our choice.
const creationsPerHour = 10_000;
const runningTasksMost = 2000;
const retryAfterSeconds = 60;

/** Counts the jobs that are created; throws 429 beyond as many as a workspace may create in an hour. */
export function creationLimit(clock: Clock): () => void {
  const buckets = new TokenBuckets(clock);
  return () => {
    const seconds = buckets.take('jobs', { size: creationsPerHour, perSecond: creationsPerHour / 3600 });
    if (seconds > 0) throw tooMany(`A workspace can create ${creationsPerHour} jobs in an hour.`, Math.ceil(seconds));
  };
}

/** Throws 429 when as many tasks run as a workspace runs at a time. */
export function requireRoom(runs: Run[]): void {
  const tasks = runs.filter((run) => !isOver(run)).flatMap((run) => run.tasks);
  const running = tasks.filter((task) => !isOver(task) && task.lifeCycle !== 'BLOCKED');
  if (running.length >= runningTasksMost)
    throw tooMany(`A workspace can run ${runningTasksMost} tasks at a time.`, retryAfterSeconds);
}

const tooMany = (message: string, seconds: number): ApiError =>
  new ApiError(429, 'REQUEST_LIMIT_EXCEEDED', message, seconds);
