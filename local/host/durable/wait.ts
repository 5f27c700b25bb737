/** A task of the replay: it settles once, at the event that ends it, and tells its listeners at once, without a microtask. */
export class Wait {
  settled = false;
  failed = false;
  /** JSON text, of an activity that completed. */
  result: string | null = null;
  #listeners: (() => void)[] = [];

  settle(failed: boolean, result: string | null = null): void {
    if (this.settled) return;
    this.result = result;
    this.settled = true;
    this.failed = failed;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }

  whenSettled(listener: () => void): void {
    if (this.settled) listener();
    else this.#listeners.push(listener);
  }
}

/** Settles with the first of `waits`; the failure of a child does not fail it, as with `Task.WhenAny` of .NET. */
export function waitAny(waits: readonly Wait[]): Wait {
  const any = new Wait();
  for (const wait of waits) wait.whenSettled(() => any.settle(false));
  return any;
}

/** Settles when all of `waits` have, also after a failure: `Task.WhenAll` of .NET does not fail fast, the SDK's does. */
export function waitAll(waits: readonly Wait[]): Wait {
  const all = new Wait();
  let left = waits.length;
  for (const wait of waits) {
    wait.whenSettled(() => {
      if (--left === 0) all.settle(waits.some((one) => one.failed));
    });
  }
  return all;
}

/** One that has settled already. */
export function settledWait(): Wait {
  const wait = new Wait();
  wait.settle(false);
  return wait;
}
