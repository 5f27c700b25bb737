import type { Clock } from '../../local/kit/clock.ts';

/** Lets this process tell the time of another clock, some seconds ahead of it or, below 0, behind; gives what undoes that. */
export function followClock(clock: Clock, aheadSeconds: number): () => void {
  const machines = globalThis.Date;
  const now = (): number => clock.now() + aheadSeconds * 1000;
  globalThis.Date = new Proxy(machines, {
    construct: (target, given: [], asked) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, asked) as Date,
    get: (target, name) => (name === 'now' ? now : (Reflect.get(target, name) as unknown)),
  });
  return () => {
    globalThis.Date = machines;
  };
}
