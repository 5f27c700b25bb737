import type { NotebookRequest, StartedNotebook } from './notebooks/notebookRequest.ts';

/** What does a workspace's work: real processes on this machine, or an act of them in the time of a clock. */
export interface Compute {
  /** Starts the driver of a job cluster. */
  startCluster(cluster: ClusterRequest): StartedCluster;
  /** Starts what executes a SQL warehouse's statements. */
  startWarehouse(warehouse: WarehouseRequest): StartedWarehouse;
}

/** Where a workspace's tables are. */
export interface Lakehouse {
  /** Holds a folder per catalog, in it one per schema, in it one per Delta table. */
  tablesRoot: string;
  /** Names of the catalogs; the first is the workspace's default. */
  catalogs: string[];
}

export interface ClusterRequest extends Lakehouse {
  clusterId: string;
  sparkVersion: string;
  /** A folder of the cluster's own for its log and its temporary files; exists. */
  folder: string;
}

export interface StartedCluster {
  /** Settles when notebooks can start; rejects when the driver ended before. Undefined when it is ready at once. */
  ready?: Promise<void>;
  /** Executes a notebook on the cluster. */
  start(request: NotebookRequest): StartedNotebook;
  /** Settles when the driver has ended, asked for or not. Undefined when it cannot end by itself. */
  ended?: Promise<void>;
  /** Ends the driver and every notebook that still runs on it; settles when nothing of it is left. */
  stop(): Promise<void>;
}

export interface WarehouseRequest extends Lakehouse {
  warehouseId: string;
  /** A folder of the warehouse's own for its log and its temporary files; exists. */
  folder: string;
}

export interface StartedWarehouse {
  /** Settles when statements can be executed; rejects when the engine ended before. Undefined when it is ready at once. */
  ready?: Promise<void>;
  /** Settles when the engine has ended, asked for or not. Undefined when it cannot end by itself. */
  ended?: Promise<void>;
  execute(statement: SqlStatement): StartedStatement;
  /** Forgets a session; one that is not known is no error. */
  closeSession(session: string): void;
  stop(): Promise<void>;
}

/** One statement, with named parameters (`:name`) bound by the engine, never pasted into the text. */
export interface SqlStatement {
  text: string;
  parameters: SqlParameter[];
  /** Statements of one session share what USE, SET and temporary views have changed; without one, each stands alone. */
  session?: string;
  /** Where a new session begins: the default catalog and its schema `default` when left out. */
  catalog?: string;
  schema?: string;
}

export interface SqlParameter {
  name: string;
  /** Undefined is NULL. */
  value?: string;
  /** A Spark SQL type, e.g. `STRING`, `BIGINT`, `DECIMAL(10,2)`. */
  type: string;
}

export interface StartedStatement {
  /** Never rejects. */
  outcome: Promise<SqlOutcome>;
  cancel(): void;
}

export type SqlOutcome = SqlResult | SqlFailure | { canceled: true };

export interface SqlResult {
  columns: SqlColumn[];
  /**
   * A value is null, a boolean, a string or a number; integers beyond 2^53, decimals, dates and timestamps are strings
   * as Spark casts them; binary is base64; arrays, maps and structs are JSON text.
   */
  rows: SqlValue[][];
}

export type SqlValue = string | number | boolean | null;

export interface SqlColumn {
  name: string;
  /** Spark's name of the type, e.g. `bigint`, `decimal(10,2)`, `array<double>`. */
  type: string;
}

export interface SqlFailure {
  /** Spark's error class, e.g. `TABLE_OR_VIEW_NOT_FOUND`; empty when it has none. */
  errorClass: string;
  sqlState: string;
  message: string;
}
