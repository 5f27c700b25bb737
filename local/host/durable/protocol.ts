import type { HttpCall } from './callHttp.ts';

/** Numbers and JSON shapes of the protocol between the Durable extension 3.14 and `durable-functions` 3.5, as recorded. */

export const eventType = {
  executionStarted: 0,
  executionCompleted: 1,
  executionTerminated: 3,
  taskScheduled: 4,
  taskCompleted: 5,
  taskFailed: 6,
  subOrchestrationCreated: 7,
  subOrchestrationCompleted: 8,
  subOrchestrationFailed: 9,
  timerCreated: 10,
  timerFired: 11,
  orchestratorStarted: 12,
  orchestratorCompleted: 13,
  eventRaised: 15,
  executionSuspended: 19,
  executionResumed: 20,
} as const;

export const actionType = {
  callActivity: 0,
  callActivityWithRetry: 1,
  callSubOrchestrator: 2,
  callSubOrchestratorWithRetry: 3,
  continueAsNew: 4,
  createTimer: 5,
  waitForExternalEvent: 6,
  callHttp: 8,
  whenAny: 11,
  whenAll: 12,
} as const;

/** What this host does not do, by the number under which the SDK asks for it. */
export const refusedActions: Readonly<Record<number, string>> = {
  7: 'callEntity',
  9: 'signalEntity',
  10: 'a scheduled signalEntity',
  13: 'locking entities',
  14: 'releasing entities',
};

export interface ParentInstance {
  Name: string;
  OrchestrationInstance: { InstanceId: string; ExecutionId: string };
  TaskScheduleId: number;
  Version: string | null;
}

/** One event of a history; the fields beyond the common four depend on `EventType`. */
export interface HistoryEvent {
  EventType: number;
  EventId: number;
  IsPlayed: boolean;
  Timestamp: string;
  Name?: string;
  Version?: string | null;
  Input?: string | null;
  InstanceId?: string;
  OrchestrationInstance?: { InstanceId: string; ExecutionId: string };
  ParentInstance?: ParentInstance | null;
  TaskScheduledId?: number;
  TimerId?: number;
  FireAt?: string;
  Result?: string | null;
  Reason?: string | null;
  Details?: string;
  OrchestrationStatus?: string;
  [field: string]: unknown;
}

export interface RetryOptions {
  firstRetryIntervalInMilliseconds: number;
  maxNumberOfAttempts: number;
  backoffCoefficient?: number;
  maxRetryIntervalInMilliseconds?: number;
  retryTimeoutInMilliseconds?: number;
}

export interface Action {
  actionType: number;
  functionName?: string;
  instanceId?: string;
  input?: unknown;
  version?: string;
  retryOptions?: RetryOptions;
  fireAt?: string;
  isCanceled?: boolean;
  externalEventName?: string;
  httpRequest?: HttpCall;
  compoundActions?: Action[];
}

/** What the SDK returns after one replay. */
export interface OrchestratorState {
  isDone: boolean;
  actions: Action[][];
  output?: unknown;
  error?: string;
  customStatus?: unknown;
}

export type RuntimeStatus =
  | 'Pending'
  | 'Running'
  | 'Suspended'
  | 'Completed'
  | 'Failed'
  | 'Terminated'
  | 'ContinuedAsNew';

export const finalStatuses: readonly RuntimeStatus[] = ['Completed', 'Failed', 'Terminated'];

/** Whether an instance of that status has ended. */
export function isFinal(status: RuntimeStatus): boolean {
  return finalStatuses.includes(status);
}
