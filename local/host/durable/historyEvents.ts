import type { HistoryEvent, ParentInstance } from './protocol.ts';
import { eventType } from './protocol.ts';

/** A time as .NET writes it: ISO with the zeros at the end of the fraction left out. */
export function dotNetTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0*Z$/, 'Z');
}

// Field order and the null fields are those of the recorded payloads; the SDK looks at some of them by `hasOwnProperty`.
function tail(ms: number, eventId = -1): Pick<HistoryEvent, 'EventId' | 'IsPlayed' | 'Timestamp'> {
  return { EventId: eventId, IsPlayed: false, Timestamp: new Date(ms).toISOString() };
}

export function orchestratorStarted(ms: number): HistoryEvent {
  return { EventType: eventType.orchestratorStarted, ...tail(ms) };
}

export function orchestratorCompleted(ms: number): HistoryEvent {
  return { EventType: eventType.orchestratorCompleted, ...tail(ms) };
}

export interface StartFacts {
  instanceId: string;
  executionId: string;
  name: string;
  version: string | null;
  /** JSON text; null where no input was given at all. */
  input: string | null;
  parent: ParentInstance | null;
  /** How often a client has used the id before; null after continue-as-new, as recorded. */
  generation?: number | null;
}

export function executionStarted(start: StartFacts, ms: number): HistoryEvent {
  return {
    OrchestrationInstance: { InstanceId: start.instanceId, ExecutionId: start.executionId },
    EventType: eventType.executionStarted,
    ParentInstance: start.parent,
    Name: start.name,
    Version: start.version,
    Input: start.input,
    Tags: null,
    Correlation: null,
    ParentTraceContext: null,
    ScheduledStartTime: null,
    Generation: start.generation === undefined ? 0 : start.generation,
    GenerateNewTrace: false,
    ...tail(ms),
  };
}

export function executionCompleted(status: string, result: string | null, eventId: number, ms: number): HistoryEvent {
  return {
    EventType: eventType.executionCompleted,
    OrchestrationStatus: status,
    Result: result,
    FailureDetails: null,
    ...tail(ms, eventId),
  };
}

export function executionTerminated(reason: string | null, ms: number): HistoryEvent {
  return { EventType: eventType.executionTerminated, Input: reason, ...tail(ms) };
}

export function executionSuspended(reason: string | null, ms: number): HistoryEvent {
  return { EventType: eventType.executionSuspended, Reason: reason, ...tail(ms) };
}

export function executionResumed(reason: string | null, ms: number): HistoryEvent {
  return { EventType: eventType.executionResumed, Reason: reason, ...tail(ms) };
}

export function eventRaised(name: string, input: string, ms: number): HistoryEvent {
  return { EventType: eventType.eventRaised, Name: name, Input: input, ParentTraceContext: null, ...tail(ms) };
}

export function taskScheduled(id: number, name: string, input: string | null, ms: number): HistoryEvent {
  return {
    EventType: eventType.taskScheduled,
    Name: name,
    Version: '',
    Input: input,
    ParentTraceContext: null,
    Tags: null,
    ...tail(ms, id),
  };
}

export function taskCompleted(id: number, result: string | null, ms: number): HistoryEvent {
  return { EventType: eventType.taskCompleted, TaskScheduledId: id, Result: result, ...tail(ms) };
}

export function taskFailed(id: number, reason: string, details: string, ms: number): HistoryEvent {
  return {
    EventType: eventType.taskFailed,
    TaskScheduledId: id,
    Reason: reason,
    Details: details,
    FailureDetails: null,
    ...tail(ms),
  };
}

export interface ChildFacts {
  name: string;
  version: string | null;
  instanceId: string;
  input: string | null;
}

export function subOrchestrationCreated(id: number, child: ChildFacts, ms: number): HistoryEvent {
  return {
    EventType: eventType.subOrchestrationCreated,
    Name: child.name,
    Version: child.version,
    InstanceId: child.instanceId,
    Input: child.input,
    ClientSpanId: null,
    Tags: null,
    ...tail(ms, id),
  };
}

export function subOrchestrationCompleted(id: number, result: string | null, ms: number): HistoryEvent {
  return { EventType: eventType.subOrchestrationCompleted, TaskScheduledId: id, Result: result, ...tail(ms) };
}

export function subOrchestrationFailed(id: number, reason: string, details: string, ms: number): HistoryEvent {
  return {
    EventType: eventType.subOrchestrationFailed,
    TaskScheduledId: id,
    Reason: reason,
    Details: details,
    FailureDetails: null,
    ...tail(ms),
  };
}

export function timerCreated(id: number, fireAtMs: number, ms: number): HistoryEvent {
  return { EventType: eventType.timerCreated, FireAt: dotNetTime(fireAtMs), ...tail(ms, id) };
}

/** A fired timer carries the time at which it was created, not that at which it fired: so it was recorded. */
export function timerFired(id: number, fireAtMs: number, createdMs: number): HistoryEvent {
  return { EventType: eventType.timerFired, TimerId: id, FireAt: dotNetTime(fireAtMs), ...tail(createdMs) };
}
