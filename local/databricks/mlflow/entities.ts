/** A number as MLflow's JSON has it: what JSON cannot write is a text. */
export type MetricValue = number | 'NaN' | 'Infinity' | '-Infinity';

/** An int64, a bigint only beyond 2^53. */
export type Int64 = number | bigint;

export interface Pair {
  key: string;
  value: string;
}

export interface MetricPoint {
  value: MetricValue;
  timestamp: Int64;
  step: Int64;
}

/** What a run knows of one metric; all its points are in the history. */
export interface MetricSummary {
  key: string;
  latest: MetricPoint;
  count: number;
}

/** Metric points as they come in. */
export interface MetricEntry extends MetricPoint {
  key: string;
}

export interface Experiment {
  experimentId: string;
  /** A workspace path. */
  name: string;
  artifactLocation: string;
  deleted: boolean;
  createdMs: number;
  updatedMs: number;
  tags: Pair[];
}

export const runStatuses = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED'] as const;
export type RunStatus = (typeof runStatuses)[number];

/** A dataset that a run read, with its tags (`mlflow.data.context`). */
export interface DatasetInput {
  tags: Pair[];
  dataset: Record<string, string>;
}

export interface MlflowRun {
  runId: string;
  experimentId: string;
  name: string;
  userId: string;
  status: RunStatus;
  startMs: Int64;
  endMs?: Int64;
  deleted: boolean;
  tags: Pair[];
  params: Pair[];
  metrics: MetricSummary[];
  datasets: DatasetInput[];
}

/** The list with these pairs in it; what has the same key is replaced. */
export function withPairs(before: Pair[], changes: Pair[]): Pair[] {
  const merged = new Map([...before, ...changes].map((pair) => [pair.key, pair]));
  return [...merged.values()];
}

/** The value under a key; undefined when there is none. */
export const valueOf = (pairs: Pair[], key: string): string | undefined =>
  pairs.find((pair) => pair.key === key)?.value;
