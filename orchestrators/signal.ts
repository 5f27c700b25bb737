import type { OrchestrationContext, Task } from 'durable-functions';

/** An external event that many waits of an orchestration are raced against. */
export class Signal<T> {
  readonly #ctx: OrchestrationContext;
  readonly #name: string;
  #task: Task | undefined;

  constructor(ctx: OrchestrationContext, name: string) {
    this.#ctx = ctx;
    this.#name = name;
  }

  /**
   * The task of the next event: the same one in each race until it has come. The backend gives an event to the last that
   * waits for its name, so of several tasks one that has lost its race could take the event away from the next.
   */
  next(): Task {
    this.#task ??= this.#ctx.df.waitForExternalEvent(this.#name);
    return this.#task;
  }

  /** Whether it has come, as far as anything has waited for it. */
  get hasCome(): boolean {
    return this.#task?.isCompleted === true;
  }

  /** What it carried. */
  get value(): T | undefined {
    return this.hasCome ? ((this.#task?.result ?? undefined) as T | undefined) : undefined;
  }

  /** Takes the event that has come for done, so that the next one counts. */
  forget(): void {
    if (this.hasCome) this.#task = undefined;
  }
}
