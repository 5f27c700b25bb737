import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { formatJson, parseJson } from './json.ts';

/** A map of JSON documents that survives the process. A changed document counts once it has been `set` again. */
export interface Collection<T> {
  get(key: string): T | undefined;
  set(key: string, document: T): void;
  delete(key: string): boolean;
  /** The documents in the order in which their keys were first set. */
  values(): T[];
}

/** Named collections in one SQLite file; an emulator's whole state. */
export interface Store {
  collection<T>(name: string): Collection<T>;
  close(): void;
}

/** Opens (or makes) the store in `file`; `:memory:` gives one that ends with the process. */
export function openStore(file: string): Store {
  if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS documents (
      collection TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (collection, key)
    )`);
  const collections = new Map<string, Collection<unknown>>();
  return {
    collection<T>(name: string): Collection<T> {
      const known = collections.get(name) ?? openCollection(database, name);
      collections.set(name, known);
      return known as Collection<T>;
    },
    close: () => database.close(),
  };
}

function openCollection(database: DatabaseSync, name: string): Collection<unknown> {
  const put = database.prepare(
    'INSERT INTO documents VALUES (?, ?, ?) ON CONFLICT (collection, key) DO UPDATE SET document = excluded.document',
  );
  const drop = database.prepare('DELETE FROM documents WHERE collection = ? AND key = ?');
  const rows = database.prepare('SELECT key, document FROM documents WHERE collection = ? ORDER BY rowid').all(name);
  const documents = new Map(rows.map((row) => [String(row['key']), parseJson(String(row['document']))]));
  return {
    get: (key) => documents.get(key),
    set(key, document) {
      put.run(name, key, formatJson(document));
      documents.set(key, document);
    },
    delete(key) {
      drop.run(name, key);
      return documents.delete(key);
    },
    values: () => [...documents.values()],
  };
}
