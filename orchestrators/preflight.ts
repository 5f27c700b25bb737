import type { Task } from 'durable-functions';
import { failureIn } from '../domain/preflight.ts';
import * as steps from '../domain/steps.ts';
import { checkOffers } from './checkOffers.ts';
import type { Flow } from './flow.ts';
import type { Progress } from './progress.ts';
import { runStep } from './runStep.ts';

/** Looks before anything is made, into a workspace that is there too; throws what is surely wrong and keeps the warnings. */
export function* preflight(
  flow: Flow,
  progress: Progress,
  { deployment, kept }: steps.DeployInput,
): Generator<Task, void, unknown> {
  if (kept) {
    // An attempt that ends here leaves behind what the attempt before has left.
    const { from: _from, notebooks: _notebooks, ...known } = kept;
    progress.know(known);
  }
  // Nothing is going to be made or run, only read.
  if (kept?.notebooks) {
    progress.keep('preflight', 'compute');
    return;
  }
  const step = progress.begin('preflight');
  const input = { ...deployment, at: flow.ctx.df.currentUtcDateTime.toISOString() };
  const { findings, workspace } = yield* runStep(flow, steps.checkSubscription, input, step);
  progress.warn(findings);
  const failure = failureIn(findings);
  if (failure) throw failure;
  step.done();
  if (typeof workspace === 'string' || workspace.host === undefined) return;
  yield* checkOffers(flow, progress, deployment, { resourceId: workspace.resourceId, host: workspace.host });
}
