import { eventType, type HistoryEvent } from '../../local/host/durable/protocol.ts';

const { executionStarted, executionCompleted, taskScheduled, subOrchestrationCreated, timerCreated } = eventType;

/** Events by which an orchestration begins, asks for an activity, a child or a timer, and ends. */
const words = new Map<number, string>([
  [executionStarted, 'begins'],
  [taskScheduled, 'activity'],
  [subOrchestrationCreated, 'child'],
  [timerCreated, 'timer'],
  [executionCompleted, 'ends'],
]);

/** How long a look is at most that repeats after a pause, in things asked for: a run, its child, and where the child is. */
const longestLook = 3;

/**
 * What an orchestration asked for, in its order, by kind and name. Looks that repeat after a pause stand there once: how many
 * there are is a matter of moments.
 */
export function signatureOf(history: HistoryEvent[]): string[] {
  const asked = history.flatMap(({ EventType, Name, OrchestrationStatus }) => {
    const word = words.get(EventType);
    return word ? [[word, Name ?? OrchestrationStatus].filter(Boolean).join(' ')] : [];
  });
  const kept: string[] = [];
  for (let i = 0; i < asked.length; i++) {
    const repeated = asked[i] === 'timer' ? repeatedAfter(asked, i, kept) : 0;
    if (repeated > 0) i += repeated;
    else kept.push(asked[i] ?? '');
  }
  return kept;
}

/** How many of the things after this pause are the same again as those before it. */
function repeatedAfter(asked: string[], pause: number, kept: string[]): number {
  for (let length = longestLook; length > 0; length--) {
    const look = asked.slice(pause + 1, pause + 1 + length);
    if (look.length === length && look.join() === kept.slice(-length).join()) return length;
  }
  return 0;
}
