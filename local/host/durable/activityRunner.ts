import type { Clock } from '../../kit/clock.ts';
import type { AppRegistry, RegisteredFunction, TypedData } from '../core/appRegistry.ts';
import { clientInputs } from '../core/clientInputs.ts';
import { invoke } from '../core/invoke.ts';
import { failpoint } from '../failpoint.ts';
import type { Log } from '../log.ts';
import type { Backend } from './backend.ts';
import { httpActivityName, makeHttpCall } from './callHttp.ts';
import { activityFailure, httpFailure } from './failureDetails.ts';
import { taskCompleted, taskFailed } from './historyEvents.ts';
import type { HistoryEvent } from './protocol.ts';
import type { ActivityItem, Store } from './store.ts';
import { activityInput, resultJson } from './values.ts';

export interface ActivityRunnerOptions {
  app: AppRegistry;
  store: Store;
  clock: Clock;
  log: Log;
  backend: Backend;
  maxConcurrent: number;
  /** The text that inputs of type durableClient receive. */
  clientBinding: string;
  find: (name: string) => RegisteredFunction | undefined;
  completed: (instanceId: string, message: { id: number; dueMs: number }) => void;
}

type Delivered = ActivityItem & { resultAfterSeconds: number; isOnly: boolean };

/** Runs activities at least once and records their results exactly once, unless the backend delivers them again. */
export class ActivityRunner {
  readonly #options: ActivityRunnerOptions;
  readonly #queue: Delivered[] = [];
  readonly #later: (() => void)[] = [];
  #done: { item: Delivered; event: HistoryEvent }[] = [];
  #running = 0;
  /** Calls of activities since the host started. */
  calls = 0;
  #stopped = false;
  #abandoned = false;
  #onChange: (() => void)[] = [];

  constructor(options: ActivityRunnerOptions) {
    this.#options = options;
  }

  add(items: readonly ActivityItem[]): void {
    if (this.#stopped) return;
    for (const item of items) this.#deliver(item);
    this.#pump();
  }

  get busy(): boolean {
    return this.#running > 0 || this.#queue.length > 0 || this.#done.length > 0;
  }

  /** Starts no further activity and waits at most `graceMs` for those that run; the next host runs the rest again. */
  async stop(graceMs: number): Promise<void> {
    this.#startNoMore();
    const grace = new Promise<'over'>((resolve) => setTimeout(resolve, graceMs, 'over').unref());
    while (this.#running > 0 || this.#done.length > 0) {
      const change = new Promise<void>((resolve) => this.#onChange.push(resolve));
      if ((await Promise.race([change, grace])) === 'over') break;
    }
    // The store is closed next; what still runs then is lost and runs again.
    this.#abandoned = true;
  }

  /** Starts no further activity and takes no result of those that run; the next host runs them again. */
  abandon(): void {
    this.#startNoMore();
    this.#abandoned = true;
  }

  #startNoMore(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    for (const cancel of this.#later) cancel();
  }

  #deliver(item: ActivityItem): void {
    const { backend, clock } = this.#options;
    const deliveries = backend.deliveries(item);
    for (const { afterSeconds = 0, resultAfterSeconds = 0 } of deliveries) {
      const delivered = { ...item, resultAfterSeconds, isOnly: deliveries.length === 1 };
      if (afterSeconds === 0) this.#queue.push(delivered);
      else this.#later.push(clock.setTimer(clock.now() + afterSeconds * 1000, () => this.#take(delivered)));
    }
  }

  #take(item: Delivered): void {
    if (this.#stopped) return;
    this.#queue.push(item);
    this.#pump();
  }

  #pump(): void {
    while (!this.#stopped && this.#running < this.#options.maxConcurrent) {
      const item = this.#queue.shift();
      if (!item) return;
      this.#running++;
      this.calls++;
      void this.#run(item);
    }
  }

  async #run(item: Delivered): Promise<void> {
    failpoint('beforeActivity');
    const event = await this.#call(item);
    failpoint('afterActivityBeforeCommit');
    if (this.#abandoned) return;
    this.#done.push({ item, event });
    // The results of one turn of the event loop share a transaction.
    if (this.#done.length === 1) setImmediate(() => this.#record());
    this.#running--;
    this.#pump();
  }

  async #call(item: ActivityItem): Promise<HistoryEvent> {
    const { app, clock, log, find, clientBinding } = this.#options;
    try {
      if (item.name === httpActivityName)
        return taskCompleted(item.taskId, await makeHttpCall(item.input), clock.now());
      const target = find(item.name);
      if (!target) throw new Error(`There is no activity function named '${item.name}'.`);
      const trigger = activityInput(item.input);
      const triggerMetadata: Record<string, TypedData> = { instanceId: { string: item.instanceId } };
      if (trigger && item.input !== null) {
        triggerMetadata[target.triggerName] = trigger;
        triggerMetadata['data'] = { json: item.input };
      }
      const extra = clientInputs(target, clientBinding);
      const response = await invoke(app, target, { trigger, extra, triggerMetadata, instanceId: item.instanceId }, log);
      return taskCompleted(item.taskId, resultJson(response.returnValue), clock.now());
    } catch (error) {
      const { reason, details } =
        item.name === httpActivityName ? httpFailure(error) : activityFailure(item.name, error);
      log({
        level: 'error',
        category: 'host',
        message: reason,
        functionName: item.name,
        instanceId: item.instanceId,
      });
      return taskFailed(item.taskId, reason, details, clock.now());
    }
  }

  #record(): void {
    if (this.#abandoned) return;
    const { store, clock, completed } = this.#options;
    const done = this.#done;
    this.#done = [];
    const nowMs = clock.now();
    const messages = store.transaction(() =>
      done.flatMap(({ item, event }) => {
        if (!store.deleteActivity(item.id) && item.isOnly) return [];
        const { instanceId, executionId, resultAfterSeconds } = item;
        const dueMs = nowMs + resultAfterSeconds * 1000;
        return [{ instanceId, dueMs, id: store.addMessage({ instanceId, executionId, dueMs, event }) }];
      }),
    );
    failpoint('afterActivityCommit');
    for (const { instanceId, ...message } of messages) completed(instanceId, message);
    for (const notify of this.#onChange.splice(0)) notify();
  }
}
