import type { Task } from 'durable-functions';
import { failureIn } from '../domain/preflight.ts';
import * as steps from '../domain/steps.ts';
import type { Flow } from './flow.ts';
import type { Progress } from './progress.ts';
import { runStep } from './runStep.ts';

/** Asks a workspace once whether it offers what the clusters need; throws what is surely wrong and keeps the warnings. */
export function* checkOffers(
  flow: Flow,
  progress: Progress,
  deployment: steps.Deployment,
  { resourceId, host }: steps.Workspace,
): Generator<Task, void, unknown> {
  const step = progress.begin('compute');
  const input = { ...deployment, workspace: { resourceId, host } };
  const { findings } = yield* runStep(flow, steps.checkCompute, input, step);
  progress.warn(findings);
  const failure = failureIn(findings);
  if (failure) throw failure;
  step.done();
}
