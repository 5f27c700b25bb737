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
  if (kept?.identity && kept.workspace) {
    // Nothing is left to be made in Azure, and what went on beyond the storage had been looked at.
    progress.keep('preflight', ...(kept.from === 'storage' ? [] : (['compute'] as const)));
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
