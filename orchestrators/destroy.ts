import type { OrchestrationHandler, Task } from 'durable-functions';
import { DeploymentError, TerminalError, toFailure } from '../domain/errors.ts';
import { allRemoved, type Removed, type RemovalScope } from '../domain/removal.ts';
import { type DestroyOutput, removalStepNames, type StepName } from '../domain/status.ts';
import * as steps from '../domain/steps.ts';
import { endRuns } from './endRuns.ts';
import { endWorkspace } from './endWorkspace.ts';
import { Flow } from './flow.ts';
import { Progress } from './progress.ts';
import { reportEnd } from './reportEnd.ts';
import { runStep } from './runStep.ts';

type Steps<T> = Generator<Task, T, unknown>;

/**
 * Removes what a deployment made, by the marks on the things themselves. Every step looks for its things anew right
 * before it removes them, so a deletion that is asked for again goes on where the last one ended.
 */
export const destroy: OrchestrationHandler = function* (ctx): Steps<DestroyOutput> {
  const input = ctx.df.getInput<steps.DestroyInput>();
  const { deployment, data, neighbours = [] } = input;
  const progress = new Progress(ctx, deployment.attempt, removalStepNames);
  // Half of a deletion is worse than its end, so nothing interrupts it.
  const flow = Flow.of(ctx, 'cancel').forCleanUp();
  const ended = { operation: 'destroy' as const, deployment, startedMs: flow.nowMs };
  try {
    const question = { ...deployment, data, ...(neighbours.length > 0 && { neighbours }) };
    const look = progress.begin('removalPlan');
    const { plan, scope, refusal } = yield* runStep(flow, steps.readRemoval, question, look);
    if (refusal) throw new TerminalError('WORKSPACE_SHARED', `Nothing was removed: ${refusal}`);
    look.done();
    progress.leaveOut(...needless(scope, data));

    const inWorkspace = yield* emptyWorkspace(flow, progress, input, scope);
    const role = yield* one(flow, progress, 'removeRole', [steps.removeRole], { ...deployment, scope });
    const workspace = yield* endWorkspace(flow, progress, input, scope);
    const identity = yield* one(flow, progress, 'removeIdentity', [steps.removeIdentity], { ...deployment, scope });
    const { removed, kept, warnings = [] } = allRemoved([...inWorkspace, role, workspace, identity]);
    const known = new Set(kept.map(({ kind, name }) => `${kind} ${name}`));
    const left = plan.keep.filter(({ kind, name }) => !known.has(`${kind} ${name}`));
    yield* reportEnd(ctx, { ...ended, steps: progress.steps });
    return { data, removed, kept: [...kept, ...left], warnings };
  } catch (error) {
    const thrown = progress.fail(error);
    yield* reportEnd(ctx, { ...ended, steps: progress.steps, failure: toFailure(error) });
    throw thrown;
  }
};

/** The steps that have nothing to do. */
function needless({ workspace, ownsWorkspace, managedGroupId }: RemovalScope, data: boolean): StepName[] {
  const needed = {
    removeRuns: workspace,
    removeData: workspace && data,
    removeContents: workspace && !ownsWorkspace,
    removeWorkspace: ownsWorkspace,
    removeManagedGroup: managedGroupId,
  };
  return Object.entries(needed).flatMap(([name, wanted]) => (wanted ? [] : [name as keyof typeof needed]));
}

/** Ends the runs, and removes what lies in the workspace: the results first, because the jobs tell where they are. */
function* emptyWorkspace(
  flow: Flow,
  progress: Progress,
  input: steps.DestroyInput,
  { workspace, ownsWorkspace }: RemovalScope,
): Steps<Removed[]> {
  if (!workspace) return [];
  const about = { ...input.deployment, workspace };
  const parts = [yield* endAll(flow, progress, input, workspace)];
  if (input.data) parts.push(yield* one(flow, progress, 'removeData', [steps.removeData], about));
  // What is in a workspace that goes, goes with it.
  if (ownsWorkspace) return parts;
  const contents = [steps.removeJobs, steps.removeFolder, steps.removeWarehouse, steps.removePrincipal];
  return [...parts, yield* one(flow, progress, 'removeContents', contents, about)];
}

/** Also in a workspace that is deleted: Azure takes minutes for that, and a cluster is paid meanwhile. */
function* endAll(
  flow: Flow,
  progress: Progress,
  input: steps.DestroyInput,
  workspace: steps.Workspace,
): Steps<Removed> {
  const observer = progress.begin('removeRuns');
  const { cancelled, active, failure } = yield* endRuns(flow, input, workspace, observer);
  if (failure) throw DeploymentError.of(failure);
  const [first] = active;
  if (first) {
    const message = `${active.length} run(s) did not end though they were cancelled: run ${first.runId} of ${first.job}.`;
    throw new TerminalError('REMOVAL_TIMEOUT', message, { link: first.url });
  }
  observer.done();
  const removed = cancelled.map(({ runId, job, url }) => ({
    kind: 'run' as const,
    name: `${job}: run ${runId}`,
    link: url,
  }));
  return { removed, kept: [] };
}

/** Runs steps that are shown as one. */
function* one<I extends object>(
  flow: Flow,
  progress: Progress,
  name: StepName,
  parts: steps.Step<I, Removed>[],
  input: I,
): Steps<Removed> {
  const observer = progress.begin(name);
  const results: Removed[] = [];
  for (const part of parts) results.push(yield* runStep(flow, part, input, observer));
  observer.done();
  return allRemoved(results);
}
