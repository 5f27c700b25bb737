import type { Collection, Store } from '../kit/store.ts';

/** A store that ends with its process, and shows what is in it. */
export class MemoryStore implements Store {
  readonly collections = new Map<string, Map<string, unknown>>();

  collection<T>(name: string): Collection<T> {
    const documents = (this.collections.get(name) ?? new Map<string, unknown>()) as Map<string, T>;
    this.collections.set(name, documents);
    return {
      get: (key) => documents.get(key),
      set: (key, document) => void documents.set(key, document),
      delete: (key) => documents.delete(key),
      values: () => [...documents.values()],
    };
  }

  close(): void {
    // What is in it may still be looked at.
  }
}
