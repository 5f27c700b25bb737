import type { PollingPlan } from './polling.ts';
import type { RunSummary, WatchStatus } from './status.ts';
import type { Workspace } from './steps.ts';

/** Input of the `watchRun` orchestrator: what one generation hands to the next. */
export interface WatchRunInput {
  workspace: Workspace;
  polling: PollingPlan;
  /** The run looked at now: RUNME's first, then the one that it started. */
  role: RunSummary['role'];
  runId: string;
  /** When the watch began, and when the run looked at now did; 0 at first. */
  startedMs: number;
  roleStartedMs: number;
  /** Whether RUNME waits for a child that it does not name. */
  companion?: boolean;
  /** That child, once it has been found, and since when it is looked at. */
  child?: { runId: string; sinceMs: number };
  /** From the submission of RUNME to the end of the notebooks. */
  limitSeconds?: number;
  /** When the whole deployment has to be over, milliseconds since 1970. */
  endsAtMs?: number;
  status: WatchStatus;
}
