import type { Command } from './commands.ts';
import type { HistoryEvent } from './protocol.ts';

export interface ReplayConfig {
  executionId: string;
  /** Timers longer than this go in hops, in milliseconds. */
  longestTimerMs: number;
  timerHopMs: number;
  /** How long `callHttp` pauses before it looks again where the answer names no time. */
  httpPauseMs: number;
  hasActivity(name: string): boolean;
  hasOrchestrator(name: string): boolean;
}

export type Outcome =
  | { kind: 'running' }
  | { kind: 'completed'; output: unknown }
  | { kind: 'failed'; reason: string }
  | { kind: 'nonDeterministic'; reason: string }
  | { kind: 'continuedAsNew'; input: unknown; carryOver: HistoryEvent[] };

export interface ReplayResult {
  outcome: Outcome;
  /** In the order of their ids, without those that the history holds. */
  commands: Command[];
  suspended: boolean;
  /** How many ids were given out: at most as many as the SDK's, unless it emitted a task twice. */
  idsUsed: number;
  /** Whether nothing is open and no event is awaited, so that nothing can ever wake this instance. */
  waitsForNothing: boolean;
  /** What could not be done, which the extension swallows. */
  faults: string[];
}
