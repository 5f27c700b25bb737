import type { HistoryEvent } from './protocol.ts';
import { eventType } from './protocol.ts';

export interface HistoryViewOptions {
  showInput: boolean;
  showOutput: boolean;
}

const names = new Map<number, string>(
  Object.entries(eventType).map(([name, number]) => [
    number,
    name.replace(/^subOrchestration/, 'SubOrchestrationInstance').replace(/^./, (first) => first.toUpperCase()),
  ]),
);

/** The `historyEvents` of the management API: completions swallow what they complete, and ids are left out. */
export function historyView(events: readonly HistoryEvent[], options: HistoryViewOptions): object[] {
  const scheduled = new Map<number, HistoryEvent>();
  const swallowed = new Set<HistoryEvent>();
  for (const event of events) {
    if (isSchedule(event)) scheduled.set(event.EventId, event);
    const cause = isCompletion(event) ? scheduled.get(event.TaskScheduledId ?? -1) : undefined;
    if (cause) swallowed.add(cause);
  }
  return events
    .filter((event) => !isFrame(event) && !swallowed.has(event))
    .map((event) =>
      viewOf(event, isCompletion(event) ? scheduled.get(event.TaskScheduledId ?? -1) : undefined, options),
    );
}

function isFrame({ EventType }: HistoryEvent): boolean {
  return EventType === eventType.orchestratorStarted || EventType === eventType.orchestratorCompleted;
}

function isSchedule({ EventType }: HistoryEvent): boolean {
  return EventType === eventType.taskScheduled || EventType === eventType.subOrchestrationCreated;
}

function isCompletion({ EventType }: HistoryEvent): boolean {
  return (
    EventType === eventType.taskCompleted ||
    EventType === eventType.taskFailed ||
    EventType === eventType.subOrchestrationCompleted ||
    EventType === eventType.subOrchestrationFailed
  );
}

const hidden = new Set([
  'EventType',
  'EventId',
  'IsPlayed',
  'OrchestrationInstance',
  'ParentInstance',
  'Version',
  'TaskScheduledId',
  'TimerId',
]);

function viewOf(event: HistoryEvent, cause: HistoryEvent | undefined, options: HistoryViewOptions): object {
  const isStart = event.EventType === eventType.executionStarted;
  const view: Record<string, unknown> = { EventType: names.get(event.EventType) ?? String(event.EventType) };
  for (const [field, value] of Object.entries(event)) {
    if (hidden.has(field) || (isStart && (field === 'Name' || field === 'Tags'))) continue;
    if (field === 'Result') {
      if (options.showOutput) view[field] = parsed(value);
    } else if (field !== 'Input' || options.showInput) view[field] = value;
  }
  if (isStart) view['FunctionName'] = event.Name;
  if (isStart && event.ParentInstance) view['Generation'] = null;
  if (cause) {
    view['ScheduledTime'] = cause.Timestamp.replace(/Z$/, '+00:00');
    view['FunctionName'] = cause.Name;
    if (options.showInput) view['Input'] = cause.Input ?? null;
  }
  return view;
}

function parsed(value: unknown): unknown {
  return typeof value === 'string' ? (JSON.parse(value) as unknown) : value;
}
