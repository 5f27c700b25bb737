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
  readonly catalog: string;
  readonly #tables = new Map<string, ActedTable>();

  constructor(catalog: string) {
    this.catalog = catalog;
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
