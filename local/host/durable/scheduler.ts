import type { Clock } from '../../kit/clock.ts';
import type { Backend } from './backend.ts';

export interface SchedulerOptions {
  clock: Clock;
  backend: Pick<Backend, 'wakeSeconds'>;
  maxConcurrent: number;
  /** One step of an instance; it may not throw. */
  step(instanceId: string): Promise<void>;
}

/** Decides which instance takes its next step: one at a time each, as many together as allowed, none before its time. */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #ready = new Set<string>();
  readonly #running = new Set<string>();
  readonly #timers = new Map<string, Map<number, { dueMs: number; cancel: () => void }>>();
  #pumpPlanned = false;
  #stopped = false;
  #onChange: (() => void)[] = [];

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** A message for the instance is in the store, to be taken at `dueMs`. */
  wake(instanceId: string, message: { id: number; dueMs: number }): void {
    if (this.#stopped) return;
    const { clock, backend } = this.#options;
    const dueMs = Math.max(message.dueMs, clock.now()) + backend.wakeSeconds() * 1000;
    if (dueMs <= clock.now()) {
      this.#makeReady(instanceId);
      return;
    }
    const timers = this.#timers.get(instanceId) ?? new Map<number, { dueMs: number; cancel: () => void }>();
    this.#timers.set(instanceId, timers);
    const cancel = clock.setTimer(dueMs, () => {
      timers.delete(message.id);
      if (timers.size === 0) this.#timers.delete(instanceId);
      this.#makeReady(instanceId);
    });
    timers.set(message.id, { dueMs, cancel });
  }

  /** Drops the timers of an instance that has ended. */
  forget(instanceId: string): void {
    for (const { cancel } of this.#timers.get(instanceId)?.values() ?? []) cancel();
    this.#timers.delete(instanceId);
  }

  get busy(): boolean {
    return this.#ready.size > 0 || this.#running.size > 0;
  }

  /** When the next timer is due, in milliseconds; undefined when none waits. */
  nextDue(): number | undefined {
    let next: number | undefined;
    for (const timers of this.#timers.values())
      for (const { dueMs } of timers.values()) next = next === undefined ? dueMs : Math.min(next, dueMs);
    return next;
  }

  /** Starts no further step. */
  abandon(): void {
    this.#stopped = true;
    this.#ready.clear();
    for (const instanceId of this.#timers.keys()) this.forget(instanceId);
  }

  /** Starts no further step and waits for those that run. */
  async stop(): Promise<void> {
    this.abandon();
    while (this.#running.size > 0) await new Promise<void>((resolve) => this.#onChange.push(resolve));
  }

  #makeReady(instanceId: string): void {
    if (this.#stopped) return;
    this.#ready.add(instanceId);
    this.#plan();
  }

  // Messages that arrive in one turn of the event loop are taken by one step.
  #plan(): void {
    if (this.#pumpPlanned) return;
    this.#pumpPlanned = true;
    setImmediate(() => {
      this.#pumpPlanned = false;
      this.#pump();
    });
  }

  #pump(): void {
    for (const instanceId of this.#ready) {
      if (this.#stopped || this.#running.size >= this.#options.maxConcurrent) return;
      if (this.#running.has(instanceId)) continue;
      this.#ready.delete(instanceId);
      this.#running.add(instanceId);
      void this.#options.step(instanceId).finally(() => this.#ended(instanceId));
    }
  }

  #ended(instanceId: string): void {
    this.#running.delete(instanceId);
    for (const notify of this.#onChange.splice(0)) notify();
    if (this.#ready.size > 0) this.#plan();
  }
}
