interface Turn<T> {
  running: Promise<T>;
  next?: Promise<T>;
}

/**
 * Shares work among callers that come at the same time with the same key. Whoever comes while it runs gets the result of
 * the next turn, because the running one may have looked before the caller's cause had happened. A burst costs two turns.
 */
export function coalesce<T>(work: (key: string) => Promise<T>): (key: string) => Promise<T> {
  const turns = new Map<string, Turn<T>>();
  const begin = (key: string): Promise<T> => {
    const turn: Turn<T> = { running: work(key) };
    turns.set(key, turn);
    const end = (): void => {
      if (turns.get(key) === turn) turns.delete(key);
    };
    turn.running.then(end, end);
    return turn.running;
  };
  return (key) => {
    const turn = turns.get(key);
    if (!turn) return begin(key);
    turn.next ??= turn.running.then(
      () => begin(key),
      () => begin(key),
    );
    return turn.next;
  };
}
