import type { HostConfig } from '../core/hostConfig.ts';
import { randomUUID } from 'node:crypto';
import type { Command } from './commands.ts';
import type { Ending } from './episodeOutcome.ts';
import type { CachedHistory, HistoryCache } from './historyCache.ts';
import {
  executionCompleted,
  executionStarted,
  orchestratorCompleted,
  orchestratorStarted,
  subOrchestrationCompleted,
  subOrchestrationCreated,
  subOrchestrationFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from './historyEvents.ts';
import type { HistoryEvent, ParentInstance } from './protocol.ts';
import { eventType, isFinal } from './protocol.ts';
import type { ActivityItem, Instance, Message, Store } from './store.ts';

export interface CommitContext {
  store: Store;
  cache: HistoryCache;
  config: HostConfig;
  instance: Instance;
  past: CachedHistory;
  /** New events that are not in the store yet. */
  added: HistoryEvent[];
  messages: Message[];
  nowMs: number;
  customStatus: string | null;
  newId?: () => string;
}

/** What a committed step sets going. */
export interface Consequences {
  activities: ActivityItem[];
  wakes: { instanceId: string; id: number; dueMs: number }[];
  /** Instances whose timers no longer matter. */
  ended: string[];
}

/** Records a step after which the instance goes on: its events, and the work that it asked for. */
export function commitProgress(commit: CommitContext, commands: readonly Command[], suspended: boolean): Consequences {
  const { instance, nowMs, store } = commit;
  const consequences = none();
  const scheduled = commands.map((command) => start(commit, command, consequences));
  append(commit, [...scheduled, orchestratorCompleted(nowMs)]);
  store.putInstance({
    ...instance,
    status: suspended ? 'Suspended' : 'Running',
    // While an instance is suspended, its output is the reason.
    output: suspended ? suspensionReason(commit) : null,
    customStatus: commit.customStatus,
    updatedMs: nowMs,
  });
  return consequences;
}

/** Records the end of an instance and tells its parent. */
export function commitEnding(commit: CommitContext, ending: Ending, commands: readonly Command[]): Consequences {
  const { instance, store, cache, nowMs } = commit;
  const { status, output } = ending;
  const consequences = { ...none(), ended: [instance.id] };
  // Work that nobody will wait for is recorded, but not started.
  const events = status === 'Terminated' ? [] : commands.map((command) => recordOf(commit, command));
  append(commit, [...events, executionCompleted(status, output, commands.length, nowMs), orchestratorCompleted(nowMs)]);
  store.putInstance({ ...instance, status, output, customStatus: commit.customStatus, updatedMs: nowMs });
  store.clearWork(instance.id);
  cache.drop(instance.id);
  if (instance.parent) tellParent(commit, instance.parent, ending, consequences);
  return consequences;
}

/** Replaces the history by that of the next generation, whose first step follows at once. */
export function commitContinuation(
  commit: CommitContext,
  executionId: string,
  input: string | null,
  carryOver: readonly HistoryEvent[],
): Consequences {
  const { instance, store, cache, nowMs } = commit;
  const { id, name, version, parent } = instance;
  const events = [
    orchestratorStarted(nowMs),
    executionStarted({ instanceId: id, executionId, name, version, input, parent, generation: null }, nowMs),
    ...carryOver.map((event) => ({ ...event, IsPlayed: true })),
    orchestratorCompleted(nowMs),
  ];
  for (const message of commit.messages) store.deleteMessage(message.id);
  store.clearHistory(id);
  const texts = events.map((event) => JSON.stringify(event));
  store.appendHistory(id, 0, texts);
  cache.put(id, { events, texts });
  const { customStatus } = commit;
  store.putInstance({
    ...instance,
    executionId,
    input,
    output: null,
    status: 'Running',
    customStatus,
    createdMs: nowMs,
    updatedMs: nowMs,
  });
  const word = store.addMessage({ instanceId: id, executionId, dueMs: nowMs, event: null });
  return { ...none(), wakes: [{ instanceId: id, id: word, dueMs: nowMs }] };
}

function none(): Consequences {
  return { activities: [], wakes: [], ended: [] };
}

/** Puts the step's events into history; from now on those that the orchestrator has seen count as played. */
function append(commit: CommitContext, produced: HistoryEvent[]): void {
  const { store, cache, instance, past, added } = commit;
  for (const message of commit.messages) store.deleteMessage(message.id);
  const isNewGeneration = added.length === 0;
  const seen = (isNewGeneration ? past.events : added).map((event) =>
    event.EventType === eventType.orchestratorStarted ? event : { ...event, IsPlayed: true },
  );
  const fresh = [...seen, ...produced];
  const freshTexts = fresh.map((event) => JSON.stringify(event));
  const kept = isNewGeneration ? { events: [], texts: [] } : past;
  if (isNewGeneration) store.clearHistory(instance.id);
  store.appendHistory(instance.id, kept.events.length, freshTexts);
  cache.put(instance.id, { events: [...kept.events, ...fresh], texts: [...kept.texts, ...freshTexts] });
}

function recordOf(commit: CommitContext, command: Command): HistoryEvent {
  const { nowMs, config } = commit;
  if (command.kind === 'timer') return timerCreated(command.id, command.fireAtMs, nowMs);
  const { id, name } = command;
  const input = config.storeInputs && command.input !== undefined ? JSON.stringify(command.input) : null;
  if (command.kind === 'activity') return taskScheduled(id, name, input, nowMs);
  return subOrchestrationCreated(id, { name, version: command.version, instanceId: command.instanceId, input }, nowMs);
}

function start(commit: CommitContext, command: Command, consequences: Consequences): HistoryEvent {
  const { store, instance, nowMs } = commit;
  const { id: instanceId, executionId } = instance;
  if (command.kind === 'activity') {
    const item = {
      instanceId,
      executionId,
      taskId: command.id,
      name: command.name,
      input: command.input === undefined ? null : JSON.stringify(command.input),
    };
    consequences.activities.push({ ...item, id: store.addActivity(item) });
  } else if (command.kind === 'timer') {
    const event = timerFired(command.id, command.fireAtMs, nowMs);
    send(commit, consequences, { instanceId, executionId, dueMs: command.fireAtMs, event });
  } else startChild(commit, command, consequences);
  return recordOf(commit, command);
}

function send(commit: CommitContext, consequences: Consequences, message: Omit<Message, 'id'>): void {
  const id = commit.store.addMessage(message);
  consequences.wakes.push({ instanceId: message.instanceId, id, dueMs: message.dueMs });
}

function startChild(
  commit: CommitContext,
  command: Command & { kind: 'subOrchestration' },
  consequences: Consequences,
): void {
  const { store, cache, instance, nowMs } = commit;
  const parent: ParentInstance = {
    Name: instance.name,
    OrchestrationInstance: { InstanceId: instance.id, ExecutionId: instance.executionId },
    TaskScheduleId: command.id,
    Version: instance.version,
  };
  const existing = store.instance(command.instanceId);
  if (existing && !isFinal(existing.status)) {
    const reason = `An Orchestration instance with the status ${existing.status} already exists: '${command.instanceId}'.`;
    const event = subOrchestrationFailed(command.id, reason, '', nowMs);
    send(commit, consequences, { instanceId: instance.id, executionId: instance.executionId, dueMs: nowMs, event });
    return;
  }
  const version = command.version ?? commit.config.defaultVersion;
  const { instanceId, name, input } = command;
  const child: Instance = newInstance({ id: instanceId, name, version, input, parent, nowMs, newId: commit.newId });
  store.deleteInstance(instanceId);
  cache.drop(instanceId);
  store.putInstance(child);
  const { executionId } = child;
  const event = executionStarted({ instanceId, executionId, name, version, input, parent }, nowMs);
  send(commit, consequences, { instanceId, executionId, dueMs: nowMs, event });
}

/** An instance that waits for its first step. */
export function newInstance(facts: {
  id: string;
  name: string;
  version: string | null;
  input: string | null;
  parent: ParentInstance | null;
  nowMs: number;
  newId?: (() => string) | undefined;
}): Instance {
  const { id, name, version, input, parent, nowMs } = facts;
  const executionId = (facts.newId ?? randomUUID)();
  const rest = { status: 'Pending' as const, output: null, customStatus: null, createdMs: nowMs, updatedMs: nowMs };
  return { id, name, version, executionId, input, parent, ...rest };
}

function tellParent(commit: CommitContext, parent: ParentInstance, ending: Ending, consequences: Consequences): void {
  const { nowMs } = commit;
  const task = parent.TaskScheduleId;
  const event =
    ending.status === 'Completed'
      ? subOrchestrationCompleted(task, ending.output, nowMs)
      : subOrchestrationFailed(task, ending.reason, ending.details, nowMs);
  const { InstanceId: instanceId, ExecutionId: executionId } = parent.OrchestrationInstance;
  send(commit, consequences, { instanceId, executionId, dueMs: nowMs, event });
}

function suspensionReason(commit: CommitContext): string | null {
  const events = [...commit.past.events, ...commit.added];
  const last = events.findLast((event) => event.EventType === eventType.executionSuspended);
  return typeof last?.Reason === 'string' ? JSON.stringify(last.Reason) : null;
}
