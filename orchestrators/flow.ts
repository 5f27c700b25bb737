import type { OrchestrationContext, Task } from 'durable-functions';
import { type Failure, TerminalError } from '../domain/errors.ts';
import { Signal } from './signal.ts';

/** What the request to end carries. */
export interface Interruption {
  /** Who asked for it, where that is known. */
  by?: string;
}

/** When a wait has to be over, and what it ends with. */
interface Deadline {
  atMs: number;
  passed: () => TerminalError;
}

interface Interrupts {
  interrupt?: Signal<Interruption> | undefined;
  wake: Signal<unknown>;
  deadline?: Deadline | undefined;
}

/**
 * An orchestration as its steps see it: its context, the external event that asks it to end, and when it has to be over.
 * Calls of activities take seconds and are let through; pauses and child orchestrations are raced against the event.
 */
export class Flow {
  readonly ctx: OrchestrationContext;
  readonly #interrupts: Interrupts;

  private constructor(ctx: OrchestrationContext, interrupts: Interrupts) {
    this.ctx = ctx;
    this.#interrupts = interrupts;
  }

  /** `interruptedBy`: the name of the event that asks to end, `cancel` for a deployment and `stop` for its children. */
  static of(ctx: OrchestrationContext, interruptedBy: 'cancel' | 'stop'): Flow {
    return new Flow(ctx, { interrupt: new Signal(ctx, interruptedBy), wake: new Signal(ctx, 'wake') });
  }

  /** The same flow with a limit, unless an earlier one counts: a pause that would begin after it throws what `passed` makes. */
  within(atMs: number, passed: () => TerminalError): Flow {
    const { deadline } = this.#interrupts;
    return deadline && deadline.atMs <= atMs
      ? this
      : new Flow(this.ctx, { ...this.#interrupts, deadline: { atMs, passed } });
  }

  /** The same flow for what has to be done although the orchestration is to end: nothing interrupts it, no limit counts. */
  forCleanUp(): Flow {
    return new Flow(this.ctx, { wake: this.#interrupts.wake });
  }

  /** The orchestration's own time, the same on each replay. */
  get nowMs(): number {
    return this.ctx.df.currentUtcDateTime.getTime();
  }

  /** The event that asks to end; undefined where nothing can. */
  get interrupt(): Signal<Interruption> | undefined {
    return this.#interrupts.interrupt;
  }

  /** Throws CANCELLED when the orchestration has been asked to end. */
  requireUninterrupted(): void {
    if (!this.interrupt?.hasCome) return;
    const { by } = this.interrupt.value ?? {};
    throw new TerminalError(
      'CANCELLED',
      by ? `The deployment was cancelled by ${by}.` : 'The deployment was cancelled.',
    );
  }

  /**
   * Waits by durable timer until then, or until the limit where that is earlier; a wakeable pause also ends with the event
   * `wake`. Throws CANCELLED, or at its beginning what the passed limit says; `failure` is why the wait has not ended yet.
   */
  *pauseUntil(dueMs: number, options: { wakeable?: boolean; failure?: Failure } = {}): Generator<Task, void, unknown> {
    this.requireUninterrupted();
    this.#requireTime(options.failure);
    const { deadline, wake } = this.#interrupts;
    const signals = options.wakeable ? [this.interrupt, wake] : [this.interrupt];
    const events = signals.flatMap((signal) => (signal ? [signal.next()] : []));
    if (!events.some(({ isCompleted }) => isCompleted)) {
      const timer = this.ctx.df.createTimer(new Date(Math.min(dueMs, deadline?.atMs ?? dueMs)));
      yield events.length > 0 ? this.ctx.df.Task.any([timer, ...events]) : timer;
      if (!timer.isCompleted) timer.cancel();
    }
    if (options.wakeable) wake.forget();
    this.requireUninterrupted();
  }

  #requireTime(failure: Failure | undefined): void {
    const { deadline } = this.#interrupts;
    if (!deadline || this.nowMs < deadline.atMs) return;
    const error = deadline.passed();
    if (!failure) throw error;
    const { code, message, link } = error.failure;
    throw new TerminalError(code, message, {
      cause: `${failure.code}: ${failure.message}`,
      link: failure.link ?? link,
    });
  }
}
