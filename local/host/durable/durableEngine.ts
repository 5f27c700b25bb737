import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kit/clock.ts';
import type { AppRegistry, RegisteredFunction } from '../core/appRegistry.ts';
import type { HostConfig } from '../core/hostConfig.ts';
import { failpoint } from '../failpoint.ts';
import type { Log } from '../log.ts';
import { ActivityRunner } from './activityRunner.ts';
import type { Backend } from './backend.ts';
import { Refusal } from './durableError.ts';
import { runEpisode } from './episode.ts';
import type { Consequences } from './episodeCommit.ts';
import { newInstance } from './episodeCommit.ts';
import { HistoryCache } from './historyCache.ts';
import {
  eventRaised,
  executionResumed,
  executionStarted,
  executionSuspended,
  executionTerminated,
} from './historyEvents.ts';
import type { HistoryEvent } from './protocol.ts';
import { eventType, isFinal } from './protocol.ts';
import { Scheduler } from './scheduler.ts';
import type { Instance, Store } from './store.ts';

export interface EngineOptions {
  app: AppRegistry;
  config: HostConfig;
  store: Store;
  clock: Clock;
  log: Log;
  strict: boolean;
  backend: Backend;
  /** The text that inputs of type durableClient receive. */
  clientBinding: string;
}

export interface StartRequest {
  name: string;
  /** Default: a new one. */
  instanceId?: string | undefined;
  version?: string | undefined;
  /** JSON text; null where none was given. */
  input: string | null;
}

/** What an engine has done since it started. */
export interface EngineWork {
  /** Calls of orchestrators. */
  episodes: number;
  /** Calls of activities. */
  activities: number;
  /** Rows of history that were written. */
  historyRows: number;
}

/** Runs the orchestrations of one app over one store. */
export class DurableEngine {
  readonly #options: EngineOptions;
  readonly #cache: HistoryCache;
  readonly #scheduler: Scheduler;
  readonly #activities: ActivityRunner;
  readonly #orchestratorNames: ReadonlyMap<string, RegisteredFunction>;
  readonly #activityNames: ReadonlyMap<string, RegisteredFunction>;
  #episodes = 0;

  constructor(options: EngineOptions) {
    this.#options = options;
    const { app, config, store, clock, log, backend, clientBinding } = options;
    this.#cache = new HistoryCache(store);
    this.#orchestratorNames = byTrigger(app, 'orchestrationtrigger');
    this.#activityNames = byTrigger(app, 'activitytrigger');
    this.#scheduler = new Scheduler({
      clock,
      backend,
      maxConcurrent: config.maxConcurrentOrchestrators,
      step: (instanceId) => this.#step(instanceId),
    });
    this.#activities = new ActivityRunner({
      app,
      store,
      clock,
      log,
      backend,
      maxConcurrent: config.maxConcurrentActivities,
      clientBinding,
      find: (name) => this.#activityNames.get(name.toLowerCase()),
      completed: (instanceId, message) => this.#scheduler.wake(instanceId, message),
    });
  }

  /** Takes up all that the store holds: messages at their times, activities at once, also those that were running. */
  resumeWork(): void {
    const { store } = this.#options;
    for (const message of store.waitingMessages()) this.#scheduler.wake(message.instanceId, message);
    this.#activities.add(store.activities());
  }

  get busy(): boolean {
    return this.#scheduler.busy || this.#activities.busy;
  }

  nextDue(): number | undefined {
    return this.#scheduler.nextDue();
  }

  work(): EngineWork {
    const { historyRows } = this.#options.store;
    return { episodes: this.#episodes, activities: this.#activities.calls, historyRows };
  }

  /** Ends the steps that run and waits `graceMs` for activities; what is left goes on with the next host. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([this.#scheduler.stop(), this.#activities.stop(graceMs)]);
  }

  /** Ends everything at once; nothing of what still runs has any effect here. */
  abandon(): void {
    this.#scheduler.abandon();
    this.#activities.abandon();
  }

  /** Starts an orchestration and returns its id; throws a Refusal when a running instance has it. */
  startInstance(request: StartRequest): string {
    const { store, clock, config } = this.#options;
    const id = request.instanceId || randomUUID().replaceAll('-', '');
    const existing = store.instance(id);
    if (existing && !isFinal(existing.status) && !config.replacesRunning)
      throw new Refusal('exists', `An Orchestration instance with the status ${existing.status} already exists.`);
    const nowMs = clock.now();
    const { name, input } = request;
    const version = request.version ?? config.defaultVersion;
    const instance = newInstance({ id, name, version, input, parent: null, nowMs });
    const { executionId } = instance;
    const generation = existing ? this.#generationOf(id) + 1 : 0;
    const event = executionStarted(
      { instanceId: id, executionId, name, version, input, parent: null, generation },
      nowMs,
    );
    const message = store.transaction(() => {
      store.deleteInstance(id);
      store.putInstance(instance);
      return store.addMessage({ instanceId: id, executionId, dueMs: nowMs, event });
    });
    this.#cache.drop(id);
    failpoint('afterStartCommit');
    this.#scheduler.wake(id, { id: message, dueMs: nowMs });
    return id;
  }

  /** Starts the orchestration of an ended or running instance again, under a new id or its own. */
  restart(instanceId: string, underNewId: boolean): string {
    const { name, input, version } = this.get(instanceId);
    const id = underNewId ? undefined : instanceId;
    return this.startInstance({ name, input, instanceId: id, version: version ?? undefined });
  }

  /** Sends an event to an instance; `input` is JSON text. */
  raiseEvent(instanceId: string, name: string, input: string): void {
    this.#send(this.#active(instanceId), (nowMs) => eventRaised(name, input, nowMs));
  }

  terminate(instanceId: string, reason: string | null): void {
    this.#send(this.#active(instanceId), (nowMs) => executionTerminated(reason, nowMs));
  }

  suspend(instanceId: string, reason: string | null): void {
    const instance = this.#active(instanceId);
    if (instance.status === 'Suspended') throw wrongState('suspend', instance);
    this.#send(instance, (nowMs) => executionSuspended(reason, nowMs));
  }

  resume(instanceId: string, reason: string | null): void {
    const instance = this.#active(instanceId);
    if (instance.status !== 'Suspended') throw wrongState('resume', instance);
    this.#send(instance, (nowMs) => executionResumed(reason, nowMs));
  }

  /** Deletes instances, running ones too. */
  purge(instanceIds: readonly string[]): void {
    const { store } = this.#options;
    store.transaction(() => {
      for (const id of instanceIds) store.deleteInstance(id);
    });
    for (const id of instanceIds) {
      this.#cache.drop(id);
      this.#scheduler.forget(id);
    }
  }

  /** The instance; throws a Refusal when there is none. */
  get(instanceId: string): Instance {
    const instance = this.#options.store.instance(instanceId);
    if (!instance) throw new Refusal('notFound', `No instance with ID '${instanceId}' was found.`);
    return instance;
  }

  list(): Instance[] {
    return this.#options.store.instances();
  }

  history(instanceId: string): HistoryEvent[] {
    return this.#options.store.history(instanceId).map((text) => JSON.parse(text) as HistoryEvent);
  }

  #generationOf(instanceId: string): number {
    const started = this.history(instanceId).find((event) => event.EventType === eventType.executionStarted);
    return Number(started?.['Generation'] ?? 0);
  }

  #active(instanceId: string): Instance {
    const instance = this.get(instanceId);
    if (isFinal(instance.status)) throw new Refusal('gone', `The instance '${instanceId}' has ended.`);
    return instance;
  }

  #send(instance: Instance, eventAt: (nowMs: number) => HistoryEvent): void {
    const { store, clock } = this.#options;
    const dueMs = clock.now();
    const message = { instanceId: instance.id, executionId: null, dueMs, event: eventAt(dueMs) };
    const id = store.transaction(() => store.addMessage(message));
    this.#scheduler.wake(instance.id, { id, dueMs });
  }

  async #step(instanceId: string): Promise<void> {
    const { log } = this.#options;
    const context = {
      ...this.#options,
      cache: this.#cache,
      orchestrators: this.#orchestratorNames,
      activities: this.#activityNames,
    };
    try {
      const consequences = await runEpisode(context, instanceId);
      if (!consequences) return;
      this.#episodes++;
      this.#follow(consequences);
    } catch (error) {
      const message = `A step of an orchestration broke off: ${(error as Error).stack}`;
      log({ level: 'critical', category: 'host', message, instanceId });
    }
  }

  #follow(consequences: Consequences): void {
    for (const instanceId of consequences.ended) this.#scheduler.forget(instanceId);
    for (const { instanceId, ...message } of consequences.wakes) this.#scheduler.wake(instanceId, message);
    this.#activities.add(consequences.activities);
  }
}

function wrongState(operation: string, { id, status }: Instance): Refusal {
  const message = `Cannot ${operation} the orchestration instance ${id} because instance is in the ${status} state.`;
  return new Refusal('wrongState', message);
}

// Names of functions are compared without case.
function byTrigger(app: AppRegistry, type: string): Map<string, RegisteredFunction> {
  const matching = [...app.functions.values()].filter(({ trigger }) => trigger.type.toLowerCase() === type);
  return new Map(matching.map((one) => [one.name.toLowerCase(), one]));
}
