import { Wait } from './wait.ts';

/** External events of one execution: who waits for which, and which came before anybody waited. */
export class EventWaits {
  /** Whether an event in another case took a wait away here, for which the SDK goes on waiting. */
  sdkStillWaits = false;
  readonly #waiting = new Map<string, { name: string; wait: Wait }[]>();
  readonly #buffered = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Gives the event to the last that waits for its name, or keeps it for the next that will. */
  raise(name: string): void {
    // .NET compares names without case; the SDK does not, so an event in another case is lost.
    const key = name.toLowerCase();
    const waiters = this.#waiting.get(key);
    if (!waiters) {
      this.#buffered.set(key, (this.#buffered.get(key) ?? 0) + 1);
      return;
    }
    const waiter = waiters.pop();
    if (waiters.length === 0) this.#waiting.delete(key);
    if (waiter && waiter.name !== name) this.sdkStillWaits = true;
    waiter?.wait.settle(false);
  }

  /** Settles with the next event of that name, or at once when one came before. */
  waitFor(name: string): Wait {
    const key = name.toLowerCase();
    const wait = new Wait();
    const buffered = this.#buffered.get(key) ?? 0;
    if (buffered > 0) {
      this.#buffered.set(key, buffered - 1);
      wait.settle(false);
      return wait;
    }
    const waiters = this.#waiting.get(key) ?? [];
    waiters.push({ name, wait });
    this.#waiting.set(key, waiters);
    return wait;
  }
}
