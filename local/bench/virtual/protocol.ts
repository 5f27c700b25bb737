import type { WaitPhase } from '../../../domain/polling.ts';
import type { Waits } from '../waits.ts';

/** What the process with the cloud is asked for. */
export type Order =
  /** Starts it; the workspace `nameOf(i)` waits as `waits[i]` says. */
  | { kind: 'start'; folder: string; startMs: number; waits: Waits[] }
  /** When something is due next. */
  | { kind: 'nextDue' }
  /** Moves its clock, and waits until what fell due is done. */
  | { kind: 'advanceTo'; ms: number }
  | { kind: 'report' }
  | { kind: 'close' };

/** The answer to an order, by its kind. */
export interface Answers {
  start: { settings: Record<string, string>; ca: string };
  nextDue: { dueMs?: number };
  advanceTo: object;
  report: CloudReport;
  close: object;
}

/** What the cloud was asked, by the names of the workspaces where it is about one. */
export interface CloudReport {
  /** Answers by server and status, e.g. `arm 200`. */
  answers: Record<string, number>;
  looks: Record<string, Record<WaitPhase, number>>;
  /** What was made, by workspace and kind; what is there once counts 1. */
  made: Record<string, Record<string, number>>;
}

export const nameOf = (index: number): string => `dbw-bench-${index}`;
