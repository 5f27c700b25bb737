import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Action, HistoryEvent, OrchestratorState } from '../../local/host/durable/protocol.ts';
import type { ReplayConfig } from '../../local/host/durable/replayResult.ts';
import { replay } from '../../local/host/durable/replay.ts';
import { retryDelay } from '../../local/host/durable/retryDelay.ts';
import * as make from '../../local/host/durable/historyEvents.ts';

const startMs = Date.parse('2026-01-01T00:00:00Z');
const config: ReplayConfig = {
  executionId: 'exec',
  longestTimerMs: 6 * 86_400_000,
  timerHopMs: 3 * 86_400_000,
  httpPauseMs: 30_000,
  hasActivity: (name) => name !== 'unknown',
  hasOrchestrator: () => true,
};
const opening: HistoryEvent[] = [
  make.orchestratorStarted(startMs),
  make.executionStarted(
    { instanceId: 'i', executionId: 'exec', name: 'o', version: null, input: null, parent: null },
    startMs,
  ),
];

const activity = (name = 'a'): Action => ({ actionType: 0, functionName: name, input: 1 });
const timer = (ms: number, isCanceled = false): Action => ({
  actionType: 5,
  fireAt: new Date(startMs + ms).toISOString(),
  isCanceled,
});
const event = (name: string): Action => ({ actionType: 6, externalEventName: name });
const all = (...compoundActions: Action[]): Action => ({ actionType: 12, compoundActions });
const any = (...compoundActions: Action[]): Action => ({ actionType: 11, compoundActions });
const state = (actions: Action[], isDone = false): OrchestratorState => ({ isDone, actions: [actions], output: 'out' });

describe('replay', () => {
  test('schedules actions one after the other', () => {
    const first = replay(state([activity('a'), activity('b')]), opening, config);
    expect(first.commands).toMatchObject([{ id: 0, name: 'a' }]);
    const events = [...opening, make.taskScheduled(0, 'a', null, startMs), make.taskCompleted(0, '1', startMs)];
    expect(replay(state([activity('a'), activity('b')]), events, config).commands).toMatchObject([
      { id: 1, name: 'b' },
    ]);
  });

  test('waits for the slowest of Task.all, also after a failure', () => {
    const events = [
      ...opening,
      make.taskScheduled(0, 'a', null, startMs),
      make.taskScheduled(1, 'a', null, startMs),
      make.taskFailed(0, 'r', 'd', startMs),
    ];
    const failed: OrchestratorState = { isDone: false, actions: [[all(activity(), activity())]], error: 'r' };
    expect(replay(failed, events, config).outcome).toEqual({ kind: 'running' });
    const ended = [...events, make.taskCompleted(1, '1', startMs)];
    expect(replay(failed, ended, config).outcome).toEqual({ kind: 'failed', reason: 'r' });
  });

  test('an open timer holds the completion, a cancelled one does not', () => {
    const events = [
      ...opening,
      make.taskScheduled(0, 'a', null, startMs),
      make.timerCreated(1, startMs + 5000, startMs),
      make.taskCompleted(0, '1', startMs),
    ];
    const outcome = (isCanceled: boolean) =>
      replay(state([any(activity(), timer(5000, isCanceled))], true), events, config).outcome.kind;
    expect(outcome(false)).toBe('running');
    expect(outcome(true)).toBe('completed');
  });

  test('the last of two waiters gets the first event', () => {
    const events = [...opening, make.eventRaised('Go', '1', startMs)];
    const result = replay(state([any(event('Go'), event('Go')), activity()]), events, config);
    expect(result.commands).toMatchObject([{ kind: 'activity', id: 0 }]);
  });

  test('events that come while suspended count from the resumption on', () => {
    const suspended = [...opening, make.executionSuspended('p', startMs), make.eventRaised('Go', '1', startMs)];
    expect(replay(state([event('Go')], true), suspended, config)).toMatchObject({
      suspended: true,
      outcome: { kind: 'running' },
    });
    const resumed = [...suspended, make.executionResumed(null, startMs)];
    expect(replay(state([event('Go')], true), resumed, config).outcome.kind).toBe('completed');
  });

  test('an event after continue-as-new is carried over', () => {
    const carried = make.eventRaised('Go', '2', startMs);
    const events = [...opening, make.eventRaised('Go', '1', startMs), carried];
    const result = replay(state([event('Go'), { actionType: 4, input: { n: 1 } }], true), events, config);
    expect(result.outcome).toEqual({ kind: 'continuedAsNew', input: { n: 1 }, carryOver: [carried] });
  });

  test('a history that the orchestrator contradicts fails it with the words of the extension', () => {
    const events = [...opening, make.taskScheduled(0, 'echo', null, startMs)];
    expect(replay(state([timer(500)]), events, config).outcome).toEqual({
      kind: 'nonDeterministic',
      reason:
        "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled an activity task with sequence number 0 named 'echo', but the current orchestration replay instead produced a CreateTimerOrchestratorAction action with this sequence number. Was a change made to the orchestrator code after this instance had already started running?",
    });
  });

  test('what this host does not do fails the instance with a sentence', () => {
    expect(replay(state([{ actionType: 7 }]), opening, config).outcome).toEqual({
      kind: 'failed',
      reason: 'This host does not implement callEntity.',
    });
  });

  test('an unknown activity takes no id and is reported', () => {
    const result = replay(state([activity('unknown'), activity('a')]), opening, config);
    expect(result.commands).toMatchObject([{ id: 0, name: 'a' }]);
    expect(result.faults).toEqual(["There is no activity function named 'unknown'."]);
  });
});

/** Any tree of actions that the SDK could ask for, without continue-as-new. */
const actionTree: fc.Arbitrary<Action> = fc.letrec<{ tree: Action }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom('a', 'b').map((name) => activity(name)),
    fc.record({ ms: fc.nat(10_000), isCanceled: fc.boolean() }).map(({ ms, isCanceled }) => timer(ms, isCanceled)),
    fc.constant<Action>({
      actionType: 1,
      functionName: 'a',
      retryOptions: { firstRetryIntervalInMilliseconds: 100, maxNumberOfAttempts: 3, backoffCoefficient: 2 },
    }),
    fc.constant<Action>({ actionType: 2, functionName: 'child' }),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children) => all(...children)),
    fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((children) => any(...children)),
  ),
})).tree;

/** Plays an orchestration to its end: every command is recorded, then answered; `fails` decides about each activity. */
function playOut(actions: Action[], order: (count: number) => number, fails: () => boolean): HistoryEvent[] {
  const events = [...opening];
  const open: HistoryEvent[] = [];
  for (let step = 0; step < 500; step++) {
    const result = replay(state(actions, true), events, config);
    if (result.outcome.kind === 'completed' && result.commands.every(({ kind }) => kind === 'timer')) return events;
    if (result.outcome.kind !== 'running') throw new Error(`It must not end like this: ${JSON.stringify(result)}`);
    for (const command of result.commands) {
      if (command.kind === 'timer') {
        events.push(make.timerCreated(command.id, command.fireAtMs, startMs));
        open.push(make.timerFired(command.id, command.fireAtMs, startMs));
      } else if (command.kind === 'activity') {
        events.push(make.taskScheduled(command.id, command.name, null, startMs));
        open.push(
          fails() ? make.taskFailed(command.id, 'r', 'd', startMs) : make.taskCompleted(command.id, '1', startMs),
        );
      } else {
        events.push(make.subOrchestrationCreated(command.id, { ...command, input: null }, startMs));
        open.push(make.subOrchestrationCompleted(command.id, '1', startMs));
      }
    }
    const [next] = open.splice(order(open.length), 1);
    if (!next) throw new Error('The orchestration waits, but nothing is open.');
    events.push(make.orchestratorStarted(startMs + step), next);
  }
  throw new Error('The orchestration does not end.');
}

describe('any tree of actions', () => {
  const inputs = [
    fc.array(actionTree, { maxLength: 4 }),
    fc.infiniteStream(fc.nat(1000)),
    fc.infiniteStream(fc.boolean()),
  ] as const;

  test('ends whatever the order of the completions, with ids from zero without a gap', () => {
    fc.assert(
      fc.property(...inputs, (actions, choices, failures) => {
        const events = playOut(
          actions,
          (count) => (count === 0 ? 0 : choices.next().value % count),
          () => failures.next().value,
        );
        const ids = events.filter(({ EventType }) => [4, 7, 10].includes(EventType)).map(({ EventId }) => EventId);
        expect(ids).toEqual(ids.map((_, index) => index));
      }),
    );
  });

  test('asks for nothing again when its own history is replayed up to any point', () => {
    fc.assert(
      fc.property(...inputs, fc.nat(100), (actions, choices, failures, cut) => {
        const events = playOut(
          actions,
          (count) => (count === 0 ? 0 : choices.next().value % count),
          () => failures.next().value,
        );
        const part = events.slice(0, opening.length + (cut % (events.length - opening.length + 1)));
        const recorded = new Set(
          part.filter(({ EventType }) => [4, 7, 10].includes(EventType)).map(({ EventId }) => EventId),
        );
        const result = replay(state(actions), part, config);
        expect(result.outcome.kind).not.toBe('nonDeterministic');
        expect(result.commands.filter(({ id }) => recorded.has(id))).toEqual([]);
      }),
    );
  });
});

test('retry delays grow by the coefficient up to the limit', () => {
  const options = {
    firstRetryIntervalInMilliseconds: 500,
    maxNumberOfAttempts: 4,
    backoffCoefficient: 2,
    maxRetryIntervalInMilliseconds: 1200,
  };
  expect([1, 2, 3].map((attempt) => retryDelay(options, attempt))).toEqual([500, 1000, 1200]);
});
