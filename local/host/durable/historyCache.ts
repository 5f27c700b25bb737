import type { HistoryEvent } from './protocol.ts';
import type { Store } from './store.ts';

export interface CachedHistory {
  events: HistoryEvent[];
  /** The same events as JSON texts. */
  texts: string[];
}

const limit = 500;

/** Histories of the instances that took a step last, so that a step need not read its whole history again. */
export class HistoryCache {
  readonly #store: Store;
  readonly #histories = new Map<string, CachedHistory>();

  constructor(store: Store) {
    this.#store = store;
  }

  get(instanceId: string): CachedHistory {
    const known = this.#histories.get(instanceId);
    if (known) return known;
    const texts = this.#store.history(instanceId);
    return { texts, events: texts.map((text) => JSON.parse(text) as HistoryEvent) };
  }

  put(instanceId: string, history: CachedHistory): void {
    this.#histories.delete(instanceId);
    this.#histories.set(instanceId, history);
    for (const oldest of this.#histories.keys()) {
      if (this.#histories.size <= limit) return;
      this.#histories.delete(oldest);
    }
  }

  drop(instanceId: string): void {
    this.#histories.delete(instanceId);
  }
}
