import type { Task } from 'durable-functions';
import { type Outcome, valueOf } from '../domain/outcome.ts';
import { signalInstance } from '../domain/steps.ts';
import type { Flow } from './flow.ts';
import { runStep } from './runStep.ts';

/**
 * Runs a child orchestration to its end and gives what it found; throws its failure. When this one is asked to end
 * meanwhile, the child is told so and waited for: an orchestration does not end before its children do.
 */
export function* runChild<T>(flow: Flow, name: string, input: object, instanceId: string): Generator<Task, T, unknown> {
  flow.requireUninterrupted();
  const { ctx, interrupt } = flow;
  const child = ctx.df.callSubOrchestrator(name, input, instanceId);
  if (!interrupt) return valueOf((yield child) as Outcome<T>);
  yield ctx.df.Task.any([child, interrupt.next()]);
  if (child.isCompleted) return valueOf(child.result as Outcome<T>);
  if (child.isFaulted) throw child.result as Error;
  yield* tellToStop(flow.forCleanUp(), instanceId);
  const outcome = (yield child) as Outcome<T>;
  // The child does not know who asked for it.
  if ('failure' in outcome && outcome.failure.code === 'CANCELLED') flow.requireUninterrupted();
  return valueOf(outcome);
}

function* tellToStop(flow: Flow, instanceId: string): Generator<Task, void, unknown> {
  try {
    yield* runStep(flow, signalInstance, { instanceId, event: 'stop' }, quiet);
  } catch {
    // Then it ends by itself, at the latest at its limit.
  }
}

const quiet = { trying() {}, retrying() {}, waited() {} };
