import type { OrchestrationHandler, Task } from 'durable-functions';
import { deploymentTimeout, limitsOf } from '../domain/limits.ts';
import { TerminalError, toFailure } from '../domain/errors.ts';
import { attemptMark } from '../domain/ids.ts';
import type { Outcome } from '../domain/outcome.ts';
import { declaredResults } from '../domain/results.ts';
import { type DeployOutput, stepNames } from '../domain/status.ts';
import * as steps from '../domain/steps.ts';
import { endRuns } from './endRuns.ts';
import { Flow } from './flow.ts';
import { isSince } from './isSince.ts';
import { preflight } from './preflight.ts';
import { prepareAzure } from './prepareAzure.ts';
import { prepareWorkspace } from './prepareWorkspace.ts';
import { Progress } from './progress.ts';
import { proveResults } from './proveResults.ts';
import { reportEnd } from './reportEnd.ts';
import { type NotebooksEnd, runNotebooks } from './runNotebooks.ts';

type Steps<T> = Generator<Task, T, unknown>;

/** Deploys one accelerator: Azure first, then the workspace, then the notebooks; every cloud effect exactly once. */
export const deploy: OrchestrationHandler = function* (ctx): Steps<DeployOutput> {
  const input = ctx.df.getInput<steps.DeployInput>();
  const { attempt, accelerator } = input.deployment;
  const proves = isSince(ctx, '1.1') && accelerator.verify !== false;
  const progress = new Progress(ctx, attempt, stepNames(proves, isSince(ctx, '1.2')));
  const whole = Flow.of(ctx, 'cancel');
  const startedMs = whole.nowMs;
  const endsAtMs = startedMs + limitsOf(input.limits).deploymentSeconds * 1000;
  const flow = whole.within(endsAtMs, deploymentTimeout);
  try {
    if (isSince(ctx, '1.2')) yield* preflight(flow, progress, input);
    const { identity, workspace } = yield* prepareAzure(flow, progress, input);
    const { repository, job } = yield* prepareWorkspace(flow, progress, input, { identity, workspace }, endsAtMs);
    const { mark, ...run } = yield* notebooks(flow, progress, input, workspace, job, endsAtMs);
    const child = run.runs.find(({ role }) => role === 'notebooks');
    const declared = proves && declaredResults(run.result, child?.url);
    const verified = declared && (yield* proveResults(flow, progress, input, workspace, declared, mark));
    yield* reportEnd(ctx, { operation: 'deploy', deployment: input.deployment, startedMs, steps: progress.steps });
    return {
      identity,
      workspace,
      repository,
      job,
      ...run,
      ...(verified && { verified }),
      links: progress.links,
    };
  } catch (error) {
    // Of older instances too: they never went on after a failure, so their histories hold no other step here.
    const active = yield* endAll(flow, progress, input, error);
    const thrown = progress.fail(error, active);
    const { deployment } = input;
    const { steps } = progress;
    yield* reportEnd(ctx, { operation: 'deploy', deployment, startedMs, steps, failure: toFailure(error) });
    throw thrown;
  }
};

/** The notebooks' end: that of this attempt, or the one that the attempt before has left to be proven. */
function* notebooks(
  flow: Flow,
  progress: Progress,
  input: steps.DeployInput,
  workspace: steps.Workspace,
  job: steps.Job,
  endsAtMs: number,
): Steps<NotebooksEnd & { mark: string }> {
  const { kept, deployment } = input;
  if (!kept?.notebooks) {
    if (input.mayStillRun) yield* endEarlierRuns(flow, progress, input, workspace, job);
    const end = yield* runNotebooks(flow, progress, input, workspace, job, endsAtMs);
    return { ...end, mark: attemptMark(deployment) };
  }
  const { runme, runs } = kept.notebooks;
  progress.keep('run', 'notebooks');
  const child = runs.find(({ role }) => role === 'notebooks');
  progress.link({ runmeRun: runme.url, ...(child && { notebooksRun: child.url }) });
  return kept.notebooks;
}

/** Ends what an earlier attempt has left running; throws RUN_NOT_ENDED, because two runs would write the same tables. */
function* endEarlierRuns(
  flow: Flow,
  progress: Progress,
  input: steps.DeployInput,
  workspace: steps.Workspace,
  job: steps.Job,
): Steps<void> {
  const { active } = yield* endRuns(flow, input, workspace, progress.begin('run'), someRunOf(job));
  const [first] = active;
  flow.requireUninterrupted();
  if (!first) return;
  const { runId, url } = first;
  throw new TerminalError('RUN_NOT_ENDED', `The run ${runId} of an earlier attempt would not end.`, { link: url });
}

/** Leaves no run active behind a deployment that did not succeed, whatever it was that ended it. */
function* endAll(flow: Flow, progress: Progress, input: steps.DeployInput, error: unknown): Steps<steps.ActiveRun[]> {
  const { workspace, job } = progress.known;
  if (!workspace || !job || !progress.hasBegun('run') || input.kept?.notebooks) return [];
  const { runmeRun: url } = progress.links;
  const suspected = url ? { runId: url.slice(url.lastIndexOf('/') + 1), job: job.jobId, url } : someRunOf(job);
  const cleanUp = flow.forCleanUp();
  const { cancelled, active } = yield* endRuns(cleanUp, input, workspace, progress.ending(error), suspected);
  if (active.length === 0) progress.end(yield* endsOf(cleanUp, workspace, cancelled));
  return active;
}

/** How runs that were cancelled have ended: the one that watches them was stopped before they were over. */
function* endsOf(
  flow: Flow,
  { resourceId, host }: steps.Workspace,
  cancelled: steps.ActiveRun[],
): Steps<steps.RunEnd[]> {
  const ends: steps.RunEnd[] = [];
  for (const { runId } of cancelled) {
    const outcome = (yield flow.ctx.df.callActivity(steps.readRun.name, {
      workspace: { resourceId, host },
      runId,
      seen: true,
    })) as Outcome<steps.RunView>;
    // What cannot be seen now is shown as it was seen last.
    if ('value' in outcome) ends.push({ runId, state: outcome.value.state });
  }
  return ends;
}

/** A run that may be there, of which nothing but its job is known. */
const someRunOf = ({ jobId, url }: steps.Job): steps.ActiveRun => ({ runId: `of job ${jobId}`, job: jobId, url });
