/** The only source of time in `local/`: the machine's clock, or one that a test moves. Times are milliseconds since 1970. */
export interface Clock {
  now(): number;
  /** Calls `fire` once when `now()` has reached `dueMs`; the function returned cancels. */
  setTimer(dueMs: number, fire: () => void): () => void;
}

// setTimeout takes 31 bits of milliseconds, so longer waits go in hops.
const longestHopMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimer(dueMs, fire) {
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const left = dueMs - Date.now();
      // A timeout may end a millisecond early, so the due time is looked at again.
      handle = setTimeout(() => (Date.now() >= dueMs ? fire() : arm()), Math.min(Math.max(left, 0), longestHopMs));
    };
    arm();
    return () => clearTimeout(handle);
  },
};

interface VirtualTimer {
  dueMs: number;
  order: number;
  fire: () => void;
}

/** A clock that stands still until it is moved; timers fire in the order of their due times. */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Set<VirtualTimer>();

  constructor(startMs = Date.now()) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(dueMs: number, fire: () => void): () => void {
    const timer = { dueMs, order: this.#order++, fire };
    this.#timers.add(timer);
    if (dueMs <= this.#nowMs) queueMicrotask(() => this.#fire(timer));
    return () => this.#timers.delete(timer);
  }

  /** When the next timer is due; undefined when none waits. */
  nextDue(): number | undefined {
    return this.#next()?.dueMs;
  }

  /** Moves the clock to `targetMs` and fires each timer at its own due time on the way. */
  advanceTo(targetMs: number): void {
    for (let timer = this.#next(); timer && timer.dueMs <= targetMs; timer = this.#next()) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      this.#fire(timer);
    }
    this.#nowMs = Math.max(this.#nowMs, targetMs);
  }

  advance(byMs: number): void {
    this.advanceTo(this.#nowMs + byMs);
  }

  #next(): VirtualTimer | undefined {
    let first: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (!first || timer.dueMs < first.dueMs || (timer.dueMs === first.dueMs && timer.order < first.order))
        first = timer;
    }
    return first;
  }

  #fire(timer: VirtualTimer): void {
    if (this.#timers.delete(timer)) timer.fire();
  }
}
