import { followedCall, httpActivityName } from './callHttp.ts';
import type { Command } from './commands.ts';
import { contradiction } from './commands.ts';
import type { Action, HistoryEvent, OrchestratorState, RetryOptions } from './protocol.ts';
import { actionType, eventType, refusedActions } from './protocol.ts';
import type { Outcome, ReplayConfig, ReplayResult } from './replayResult.ts';
import { EventWaits } from './eventWaits.ts';
import { retried } from './retried.ts';
import { Wait, settledWait, waitAll, waitAny } from './wait.ts';

/**
 * Replays the SDK's actions against the history, as the extension's out-of-process shim does: ids are not in the JSON,
 * both sides count, so this must start and settle tasks at exactly the same events as the SDK.
 */
export function replay(state: OrchestratorState, events: readonly HistoryEvent[], config: ReplayConfig): ReplayResult {
  return new Replay(state, config).run(events);
}

class SkippedAction extends Error {}

class NonDeterminism extends Error {}

class Unimplemented extends Error {}

class Replay {
  readonly #state: OrchestratorState;
  readonly #config: ReplayConfig;
  readonly #open = new Map<number, Wait>();
  readonly #unmatched = new Map<number, Command>();
  readonly #events = new EventWaits();
  readonly #carryOver: HistoryEvent[] = [];
  readonly #heldBack: HistoryEvent[] = [];
  readonly #faults: string[] = [];
  #nextId = 0;
  #nowMs = 0;
  #suspended = false;
  #reachedEnd = false;
  #nextGeneration: { input: unknown } | undefined;

  constructor(state: OrchestratorState, config: ReplayConfig) {
    this.#state = state;
    this.#config = config;
  }

  run(events: readonly HistoryEvent[]): ReplayResult {
    let outcome: Outcome;
    try {
      for (const event of events) this.#process(event);
      outcome = this.#outcome();
    } catch (error) {
      if (error instanceof NonDeterminism) outcome = { kind: 'nonDeterministic', reason: error.message };
      else if (error instanceof Unimplemented) outcome = { kind: 'failed', reason: error.message };
      else throw error;
    }
    return {
      outcome,
      commands: [...this.#unmatched.values()],
      suspended: this.#suspended,
      idsUsed: this.#nextId,
      waitsForNothing: this.#open.size === 0 && this.#events.isEmpty && this.#reachedEnd && !this.#events.sdkStillWaits,
      faults: this.#faults,
    };
  }

  #outcome(): Outcome {
    if (!this.#reachedEnd || this.#open.size > 0) return { kind: 'running' };
    if (this.#nextGeneration)
      return { kind: 'continuedAsNew', input: this.#nextGeneration.input, carryOver: this.#carryOver };
    if (this.#state.error) return { kind: 'failed', reason: this.#state.error };
    return this.#state.isDone ? { kind: 'completed', output: this.#state.output } : { kind: 'running' };
  }

  #process(event: HistoryEvent): void {
    if (this.#suspended && event.EventType !== eventType.executionResumed) {
      this.#heldBack.push(event);
      return;
    }
    switch (event.EventType) {
      case eventType.orchestratorStarted:
        this.#nowMs = Date.parse(event.Timestamp);
        break;
      case eventType.executionStarted:
        this.#runFrom(0);
        break;
      case eventType.executionSuspended:
        this.#suspended = true;
        break;
      case eventType.executionResumed:
        this.#suspended = false;
        for (const held of this.#heldBack.splice(0)) this.#process(held);
        break;
      case eventType.eventRaised:
        this.#raise(event);
        break;
      default:
        this.#processTask(event);
    }
  }

  #processTask(event: HistoryEvent): void {
    switch (event.EventType) {
      case eventType.taskScheduled:
        this.#match('activity', event);
        break;
      case eventType.timerCreated:
        this.#match('timer', event);
        break;
      case eventType.subOrchestrationCreated:
        this.#match('subOrchestration', event);
        break;
      case eventType.taskCompleted:
      case eventType.subOrchestrationCompleted:
        this.#close(event.TaskScheduledId, false, event.Result);
        break;
      case eventType.taskFailed:
      case eventType.subOrchestrationFailed:
        this.#close(event.TaskScheduledId, true);
        break;
      case eventType.timerFired:
        this.#close(event.TimerId, false);
        break;
      default:
    }
  }

  #match(kind: Command['kind'], event: HistoryEvent): void {
    const problem = contradiction(
      { kind, id: event.EventId, name: event.Name, version: event.Version, instanceId: event.InstanceId },
      this.#unmatched.get(event.EventId),
    );
    if (problem) throw new NonDeterminism(problem);
    this.#unmatched.delete(event.EventId);
  }

  #close(id: number | undefined, failed: boolean, result: string | null = null): void {
    const wait = id === undefined ? undefined : this.#open.get(id);
    if (!wait || id === undefined) return;
    this.#open.delete(id);
    wait.settle(failed, result);
  }

  #raise(event: HistoryEvent): void {
    if (this.#nextGeneration) {
      this.#carryOver.push(event);
      return;
    }
    this.#events.raise(event.Name ?? '');
  }

  #runFrom(index: number): void {
    const actions = this.#state.actions[0] ?? [];
    const action = actions[index];
    if (!action) {
      this.#reachedEnd = true;
      return;
    }
    let wait: Wait | undefined;
    try {
      wait = this.#start(action);
    } catch (error) {
      // The extension swallows what an action throws when it starts, so the replay goes on with the next one.
      if (!(error instanceof SkippedAction)) throw error;
      this.#faults.push(error.message);
    }
    if (wait) wait.whenSettled(() => this.#runFrom(index + 1));
    else this.#runFrom(index + 1);
  }

  #start(action: Action): Wait {
    const refused = refusedActions[action.actionType];
    if (refused) throw new Unimplemented(`This host does not implement ${refused}.`);
    switch (action.actionType) {
      case actionType.callActivity:
        return this.#startActivity(action);
      case actionType.callActivityWithRetry:
        return this.#withRetry(action.retryOptions, () => this.#startActivity(action));
      case actionType.callSubOrchestrator:
        return this.#startChild(action);
      case actionType.callSubOrchestratorWithRetry:
        return this.#withRetry(action.retryOptions, () => this.#startChild(action));
      case actionType.callHttp:
        return this.#callHttp(action);
      case actionType.continueAsNew:
        this.#nextGeneration = { input: action.input };
        return settledWait();
      case actionType.createTimer:
        return this.#startTimer(action);
      case actionType.waitForExternalEvent:
        return this.#events.waitFor(action.externalEventName ?? '');
      case actionType.whenAny:
        return waitAny((action.compoundActions ?? []).map((child) => this.#start(child)));
      case actionType.whenAll:
        return waitAll((action.compoundActions ?? []).map((child) => this.#start(child)));
      default:
        throw new SkippedAction(`The SDK asked for an action of unknown type ${action.actionType}.`);
    }
  }

  #startActivity(action: Action): Wait {
    const name = action.functionName ?? '';
    if (!this.#config.hasActivity(name)) throw new SkippedAction(`There is no activity function named '${name}'.`);
    return this.#schedule((id) => ({ kind: 'activity', id, name, input: action.input }));
  }

  #callHttp({ httpRequest }: Action): Wait {
    if (!httpRequest) throw new SkippedAction('callHttp came without a request.');
    return followedCall(httpRequest, {
      pauseMs: this.#config.httpPauseMs,
      call: (input) => this.#schedule((id) => ({ kind: 'activity', id, name: httpActivityName, input })),
      wait: (ms) => this.#timer(this.#nowMs + ms),
    });
  }

  #startChild(action: Action): Wait {
    const name = action.functionName ?? '';
    if (!this.#config.hasOrchestrator(name))
      throw new SkippedAction(`There is no orchestrator function named '${name}'.`);
    return this.#schedule((id) => ({
      kind: 'subOrchestration',
      id,
      name,
      instanceId: action.instanceId || `${this.#config.executionId}:${id}`,
      version: action.version ?? null,
      input: action.input === undefined || action.input === null ? null : JSON.stringify(action.input),
    }));
  }

  #startTimer(action: Action): Wait {
    const fireAtMs = Date.parse(action.fireAt ?? '');
    if (fireAtMs - this.#nowMs <= this.#config.longestTimerMs || action.isCanceled === true) {
      const wait = this.#timer(this.#hopEnd(fireAtMs));
      if (action.isCanceled !== true) return wait;
      // A cancelled timer keeps its id and is still created and fired, but nothing waits for it any more.
      this.#open.delete(this.#nextId - 1);
      wait.settle(true);
      return wait;
    }
    const whole = new Wait();
    const hop = (): void => {
      if (this.#nowMs >= fireAtMs) whole.settle(false);
      else this.#timer(this.#hopEnd(fireAtMs)).whenSettled(hop);
    };
    hop();
    return whole;
  }

  #hopEnd(fireAtMs: number): number {
    return fireAtMs - this.#nowMs > this.#config.longestTimerMs ? this.#nowMs + this.#config.timerHopMs : fireAtMs;
  }

  #timer(fireAtMs: number): Wait {
    return this.#schedule((id) => ({ kind: 'timer', id, fireAtMs }));
  }

  #schedule(command: (id: number) => Command): Wait {
    const id = this.#nextId++;
    const wait = new Wait();
    this.#open.set(id, wait);
    this.#unmatched.set(id, command(id));
    return wait;
  }

  #withRetry(options: RetryOptions | undefined, attempt: () => Wait): Wait {
    if (!options) throw new SkippedAction('A retried action came without retry options.');
    const wait = (ms: number): Wait => this.#timer(this.#nowMs + ms);
    return retried(options, { attempt, wait, now: () => this.#nowMs });
  }
}
