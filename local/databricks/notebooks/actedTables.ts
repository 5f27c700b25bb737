import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lakehouse } from '../compute.ts';

/** A table as far as the acted notebooks and warehouses know one: no rows, only what the proof of results asks for. */
export interface ActedTable {
  /** Columns beside those of the role; without `deployment` and `attempt` it is a table of another schema. */
  columns: string[];
  /** How many rows there are of each attempt. */
  groups: { deployment: string; attempt: string; rows: number }[];
  /** The rows of an evaluation table. */
  metrics?: { deployment: string; attempt: string; model: string; metric: string; value: unknown }[];
}

/** The acted tables of one workspace, by their three-level names. */
export class ActedTables {
  /** The workspace's default catalog. */
  readonly catalog: string;
  /** How long each statement about them takes. */
  statementSeconds = 0;
  readonly #root: string;
  readonly #tables = new Map<string, ActedTable>();

  constructor({ tablesRoot, catalogs }: Lakehouse) {
    this.#root = tablesRoot;
    this.catalog = catalogs[0] ?? 'main';
  }

  /** Makes a schema of the default catalog, if it is not there; Unity Catalog then knows it. */
  createSchema(schema: string): void {
    mkdirSync(join(this.#root, this.catalog, schema), { recursive: true });
  }

  /** Writes a table anew, as `mode("overwrite")` does. */
  write(name: string, table: ActedTable): void {
    this.#tables.set(name.toLowerCase(), table);
  }

  get(name: string): ActedTable | undefined {
    return this.#tables.get(name.toLowerCase());
  }

  drop(name: string): void {
    this.#tables.delete(name.toLowerCase());
  }
}
