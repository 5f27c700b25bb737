import type { HttpCall } from './callHttp.ts';
import { followUp, httpActivityName } from './callHttp.ts';
import type { Command } from './commands.ts';
import { contradiction } from './commands.ts';
import type { Action, HistoryEvent, OrchestratorState, RetryOptions } from './protocol.ts';
import { actionType, eventType, refusedActions } from './protocol.ts';
import type { Outcome, ReplayConfig, ReplayResult } from './replayResult.ts';
import { EventWaits } from './eventWaits.ts';
import { retryDelay } from './retryDelay.ts';
import { Wait, waitAll, waitAny } from './wait.ts';

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

  /** An answer 202 is followed by timers and further calls until there is another one. */
  #callHttp({ httpRequest }: Action): Wait {
    const whole = new Wait();
    const call = (request: HttpCall): void => {
      const wait = this.#schedule((id) => ({ kind: 'activity', id, name: httpActivityName, input: request }));
      wait.whenSettled(() => {
        const next = wait.failed ? undefined : followUp(request, wait.result ?? '{}', this.#config.httpPauseMs);
        if (next) this.#timer(this.#nowMs + next.delayMs).whenSettled(() => call(next.call));
        else whole.settle(wait.failed);
      });
    };
    if (!httpRequest) throw new SkippedAction('callHttp came without a request.');
    call(httpRequest);
    return whole;
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

  /** The SDK only counts ids for the timers and further attempts of a retry; the attempts themselves are made here. */
  #withRetry(options: RetryOptions | undefined, schedule: () => Wait): Wait {
    const whole = new Wait();
    if (!options) throw new SkippedAction('A retried action came without retry options.');
    const firstAttemptMs = this.#nowMs;
    const attempt = (number: number): void => {
      const wait = schedule();
      wait.whenSettled(() => {
        if (!wait.failed) return whole.settle(false);
        const timeoutMs = options.retryTimeoutInMilliseconds;
        if (timeoutMs !== undefined && this.#nowMs >= firstAttemptMs + timeoutMs) return whole.settle(true);
        const isLast = number >= options.maxNumberOfAttempts;
        // After the last attempt comes one more timer, due at once: the extension keeps it for old histories.
        const delayMs = isLast ? 0 : retryDelay(options, number);
        return this.#timer(this.#nowMs + delayMs).whenSettled(() =>
          isLast ? whole.settle(true) : attempt(number + 1),
        );
      });
    };
    attempt(1);
    return whole;
  }
}

function settledWait(): Wait {
  const wait = new Wait();
  wait.settle(false);
  return wait;
}
