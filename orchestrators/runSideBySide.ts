import type { OrchestrationContext, Task } from 'durable-functions';
import { type Failure, toFailure } from '../domain/errors.ts';
import type { Outcome } from '../domain/outcome.ts';
import { pauseBeforeRetry } from '../domain/retry.ts';
import type { Step } from '../domain/steps.ts';
import type { Flow } from './flow.ts';
import { goesOn, type StepObserver, type Trouble } from './runStep.ts';

/** Told also how a branch ends, because an error alone does not say whose it is. */
interface BranchObserver extends StepObserver {
  succeeded(): void;
  failed(): void;
}

interface Branch<O> {
  name: string;
  policy: Step<object, O>['policy'];
  input: object;
  observer: BranchObserver;
  tries: number;
  dueMs: number;
  outcome?: Outcome<O>;
  trouble?: Trouble;
}

/** One step of several that run at the same time. */
export const branch = <I extends object, O>(step: Step<I, O>, input: I, observer: BranchObserver): Branch<O> => ({
  name: step.name,
  policy: step.policy,
  input,
  observer,
  tries: 0,
  dueMs: 0,
});

/**
 * Runs two steps at the same time until both have succeeded; throws a `DeploymentError` when one's limits are spent.
 * It goes in rounds (call all that are due, wait for all, pause until the next is due), because a task may stand in
 * one yielded expression only: yielded again inside another compound it would be scheduled twice (durable-js issue 574).
 */
export function* runSideBySide<A, B>(
  flow: Flow,
  first: Branch<A>,
  second: Branch<B>,
): Generator<Task, [A, B], unknown> {
  const branches: Branch<unknown>[] = [first, second];
  const startedMs = flow.nowMs;
  for (;;) {
    const open = branches.filter(({ outcome }) => !outcome || 'failure' in outcome);
    if (open.length === 0) return [succeeded(first), succeeded(second)];
    const nextMs = Math.min(...open.map(({ dueMs }) => dueMs));
    const pauseSeconds = (nextMs - flow.nowMs) / 1000;
    if (pauseSeconds > 0) {
      yield* flow.pauseUntil(nextMs, lastFailure(open));
      for (const { observer } of open) observer.waited(pauseSeconds);
    }
    const due = open.filter(({ dueMs }) => dueMs <= nextMs);
    flow.requireUninterrupted();
    yield* callAll(flow.ctx, due);
    // Those that succeeded are shown before a failure ends it all.
    for (const { outcome, observer } of due) if (outcome && 'value' in outcome) observer.succeeded();
    for (const one of due) plan(flow, one, (flow.nowMs - startedMs) / 1000);
  }
}

const lastFailure = (open: Branch<unknown>[]): { failure?: Failure } => {
  const [failure] = open.flatMap(({ outcome }) => (outcome && 'failure' in outcome ? [outcome.failure] : []));
  return failure ? { failure } : {};
};

function* callAll(ctx: OrchestrationContext, due: Branch<unknown>[]): Generator<Task, void, unknown> {
  for (const { observer, tries } of due) observer.trying(tries + 1);
  try {
    const outcomes = (yield ctx.df.Task.all(
      due.map(({ name, input }) => ctx.df.callActivity(name, input)),
    )) as Outcome<unknown>[];
    for (const [i, one] of due.entries()) one.outcome = outcomes[i] ?? { failure: toFailure('no outcome') };
  } catch (error) {
    // One worker died and hides the others' results: every step is idempotent, so all are called again.
    for (const one of due) one.outcome = { failure: toFailure(error) };
  }
  for (const one of due) one.tries++;
}

function plan(flow: Flow, one: Branch<unknown>, elapsedSeconds: number): void {
  if (!one.outcome || !('failure' in one.outcome)) return;
  const { failure } = one.outcome;
  one.trouble = goesOn(one.trouble, failure, flow.nowMs);
  const sameCodeSeconds = (flow.nowMs - one.trouble.sinceMs) / 1000;
  const seed = flow.ctx.df.instanceId + one.name;
  try {
    const pause = pauseBeforeRetry(failure, one.policy, one.tries, elapsedSeconds, seed, sameCodeSeconds);
    one.dueMs = flow.nowMs + pause * 1000;
  } catch (error) {
    one.observer.failed();
    throw error;
  }
  one.observer.retrying(failure);
}

function succeeded<O>({ outcome, name }: Branch<O>): O {
  if (outcome && 'value' in outcome) return outcome.value;
  throw new Error(`${name} has no result yet`);
}
