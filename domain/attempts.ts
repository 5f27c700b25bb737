/** One attempt of a task, as a run lists them. */
export interface Attempt {
  task_key: string;
  run_id: string;
  attempt_number: number;
  start_time?: number | undefined;
}

/** What a run's history says of one go: the attempts that belong to it. */
export interface Go {
  task_run_ids: string[];
}

/**
 * The attempt of each task that counts, in the order of the tasks. A task that was tried again or repaired is listed once
 * per attempt, in no promised order; whether a repair counts on in `attempt_number` is not documented either, so the go
 * that an attempt belongs to comes first.
 */
export function latestAttempts<T extends Attempt>(attempts: T[], history: Go[]): T[] {
  const goOf = new Map(history.flatMap(({ task_run_ids: ids }, go) => ids.map((id) => [id, go] as const)));
  // One that has just been made may not be in the history yet.
  const rank = (attempt: T): [number, number, number] => [
    goOf.get(attempt.run_id) ?? history.length,
    attempt.attempt_number,
    attempt.start_time || Number.POSITIVE_INFINITY,
  ];
  const latest = new Map<string, T>();
  for (const attempt of attempts) {
    const other = latest.get(attempt.task_key);
    if (!other || isLater(rank(attempt), rank(other), attempt.run_id, other.run_id))
      latest.set(attempt.task_key, attempt);
  }
  return [...latest.values()];
}

function isLater(one: number[], other: number[], id: string, otherId: string): boolean {
  const differs = one.findIndex((value, i) => value !== other[i]);
  return differs === -1 ? BigInt(id) > BigInt(otherId) : (one[differs] ?? 0) > (other[differs] ?? 0);
}
