import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lakehouse } from '../compute.ts';
import { holdsTable } from '../unity/deltaLog.ts';

/**
 * A table as far as the acted notebooks and warehouses know one: no rows, only what the proof of results asks for. Unity
 * Catalog knows it by its log.
 */
export interface ActedTable {
  /** Columns beside those of the role; without `deployment` and `attempt` it is a table of another schema. */
  columns: string[];
  /** How many rows there are of each attempt. */
  groups: { deployment: string; attempt: string; rows: number }[];
  /** The rows of an evaluation table. */
  metrics?: { deployment: string; attempt: string; model: string; metric: string; value: unknown }[];
  /** What `TBLPROPERTIES` would say. */
  properties?: Record<string, string>;
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
  createSchema(schema: string, properties: Record<string, string> = {}): void {
    const folder = join(this.#root, this.catalog, schema);
    if (mkdirSync(folder, { recursive: true }) !== undefined)
      writeFileSync(join(folder, '.schema.json'), JSON.stringify(properties));
  }

  /** Writes a table anew, as `mode("overwrite")` does. */
  write(name: string, table: ActedTable): void {
    this.#tables.set(name.toLowerCase(), table);
    const log = join(this.#folderOf(name), '_delta_log');
    mkdirSync(log, { recursive: true });
    writeFileSync(join(log, `${'0'.repeat(20)}.json`), commitOf(table));
  }

  get(name: string): ActedTable | undefined {
    // Somebody may have dropped it over the API.
    return holdsTable(this.#folderOf(name)) ? this.#tables.get(name.toLowerCase()) : undefined;
  }

  drop(name: string): void {
    this.#tables.delete(name.toLowerCase());
    rmSync(this.#folderOf(name), { recursive: true, force: true });
  }

  #folderOf(name: string): string {
    return join(this.#root, ...name.toLowerCase().split('.'));
  }
}

/** The only commit of the table's log, by the "Delta Transaction Log Protocol" of delta-io/delta. */
function commitOf({ columns, groups, properties = {} }: ActedTable): string {
  const fields = columns.map((name) => ({ name, type: 'string', nullable: true, metadata: {} }));
  const numRecords = groups.reduce((sum, { rows }) => sum + rows, 0);
  const actions = [
    { commitInfo: { timestamp: 0, operation: 'CREATE OR REPLACE TABLE AS SELECT' } },
    { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
    {
      metaData: {
        id: randomUUID(),
        schemaString: JSON.stringify({ type: 'struct', fields }),
        partitionColumns: [],
        configuration: properties,
      },
    },
    { add: { path: 'acted.parquet', size: 0, stats: JSON.stringify({ numRecords }) } },
  ];
  return actions.map((action) => `${JSON.stringify(action)}\n`).join('');
}
