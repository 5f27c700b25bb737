import type { ActivityItem } from './store.ts';

/** One delivery of an activity, in seconds; what is left out happens at once. */
export interface Delivery {
  /** From the moment at which the orchestrator asks for it to its start. */
  afterSeconds?: number;
  /** From its end to the moment at which its result is there for the orchestrator. */
  resultAfterSeconds?: number;
}

/** How messages are delivered: a real backend promises each once at least, in no order and at no particular time. */
export interface Backend {
  /** The deliveries of an activity. The result of each is sent on, and the orchestrator goes by the first to arrive. */
  deliveries: (item: ActivityItem) => readonly Delivery[];
  /** How long it takes until an instance is woken for a message: a result, a timer, an event, the end of a child. */
  wakeSeconds: () => number;
}

/** Everything once, at once and in order. */
export const perfectBackend = (): Backend => ({ deliveries: () => [{}], wakeSeconds: () => 0 });
