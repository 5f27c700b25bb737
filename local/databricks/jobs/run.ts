import type { JobSettings } from './jobSettings.ts';

export type LifeCycle =
  | 'QUEUED'
  | 'BLOCKED'
  | 'PENDING'
  | 'RUNNING'
  | 'WAITING_FOR_RETRY'
  | 'TERMINATING'
  | 'TERMINATED'
  | 'SKIPPED'
  | 'INTERNAL_ERROR';

export type RunResult =
  | 'SUCCESS'
  | 'FAILED'
  | 'TIMEDOUT'
  | 'CANCELED'
  | 'MAXIMUM_CONCURRENT_RUNS_REACHED'
  | 'EXCLUDED'
  | 'SUCCESS_WITH_FAILURES'
  | 'UPSTREAM_FAILED'
  | 'UPSTREAM_CANCELED'
  | 'DISABLED';

/** Why a run or task ended, in the terms of the newer `status`. */
export interface Termination {
  code: string;
  type: 'SUCCESS' | 'CLIENT_ERROR' | 'CLOUD_FAILURE' | 'INTERNAL_ERROR';
}

/** How something ended: both the older and the newer words for it. */
export interface Ending {
  lifeCycle: 'TERMINATED' | 'SKIPPED' | 'INTERNAL_ERROR';
  result: RunResult;
  message: string;
  termination: Termination;
}

/** One attempt of one task. */
export interface TaskRun {
  runId: string;
  taskKey: string;
  attempt: number;
  lifeCycle: LifeCycle;
  /** How it ended, or will end once the notebook has been stopped. */
  ending?: Ending;
  startMs: number;
  runningMs?: number;
  endMs?: number;
  /** While WAITING_FOR_RETRY. */
  retryAtMs?: number;
  clusterId?: string;
  /** The repair that made it; undefined for an attempt of the run's first go. */
  repairId?: string;
  output?: { result?: string; truncated?: boolean; error?: string; errorTrace?: string };
}

/** How a run ended at first, or after a repair. */
export interface PastGo {
  /** Undefined for the first go. */
  repairId?: string;
  startMs: number;
  endMs: number;
  ending: Ending;
}

/** One run of a job. */
export interface Run {
  runId: string;
  jobId: string;
  numberInJob: number;
  settings: JobSettings;
  creator: string;
  runAs: string;
  jobParameters: Record<string, string>;
  notebookParameters: Record<string, string>;
  idempotencyToken?: string;
  queue: boolean;
  lifeCycle: LifeCycle;
  ending?: Ending;
  /** When it was asked for, when it left the queue, and when it ended. */
  queuedMs: number;
  startMs: number;
  endMs?: number;
  /** While TERMINATING: when the clusters have been shut down. */
  endsAtMs?: number;
  /** Each attempt of each task, in the order in which they were made. */
  tasks: TaskRun[];
  /** The latest repair: it goes on, or how it ended is how the run ended. */
  repair?: { repairId: string; startMs: number };
  /** What was before the latest repair. */
  earlier?: PastGo[];
}

export const isOver = ({ lifeCycle }: { lifeCycle: LifeCycle }): boolean =>
  lifeCycle === 'TERMINATED' || lifeCycle === 'SKIPPED' || lifeCycle === 'INTERNAL_ERROR';

/** The latest attempt of each task, by task key. */
export function latestAttempts(run: Run): Map<string, TaskRun> {
  return new Map(run.tasks.map((task) => [task.taskKey, task]));
}

/** When the go began that the run is in, or that was its last. */
export const goStartMs = (run: Run): number => run.repair?.startMs ?? run.startMs;
