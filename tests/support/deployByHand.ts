import { assignRole } from '../../activities/assignRole.ts';
import { ensureIdentity } from '../../activities/ensureIdentity.ts';
import { ensureJob } from '../../activities/ensureJob.ts';
import { ensureRepo } from '../../activities/ensureRepo.ts';
import { ensureWarehouse } from '../../activities/ensureWarehouse.ts';
import { readRun } from '../../activities/readRun.ts';
import { registerIdentity } from '../../activities/registerIdentity.ts';
import { submitRun } from '../../activities/submitRun.ts';
import { isOver } from '../../domain/runs.ts';
import type { Deployment, Workspace } from '../../domain/steps.ts';
import type { ActivityCloud } from './activityCloud.ts';
import { quickLatencies } from '../../local/simulation/quickCloud.ts';

/** Does by the activities alone what a deployment does in a workspace that is ready, without the proof. */
export async function deployByHand(
  activities: ActivityCloud,
  deployment: Deployment,
  workspace: Workspace,
): Promise<void> {
  const input = { ...deployment, workspace };
  const identity = await ensureIdentity(deployment);
  activities.clock.advance(quickLatencies.replicationSeconds * 1000);
  await assignRole({ ...input, identity });
  await registerIdentity({ workspace, identity });
  const job = await ensureJob({ ...input, repository: await ensureRepo(input) });
  const { runId } = await submitRun({ ...input, job });
  const runme = await finishRun(activities, workspace, runId);
  if (runme.state !== 'succeeded') throw new Error(JSON.stringify(runme));
  const child = JSON.parse(runme.results['RUNME'] ?? '{}') as { run_id?: string };
  await finishRun(activities, workspace, child.run_id ?? '');
  await ensureWarehouse(input);
}

/** Looks at a run, and moves the clock, until it is over. */
export async function finishRun(
  activities: ActivityCloud,
  workspace: Workspace,
  runId: string,
): ReturnType<typeof readRun> {
  for (let looks = 0; looks < 500; looks++) {
    const run = await readRun({ workspace, runId });
    if (isOver(run.state)) return run;
    // In small steps, because an acted notebook calls its workspace meanwhile, in no time of the clock.
    activities.clock.advance(1000);
  }
  throw new Error(`the run ${runId} does not end`);
}
