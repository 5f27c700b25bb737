interface Turn<T> {
  running: Promise<T>;
  next?: Promise<T>;
}

/**
 * Shares work among callers whose arguments have the same key and who come at the same time. Whoever comes while it runs gets
 * the result of the next turn, because the running one may have looked before the caller's cause had happened: a burst costs
 * two turns.
 */
export function coalesce<A extends unknown[], T>(
  keyOf: (...args: A) => string,
  work: (...args: A) => Promise<T>,
): (...args: A) => Promise<T> {
  const turns = new Map<string, Turn<T>>();
  const begin = (key: string, args: A): Promise<T> => {
    const turn: Turn<T> = { running: work(...args) };
    turns.set(key, turn);
    const end = (): void => {
      if (turns.get(key) === turn) turns.delete(key);
    };
    turn.running.then(end, end);
    return turn.running;
  };
  return (...args) => {
    const key = keyOf(...args);
    const turn = turns.get(key);
    if (!turn) return begin(key, args);
    const after = (): Promise<T> => begin(key, args);
    return (turn.next ??= turn.running.then(after, after));
  };
}
