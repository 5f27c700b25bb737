import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestWorkspace } from './startTestWorkspace.ts';

/** The catalog of the test workspace `implied-volatility`. */
export const catalog = 'implied_volatility';

/** Columns of the tables, as Delta writes them. */
export const fields = [
  { name: 'deployment', type: 'string', nullable: false, metadata: { comment: 'whose row it is' } },
  { name: 'rows', type: 'long', nullable: true, metadata: {} },
  { name: 'price', type: 'decimal(10,2)', nullable: true, metadata: {} },
  {
    name: 'smile',
    type: {
      type: 'array',
      elementType: {
        type: 'struct',
        fields: [
          { name: 'strike', type: 'double', nullable: true, metadata: {} },
          {
            name: 'byName',
            type: { type: 'map', keyType: 'string', valueType: 'integer', valueContainsNull: true },
            nullable: true,
            metadata: {},
          },
        ],
      },
      containsNull: true,
    },
    nullable: true,
    metadata: {},
  },
];

/** Writes a table's log as Delta does, a commit per list of actions. */
export function writeLog({ folder }: TestWorkspace, place: string, commits: object[][], first = 0): void {
  const log = join(folder, 'tables', catalog, place, '_delta_log');
  mkdirSync(log, { recursive: true });
  for (const [index, actions] of commits.entries()) {
    const name = `${String(first + index).padStart(20, '0')}.json`;
    writeFileSync(join(log, name), actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
  }
}

/** The action that describes a table. */
export const metadataOf = (columns: object[], comment?: string): object => ({
  metaData: {
    id: '7c4c5f0e-0000-4000-8000-000000000001',
    format: { provider: 'parquet', options: {} },
    ...(comment !== undefined && { description: comment }),
    schemaString: JSON.stringify({ type: 'struct', fields: columns }),
    partitionColumns: columns === fields ? ['deployment'] : [],
    configuration: { 'quality.level': 'gold', 'delta.constraints.positive': 'rows > 0' },
    createdTime: 900,
  },
});
/** The first commit of a table. */
export const creation = (comment?: string, columns: object[] = fields): object[] => [
  { commitInfo: { timestamp: 1000, operation: 'CREATE TABLE', operationParameters: {}, operationMetrics: {} } },
  metadataOf(columns, comment),
  { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
];
/** A commit that adds a file of seven rows, and removes one. */
export const write = (atMs: number, add: string, remove?: string): object[] => [
  {
    commitInfo: {
      timestamp: atMs,
      operation: 'WRITE',
      operationParameters: { mode: 'Append', partitionBy: '[]' },
      operationMetrics: { numOutputRows: '5' },
    },
  },
  { add: { path: add, size: 100, stats: '{"numRecords":7}', modificationTime: atMs, dataChange: true } },
  ...(remove === undefined ? [] : [{ remove: { path: remove, dataChange: true } }]),
];
