import type { OrchestrationContext, OrchestrationHandler, Task } from 'durable-functions';
import { childThatDecides } from '../domain/companion.ts';
import { DeploymentError, TerminalError, toFailure } from '../domain/errors.ts';
import { fitWatchStatus } from '../domain/fitStatus.ts';
import { deploymentTimeout, usualLimits } from '../domain/limits.ts';
import type { Outcome } from '../domain/outcome.ts';
import { nextPollSeconds } from '../domain/polling.ts';
import { failureOfRun, isOver, resultOf, summaryOf } from '../domain/runs.ts';
import type { RunSummary, WatchResult } from '../domain/status.ts';
import type { RunView } from '../domain/steps.ts';
import type { WatchRunInput } from '../domain/watchRunInput.ts';
import { Flow } from './flow.ts';
import { isSince } from './isSince.ts';
import { childOf, lookAtChild, readRunOf } from './lookAtChild.ts';
import { repairOnce } from './repairOnce.ts';
import { sleep, type StepObserver } from './runStep.ts';

// A call and its pause add eight history rows and each replay reads them all, so the cost grows with the square.
const callsPerGeneration = 40;

/** Follows the RUNME run and the run that it starts to their ends; returns what the last notebook handed over, or the failure. */
export const watchRun: OrchestrationHandler = function* (
  ctx,
): Generator<Task, Outcome<WatchResult> | undefined, unknown> {
  const watch = ctx.df.getInput<WatchRunInput>();
  const flow = flowOf(ctx, watch);
  try {
    const value = yield* lookUntilFull(flow, watch);
    if (value) return { value };
    // The next generation would not know of the event.
    flow.requireUninterrupted();
    ctx.df.continueAsNew(watch);
    return undefined;
  } catch (error) {
    return { failure: toFailure(error) };
  }
};

/** Looks until the last run is over; undefined when the generation has no room for more, be it looks or tries of one. */
function* lookUntilFull(flow: Flow, watch: WatchRunInput): Generator<Task, WatchResult | undefined, unknown> {
  const generation: Generation = { looks: 0, calls: 0 };
  try {
    for (; !isFull(flow, watch, generation); generation.looks++) {
      const value = yield* lookOnce(flow, watch, generation);
      if (value) return value;
    }
  } catch (error) {
    if (!(error instanceof GenerationFull)) throw error;
  }
  return undefined;
}

interface Generation {
  looks: number;
  calls: number;
}

/** Thrown instead of one more try of a step: the next generation looks again, and counts the time of its troubles anew. */
class GenerationFull extends Error {}

const isFull = ({ ctx }: Flow, { companion }: WatchRunInput, { looks, calls }: Generation): boolean =>
  isSince(ctx, '1.3') ? calls >= callsPerGeneration : looks >= (companion ? 20 : 40);

/** One look at the run: shows it, goes on to the child when RUNME is over, waits when there is nothing new to do. */
function* lookOnce(
  flow: Flow,
  watch: WatchRunInput,
  generation: Generation,
): Generator<Task, WatchResult | undefined, unknown> {
  const { ctx } = flow;
  const observer = observerOf(flow, watch, generation);
  const run = yield* readRunOf(flow, watch, watch.runId, observer);
  show(ctx, watch, run, watch.role);
  if (watch.companion && watch.role === 'RUNME') {
    const child = yield* lookAtChild(flow, watch, run, observer);
    if (child) show(ctx, watch, child, 'notebooks');
    const deciding = isOver(run.state) ? childThatDecides(run, child) : undefined;
    if (deciding !== undefined) return goOnWith(flow, watch, deciding);
  }
  if (isOver(run.state)) {
    if (yield* repairOnce(flow, watch, run, observer)) return undefined;
    if (run.state !== 'succeeded') throw DeploymentError.of(failureOfRun(run, watch.role));
    if (watch.role === 'notebooks')
      return { runs: watch.status.runs, waitedSeconds: watch.status.waitedSeconds, result: resultOf(run) };
    return goOnWith(flow, watch, yield* childOf(flow, watch, run, observer));
  }
  // A RUNME that waits is over when its child is.
  const child = watch.role === 'RUNME' ? watch.child : undefined;
  const phase = watch.role === 'RUNME' && !child ? 'runme' : 'notebooks';
  const elapsedSeconds = (flow.nowMs - (child?.sinceMs ?? watch.roleStartedMs)) / 1000;
  const pause = nextPollSeconds(watch.polling, phase, elapsedSeconds, ctx.df.instanceId);
  yield* sleep(flow, pause, observer, { wakeable: true });
  return undefined;
}

/** From now on the notebooks' run is looked at. */
function goOnWith(flow: Flow, watch: WatchRunInput, runId: string): undefined {
  Object.assign(watch, { role: 'notebooks', runId, roleStartedMs: watch.child?.sinceMs ?? flow.nowMs });
}

/** The flow with its limits; the first generation notes when the watch began. */
function flowOf(ctx: OrchestrationContext, watch: WatchRunInput): Flow {
  const whole = Flow.of(ctx, 'stop');
  if (watch.startedMs === 0) watch.startedMs = watch.roleStartedMs = whole.nowMs;
  const { limitSeconds = usualLimits.runSeconds, endsAtMs } = watch;
  const timeout = (): TerminalError =>
    new TerminalError(
      'RUN_TIMEOUT',
      `The ${watch.role} run ${watch.runId} was not over within ${limitSeconds / 3600} hours.`,
      { link: watch.status.runs.find(({ role }) => role === watch.role)?.url },
    );
  const bounded = endsAtMs ? whole.within(endsAtMs, deploymentTimeout) : whole;
  return bounded.within(watch.startedMs + limitSeconds * 1000, timeout);
}

function show(ctx: OrchestrationContext, watch: WatchRunInput, run: RunView, role: RunSummary['role']): void {
  const { status } = watch;
  delete status.problem;
  const before = status.runs.find((one) => one.role === role);
  const others = status.runs.filter((one) => one.role !== role);
  const shown = { ...summaryOf(run, role), ...(before?.repaired && { repaired: before.repaired }) };
  status.runs = role === 'RUNME' ? [shown, ...others] : [...others, shown];
  ctx.df.setCustomStatus(fitWatchStatus(status));
}

function observerOf(flow: Flow, watch: WatchRunInput, generation: Generation): StepObserver {
  const { ctx } = flow;
  const { status } = watch;
  return {
    trying(tries) {
      if (tries > 1 && isFull(flow, watch, generation)) throw new GenerationFull();
      generation.calls++;
    },
    retrying({ code, message }) {
      status.problem = { code, message: message.slice(0, 300) };
      ctx.df.setCustomStatus(fitWatchStatus(status));
    },
    waited(seconds) {
      status.waitedSeconds = Math.round((status.waitedSeconds + seconds) * 10) / 10;
    },
  };
}
