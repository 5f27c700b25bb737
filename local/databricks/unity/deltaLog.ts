import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../kit/json.ts';

/** A Delta table as its log describes it. */
export interface DeltaTable {
  /** The table's id; it stays when the table is replaced. */
  id: string;
  schema: DeltaField[];
  comment?: string;
  partitionColumns: string[];
  properties: Record<string, string>;
  minReaderVersion: number;
  minWriterVersion: number;
  createdMs: number;
  /** Oldest first. */
  commits: DeltaCommit[];
  /** Data files of the present version, and their size in bytes. */
  files: number;
  bytes: number;
  /** Undefined when a file does not say how many it has. */
  rows: number | undefined;
}

export interface DeltaCommit {
  version: number;
  atMs: number;
  operation: string;
  parameters: Record<string, unknown>;
  /** Counts as text. */
  metrics: Record<string, string>;
}

/** A column, or a field of a struct, as Delta writes it in JSON. */
export interface DeltaField {
  name: string;
  type: DeltaType;
  nullable: boolean;
  metadata: { comment?: string } & Record<string, unknown>;
}

export type DeltaType =
  | string
  | { type: 'array'; elementType: DeltaType; containsNull: boolean }
  | { type: 'map'; keyType: DeltaType; valueType: DeltaType; valueContainsNull: boolean }
  | { type: 'struct'; fields: DeltaField[] };

// Names of commits and actions: "Delta Transaction Log Protocol" of delta-io/delta.
const commitName = /^\d{20}\.json$/;
const checkpointName = /^\d{20}\.checkpoint\./;

interface Action {
  metaData?: {
    id: string;
    description?: string;
    schemaString: string;
    partitionColumns: string[];
    configuration: Record<string, string>;
    createdTime?: number;
  };
  protocol?: { minReaderVersion: number; minWriterVersion: number };
  commitInfo?: {
    timestamp?: number;
    inCommitTimestamp?: number;
    operation?: string;
    operationParameters?: Record<string, unknown>;
    operationMetrics?: Record<string, string>;
  };
  add?: DataFile;
  remove?: { path: string };
}

interface DataFile {
  path: string;
  size: number;
  /** JSON. */
  stats?: string;
  deletionVector?: { cardinality: number } | null;
}

/** Whether a folder holds a table: its log has a commit. */
export function holdsTable(folder: string): boolean {
  return logFiles(folder).some((name) => commitName.test(name) || checkpointName.test(name));
}

/**
 * Reads a table from its log's commits. Checkpoints are not read; Delta cleans commits up after 30 days, and a table whose
 * log no longer begins at its creation is undefined.
 */
export function readDeltaTable(folder: string): DeltaTable | undefined {
  const names = logFiles(folder)
    .filter((name) => commitName.test(name))
    .toSorted();
  if (Number(names[0]?.slice(0, 20)) !== 0) return undefined;
  const commits: DeltaCommit[] = [];
  const files = new Map<string, DataFile>();
  let metadata: Action['metaData'];
  let protocol: Action['protocol'];
  for (const name of names) {
    const actions = readActions(join(folder, '_delta_log', name));
    commits.push(commitOf(Number(name.slice(0, 20)), actions));
    for (const { metaData, protocol: changed } of actions) {
      metadata = metaData ?? metadata;
      protocol = changed ?? protocol;
    }
    // A commit has no order; one that gives a file a deletion vector removes and adds the same path.
    for (const { remove } of actions) if (remove) files.delete(remove.path);
    for (const { add } of actions) if (add) files.set(add.path, add);
  }
  if (!metadata || !protocol) return undefined;
  return {
    id: metadata.id,
    schema: (JSON.parse(metadata.schemaString) as { fields: DeltaField[] }).fields,
    ...(metadata.description !== undefined && { comment: metadata.description }),
    partitionColumns: metadata.partitionColumns,
    properties: metadata.configuration,
    minReaderVersion: protocol.minReaderVersion,
    minWriterVersion: protocol.minWriterVersion,
    createdMs: metadata.createdTime ?? commits[0]?.atMs ?? 0,
    commits,
    ...sumsOf([...files.values()]),
  };
}

function sumsOf(files: DataFile[]): Pick<DeltaTable, 'files' | 'bytes' | 'rows'> {
  const rows = files.map(rowsOf).reduce((sum, own) => sum + own, 0);
  return {
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    rows: Number.isNaN(rows) ? undefined : rows,
  };
}

function rowsOf({ stats, deletionVector }: DataFile): number {
  const { numRecords = Number.NaN } = JSON.parse(stats ?? '{}') as { numRecords?: number };
  return numRecords - (deletionVector?.cardinality ?? 0);
}

function logFiles(folder: string): string[] {
  const log = join(folder, '_delta_log');
  return existsSync(log) ? readdirSync(log) : [];
}

function readActions(file: string): Action[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => parseJson(line) as Action);
}

function commitOf(version: number, actions: Action[]): DeltaCommit {
  const info = actions.find(({ commitInfo }) => commitInfo)?.commitInfo ?? {};
  return {
    version,
    atMs: info.inCommitTimestamp ?? info.timestamp ?? 0,
    operation: info.operation ?? '',
    parameters: info.operationParameters ?? {},
    metrics: info.operationMetrics ?? {},
  };
}
