import type { AppRegistry } from '../../local/host/core/appRegistry.ts';
import type { Command } from '../../local/host/durable/commands.ts';
import { callOrchestrator, timerLimits } from '../../local/host/durable/orchestratorCall.ts';
import { eventType, type HistoryEvent } from '../../local/host/durable/protocol.ts';
import { replay } from '../../local/host/durable/replay.ts';
import type { Outcome } from '../../local/host/durable/replayResult.ts';
import type { Instance } from '../../local/host/durable/store.ts';
import { beginningOf } from './episodes.ts';

/** What an orchestrator makes of a history. */
export interface Replayed {
  /** The status that it ends with, `Running` when it does not, or why the two contradict each other. */
  ends: string;
  /** What it asks for and the history does not hold. */
  asksFor: string[];
}

const endings: Record<Exclude<Outcome['kind'], 'nonDeterministic'>, string> = {
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  continuedAsNew: 'ContinuedAsNew',
};

/** Lets the orchestrator of an app replay a history from its beginning, as a host does that has just been started. */
export async function replayed(app: AppRegistry, history: HistoryEvent[]): Promise<Replayed> {
  const began = beginningOf(history);
  const target = app.functions.get(began.Name ?? '');
  if (!target) return { ends: `There is no orchestrator ${began.Name}.`, asksFor: [] };
  const events = history.filter(({ EventType }) => EventType !== eventType.executionCompleted);
  const texts = events.map((event) => JSON.stringify(event));
  const { state } = await callOrchestrator(
    app,
    target,
    instanceOf(began),
    { events: texts, isReplaying: true },
    () => {},
  );
  const isThere = (name: string): boolean => app.functions.has(name);
  const { outcome, commands } = replay(state, events, {
    ...timerLimits,
    executionId: began.OrchestrationInstance?.ExecutionId ?? '',
    hasActivity: isThere,
    hasOrchestrator: isThere,
  });
  const ends = outcome.kind === 'nonDeterministic' ? outcome.reason : endings[outcome.kind];
  return { ends, asksFor: commands.map(wordsFor) };
}

/** The history, as its orchestrator saw it last, with the end that it then came to. */
export async function withEnd(app: AppRegistry, history: HistoryEvent[]): Promise<HistoryEvent[]> {
  const { ends: OrchestrationStatus } = await replayed(app, history);
  const last = history.at(-1);
  if (!last || OrchestrationStatus === 'Running') return history;
  const { IsPlayed, Timestamp } = last;
  const end = { EventType: eventType.executionCompleted, EventId: -1, IsPlayed, Timestamp, OrchestrationStatus };
  return [...history, end];
}

/** The status that a history has ended with. */
export const endOf = (history: HistoryEvent[]): string =>
  history.find(({ EventType }) => EventType === eventType.executionCompleted)?.OrchestrationStatus ?? 'Running';

const wordsFor = (command: Command): string => (command.kind === 'timer' ? 'timer' : `${command.kind} ${command.name}`);

function instanceOf(began: HistoryEvent): Instance {
  const { InstanceId: id = '', ExecutionId: executionId = '' } = began.OrchestrationInstance ?? {};
  return {
    id,
    executionId,
    name: began.Name ?? '',
    version: began.Version ?? null,
    input: began.Input ?? null,
    parent: began.ParentInstance ?? null,
    output: null,
    customStatus: null,
    status: 'Running',
    createdMs: 0,
    updatedMs: 0,
  };
}
