import type { OrchestrationContext, OrchestrationHandler, Task } from 'durable-functions';
import { DeploymentError, TerminalError, toFailure } from '../domain/errors.ts';
import { deploymentTimeout, usualLimits } from '../domain/limits.ts';
import type { Outcome } from '../domain/outcome.ts';
import { nextPollSeconds, type PollingPlan } from '../domain/polling.ts';
import { failureOfRun, isOver, resultOf, runStartedBy, summaryOf } from '../domain/runs.ts';
import type { RunSummary, WatchResult, WatchStatus } from '../domain/status.ts';
import { readRun, type RunView, type Workspace } from '../domain/steps.ts';
import { Flow } from './flow.ts';
import { runStep, sleep } from './runStep.ts';

/** What one generation hands to the next. */
export interface WatchRunInput {
  workspace: Workspace;
  polling: PollingPlan;
  /** The run looked at now: RUNME's first, then the one that it started. */
  role: RunSummary['role'];
  runId: string;
  /** When the watch began, and when the run looked at now did; 0 at first. */
  startedMs: number;
  roleStartedMs: number;
  /** From the submission of RUNME to the end of the notebooks. */
  limitSeconds?: number;
  /** When the whole deployment has to be over, milliseconds since 1970. */
  endsAtMs?: number;
  status: WatchStatus;
}

// A poll adds eight history rows and each replay reads them all, so the cost of polling grows with the square.
const pollsPerGeneration = 40;

/** Follows the RUNME run and the run that it starts to their ends; returns what the last notebook handed over, or the failure. */
export const watchRun: OrchestrationHandler = function* (
  ctx,
): Generator<Task, Outcome<WatchResult> | undefined, unknown> {
  const watch = ctx.df.getInput<WatchRunInput>();
  const flow = flowOf(ctx, watch);
  try {
    for (let poll = 0; poll < pollsPerGeneration; poll++) {
      const value = yield* lookOnce(flow, watch);
      if (value) return { value };
    }
    ctx.df.continueAsNew(watch);
    return undefined;
  } catch (error) {
    return { failure: toFailure(error) };
  }
};

/** One look at the run: shows it, goes on to the child when RUNME is over, waits when there is nothing new to do. */
function* lookOnce(flow: Flow, watch: WatchRunInput): Generator<Task, WatchResult | undefined, unknown> {
  const { ctx } = flow;
  const observer = observerOf(ctx, watch);
  const run = yield* runStep(flow, readRun, { workspace: watch.workspace, runId: watch.runId }, observer);
  show(ctx, watch, run);
  if (isOver(run.state)) {
    if (run.state !== 'succeeded') throw DeploymentError.of(failureOfRun(run, watch.role));
    if (watch.role === 'notebooks')
      return { runs: watch.status.runs, waitedSeconds: watch.status.waitedSeconds, result: resultOf(run) };
    Object.assign(watch, { role: 'notebooks', runId: runStartedBy(run), roleStartedMs: flow.nowMs });
    return undefined;
  }
  const elapsedSeconds = (flow.nowMs - watch.roleStartedMs) / 1000;
  const phase = watch.role === 'RUNME' ? 'runme' : 'notebooks';
  const pause = nextPollSeconds(watch.polling, phase, elapsedSeconds, ctx.df.instanceId);
  yield* sleep(flow, pause, observer, { wakeable: true });
  return undefined;
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

function show(ctx: OrchestrationContext, watch: WatchRunInput, run: RunView): void {
  const { status } = watch;
  delete status.problem;
  status.runs = [...status.runs.filter(({ role }) => role !== watch.role), summaryOf(run, watch.role)];
  ctx.df.setCustomStatus(status);
}

function observerOf(ctx: OrchestrationContext, { status }: WatchRunInput): Parameters<typeof runStep>[3] {
  return {
    trying() {},
    retrying({ code, message }) {
      status.problem = { code, message: message.slice(0, 300) };
      ctx.df.setCustomStatus(status);
    },
    waited(seconds) {
      status.waitedSeconds = Math.round((status.waitedSeconds + seconds) * 10) / 10;
    },
  };
}
