import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kit/clock.ts';
import type { AppRegistry, RegisteredFunction } from '../core/appRegistry.ts';
import type { HostConfig } from '../core/hostConfig.ts';
import { failpoint } from '../failpoint.ts';
import type { Log } from '../log.ts';
import { endingOf, faultsOf, terminationIn } from './episodeOutcome.ts';
import { commitContinuation, commitEnding, commitProgress } from './episodeCommit.ts';
import type { CommitContext, Consequences } from './episodeCommit.ts';
import type { HistoryCache } from './historyCache.ts';
import { orchestratorStarted } from './historyEvents.ts';
import type { OrchestratorAnswer } from './orchestratorCall.ts';
import { callOrchestrator, timerLimits } from './orchestratorCall.ts';
import type { HistoryEvent } from './protocol.ts';
import { eventType, isFinal } from './protocol.ts';
import type { ReplayResult } from './replayResult.ts';
import { replay } from './replay.ts';
import type { Instance, Message, Store } from './store.ts';
import { versionProblem } from './versions.ts';

export interface EpisodeOptions {
  app: AppRegistry;
  config: HostConfig;
  store: Store;
  cache: HistoryCache;
  clock: Clock;
  log: Log;
  strict: boolean;
  orchestrators: ReadonlyMap<string, RegisteredFunction>;
  activities: ReadonlyMap<string, RegisteredFunction>;
  newId?: () => string;
}

/** Takes one step of an instance: its due messages, one replay, one transaction. Returns what is to be woken. */
export async function runEpisode(options: EpisodeOptions, instanceId: string): Promise<Consequences | undefined> {
  const { store, clock, cache } = options;
  const found = takeMessages(store, instanceId, clock.now());
  if (!found) return undefined;
  const { instance, messages } = found;
  const past = cache.get(instanceId);
  // A new generation begins in the middle of its first step: its opening events are in the history already.
  const isNewGeneration = messages[0]?.event === null;
  const arrived = isNewGeneration ? [] : messages.flatMap(({ event }) => (event ? [event] : []));
  const added = isNewGeneration ? [] : [orchestratorStarted(clock.now()), ...arrived];
  const fresh = isNewGeneration ? past.events : added;
  const problem = versionProblem(instance.version, options.config);
  if (problem?.wait) return undefined;

  const events = [...past.events, ...added];
  const payloadTexts = [...past.texts, ...added.map((event) => JSON.stringify(event))];
  const isReplaying = !fresh.some((event) => event.EventType === eventType.executionStarted);
  const answer = problem
    ? failedAnswer(problem.reason)
    : await ask(options, instance, { events: payloadTexts, isReplaying });
  failpoint('afterOrchestratorBeforeCommit');
  // A purge may have taken the instance away, and a new start replaced it, while the orchestrator ran.
  if (store.standing(instanceId)?.executionId !== instance.executionId) return undefined;

  const customStatus = toJson(answer.state.customStatus);
  const tooLong = customStatusFault(customStatus);
  const judged = judge(options, instance, answer, events);
  const result: ReplayResult =
    tooLong === undefined ? judged : { ...judged, outcome: { kind: 'failed', reason: tooLong } };
  const commit: CommitContext = {
    ...options,
    instance,
    past,
    added,
    messages,
    nowMs: clock.now(),
    customStatus: tooLong === undefined ? customStatus : instance.customStatus,
  };
  try {
    const consequences = store.transaction(() => commitOutcome(commit, result, fresh));
    failpoint('afterEpisodeCommit');
    if (consequences.ended.length > 0) report(options, instanceId);
    return consequences;
  } catch (error) {
    cache.drop(instanceId);
    throw error;
  }
}

function report({ store, log }: EpisodeOptions, instanceId: string): void {
  const instance = store.instance(instanceId);
  if (!instance) return;
  const { name, status, output } = instance;
  const message = status === 'Completed' ? 'Completed.' : `${status}: ${output?.slice(0, 500) ?? 'no reason'}`;
  const level = status === 'Failed' ? 'error' : 'information';
  log({ level, category: 'host', message, functionName: name, instanceId });
}

function commitOutcome(commit: CommitContext, result: ReplayResult, fresh: readonly HistoryEvent[]): Consequences {
  const ending = terminationIn(fresh) ?? endingOf(commit.instance.name, result.outcome);
  if (ending) return commitEnding(commit, ending, result.commands);
  if (result.outcome.kind === 'continuedAsNew') {
    const executionId = (commit.newId ?? randomUUID)();
    return commitContinuation(commit, executionId, toJson(result.outcome.input), result.outcome.carryOver);
  }
  return commitProgress(commit, result.commands, result.suspended);
}

function takeMessages(
  store: Store,
  instanceId: string,
  nowMs: number,
): { instance: Instance; messages: Message[] } | undefined {
  const due = store.dueMessages(instanceId, nowMs);
  if (due.length === 0) return undefined;
  const instance = store.instance(instanceId);
  const isStale = (message: Message): boolean =>
    !instance ||
    isFinal(instance.status) ||
    (message.executionId !== null && message.executionId !== instance.executionId);
  const stale = due.filter(isStale);
  if (stale.length > 0) {
    store.transaction(() => {
      for (const { id } of stale) store.deleteMessage(id);
    });
  }
  const current = due.filter((message) => !isStale(message));
  if (!instance || current.length === 0) return undefined;
  const word = current.find(({ event }) => event === null);
  return { instance, messages: word ? [word] : current };
}

async function ask(
  options: EpisodeOptions,
  instance: Instance,
  history: { events: readonly string[]; isReplaying: boolean },
): Promise<OrchestratorAnswer> {
  const target = options.orchestrators.get(instance.name.toLowerCase());
  if (target) return callOrchestrator(options.app, target, instance, history, options.log);
  const known = [...options.orchestrators.values()].map(({ name }) => `'${name}'`).join(', ');
  return failedAnswer(
    `The function '${instance.name}' doesn't exist, is disabled, or is not an orchestrator function. ` +
      `Additional info: The following are the known orchestrator functions: ${known}.`,
  );
}

function failedAnswer(error: string): OrchestratorAnswer {
  return { state: { isDone: false, actions: [[]], error }, sdkIds: undefined, threwNoError: false };
}

function judge(
  options: EpisodeOptions,
  instance: Instance,
  answer: OrchestratorAnswer,
  events: readonly HistoryEvent[],
): ReplayResult {
  const result = replay(answer.state, events, {
    ...timerLimits,
    executionId: instance.executionId,
    hasActivity: (name) => options.activities.has(name.toLowerCase()),
    hasOrchestrator: (name) => options.orchestrators.has(name.toLowerCase()),
  });
  const isOver = result.outcome.kind === 'failed' || result.outcome.kind === 'nonDeterministic';
  const faults = isOver ? [] : faultsOf(answer, result);
  for (const message of faults) {
    options.log({ level: 'error', category: 'host', message, functionName: instance.name, instanceId: instance.id });
  }
  if (faults.length === 0 || !options.strict) return result;
  return { ...result, commands: [], outcome: { kind: 'failed', reason: `Strict mode: ${faults.join(' ')}` } };
}

const longestCustomStatusKb = 16;

// The extension counts two bytes for a character.
function customStatusFault(json: string | null): string | undefined {
  const kb = Math.floor(((json?.length ?? 0) * 2) / 1024);
  if (kb <= longestCustomStatusKb) return undefined;
  return `The UTF-16 size of the JSON-serialized payload must not exceed ${longestCustomStatusKb} KB. The current payload size is ${kb} KB.`;
}

function toJson(value: unknown): string | null {
  return value === undefined || value === null ? null : JSON.stringify(value);
}
