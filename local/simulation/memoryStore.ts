import type { Collection, Store } from '../kit/store.ts';

/** A store that ends with its process, and shows what is in it. */
export class MemoryStore implements Store {
  readonly collections: Map<string, Map<string, unknown>>;

  /** Empty, or with a copy of what another one holds. */
  constructor({ collections }: Pick<MemoryStore, 'collections'> = { collections: new Map() }) {
    this.collections = structuredClone(collections);
  }

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
