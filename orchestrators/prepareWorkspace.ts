import type { Task } from 'durable-functions';
import { storageInstanceId } from '../domain/ids.ts';
import { limitsOf } from '../domain/limits.ts';
import * as steps from '../domain/steps.ts';
import { checkOffers } from './checkOffers.ts';
import type { Flow } from './flow.ts';
import { isSince } from './isSince.ts';
import type { PreparedAzure } from './prepareAzure.ts';
import type { Progress } from './progress.ts';
import { runChild } from './runChild.ts';
import { runStep } from './runStep.ts';
import type { WaitForStorageInput } from './waitForStorage.ts';

type Steps<T> = Generator<Task, T, unknown>;

/** Storage, the identity's entry in the workspace, the repository and the job. */
export function* prepareWorkspace(
  flow: Flow,
  progress: Progress,
  input: steps.DeployInput,
  { identity, workspace }: PreparedAzure,
  endsAtMs: number,
): Steps<{ repository: steps.Repository; job: steps.Job }> {
  const { deployment, kept } = input;
  if (kept?.workspace && kept.from !== 'storage') progress.keep('storage', 'principal');
  else {
    yield* awaitStorage(flow, progress, input, workspace, endsAtMs);
    const principal = progress.begin('principal');
    yield* runStep(flow, steps.registerIdentity, { workspace, identity }, principal);
    principal.done();
  }
  // The repository may have been mended since, so only notebooks that are over keep theirs.
  if (kept?.notebooks && kept.repository && kept.job) {
    const { repository, job } = kept;
    progress.keep('repository', 'job');
    progress.know({ repository, job });
    progress.link({ job: job.url });
    return { repository, job };
  }
  // In seconds here, or after the minutes that a cluster takes to fail. A workspace that was there has been asked before.
  if (isSince(flow.ctx, '1.2') && !progress.hasBegun('compute'))
    yield* checkOffers(flow, progress, deployment, workspace);
  const clone = progress.begin('repository');
  const repository = yield* runStep(flow, steps.ensureRepo, { ...deployment, workspace }, clone);
  progress.know({ repository });
  clone.done();

  const create = progress.begin('job');
  const job = yield* runStep(flow, steps.ensureJob, { ...deployment, workspace, repository }, create);
  progress.know({ job });
  progress.link({ job: job.url });
  create.done();
  return { repository, job };
}

function* awaitStorage(
  flow: Flow,
  progress: Progress,
  { deployment, polling, limits }: steps.DeployInput,
  { resourceId, host }: steps.Workspace,
  endsAtMs: number,
): Steps<void> {
  const storage = progress.begin('storage');
  storage.waiting();
  const { storageSeconds: limitSeconds } = limitsOf(limits);
  const wait: WaitForStorageInput = { workspace: { resourceId, host }, polling, limitSeconds, endsAtMs };
  const instanceId = storageInstanceId(deployment.id, deployment.attempt);
  const { waitedSeconds } = yield* runChild<{ waitedSeconds: number }>(flow, 'waitForStorage', wait, instanceId);
  storage.waited(waitedSeconds);
  storage.done();
}
