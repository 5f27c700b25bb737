interface Turn<T> {
  running: Promise<T>;
  next?: Promise<T>;
}

/**
 * Shares work among callers with the same key and who come at the same time. Whoever comes while it runs gets
 * the result of the next turn, because the running one may have looked before the caller's cause had happened: a burst costs
 * two turns.
 */
export function coalesce<K, A extends unknown[], T>(
  keyOf: (about: K) => string,
  work: (about: K, ...more: A) => Promise<T>,
): (about: K, ...more: A) => Promise<T> {
  const turns = new Map<string, Turn<T>>();
  const begin = (key: string, about: K, more: A): Promise<T> => {
    const turn: Turn<T> = { running: work(about, ...more) };
    turns.set(key, turn);
    const end = (): void => {
      if (turns.get(key) === turn) turns.delete(key);
    };
    turn.running.then(end, end);
    return turn.running;
  };
  return (about, ...more) => {
    const key = keyOf(about);
    const turn = turns.get(key);
    if (!turn) return begin(key, about, more);
    const after = (): Promise<T> => begin(key, about, more);
    return (turn.next ??= turn.running.then(after, after));
  };
}
