import type { OrchestrationContext, OrchestrationHandler, Task } from 'durable-functions';
import { DeploymentError, TerminalError } from '../domain/errors.ts';
import { storageInstanceId, watchInstanceId } from '../domain/ids.ts';
import { type Outcome, valueOf } from '../domain/outcome.ts';
import { nextPollSeconds } from '../domain/polling.ts';
import { type DeclaredResults, declaredResults } from '../domain/results.ts';
import { type DeployOutput, stepNames, type WatchResult } from '../domain/status.ts';
import * as steps from '../domain/steps.ts';
import { Progress } from './progress.ts';
import { proveResults } from './proveResults.ts';
import { runSideBySide, branch } from './runSideBySide.ts';
import { nowMs, runStep, sleep, type StepObserver } from './runStep.ts';
import type { WaitForStorageInput } from './waitForStorage.ts';
import type { WatchRunInput } from './watchRun.ts';

type Steps<T> = Generator<Task, T, unknown>;

/** Deploys one accelerator: Azure first, then the workspace, then the notebooks; every cloud effect exactly once. */
export const deploy: OrchestrationHandler = function* (ctx): Steps<DeployOutput> {
  const input = ctx.df.getInput<steps.DeployInput>();
  const { attempt, accelerator } = input.deployment;
  // Instances of version 1.0 end without a proof, as they began (docs/decisions/0006-orchestration-versions.md).
  const proves = ctx.df.version !== '1.0' && accelerator.verify !== false;
  const progress = new Progress(ctx, attempt, stepNames(proves));
  try {
    const azure = yield* prepareAzure(ctx, progress, input);
    const job = yield* prepareWorkspace(ctx, progress, input, azure);
    const { declared, ...run } = yield* runNotebooks(ctx, progress, input, azure.workspace, job.job, proves);
    const verified = declared && (yield* proveResults(ctx, progress, input, azure.workspace, declared));
    return { ...azure, ...job, ...run, ...(verified && { verified }), links: progress.links };
  } catch (error) {
    throw progress.fail(error);
  }
};

/** Identity and workspace side by side, then the identity's role on the workspace. */
function* prepareAzure(
  ctx: OrchestrationContext,
  progress: Progress,
  { deployment, polling }: steps.DeployInput,
): Steps<{ identity: steps.Identity; workspace: steps.Workspace & { created: boolean } }> {
  const workspaceStep = progress.begin('workspace');
  const identityStep = progress.begin('identity');
  const [identity, accepted] = yield* runSideBySide(
    ctx,
    branch(steps.ensureIdentity, deployment, { ...identityStep, succeeded: () => identityStep.done() }),
    branch(steps.ensureWorkspace, deployment, { ...workspaceStep, succeeded: () => workspaceStep.waiting() }),
  );

  let state = accepted;
  const startedMs = nowMs(ctx);
  while (state.state !== 'ready') {
    const elapsedSeconds = (nowMs(ctx) - startedMs) / 1000;
    if (elapsedSeconds > steps.limits.workspaceSeconds) {
      throw new TerminalError(
        'WORKSPACE_TIMEOUT',
        `The workspace was not ready within ${steps.limits.workspaceSeconds / 60} minutes.`,
      );
    }
    workspaceStep.waiting();
    const asked = state.retryAfterSeconds ?? nextPollSeconds(polling, 'workspace', elapsedSeconds, ctx.df.instanceId);
    yield* sleep(ctx, Math.max(asked, polling.floorSeconds), workspaceStep);
    state = yield* lookAtWorkspace(ctx, deployment, accepted, workspaceStep);
  }
  const workspace = { resourceId: state.resourceId, host: state.host ?? '', created: state.created };
  progress.link({
    workspace: `https://${workspace.host}`,
    portal: `https://portal.azure.com/#@/resource${state.resourceId}`,
  });
  workspaceStep.done();

  const role = progress.begin('role');
  yield* runStep(ctx, steps.assignRole, { ...deployment, identity, workspace }, role);
  role.done();
  return { identity, workspace };
}

/** One look; when the creation has failed, another one by the operation's address, which alone tells why. */
function* lookAtWorkspace(
  ctx: OrchestrationContext,
  deployment: steps.Deployment,
  { operationUrl, ...workspace }: steps.WorkspaceState,
  observer: StepObserver,
): Steps<steps.WorkspaceState> {
  try {
    // Without the address: it is long and signed, and each look would put it into the history twice.
    return yield* runStep(ctx, steps.readWorkspace, { ...deployment, workspace }, observer);
  } catch (error) {
    const hasFailed = error instanceof DeploymentError && error.failure.code === 'WORKSPACE_FAILED';
    if (!hasFailed || !operationUrl) throw error;
    const input = { ...deployment, workspace: { ...workspace, operationUrl } };
    return yield* runStep(ctx, steps.readWorkspace, input, observer);
  }
}

/** Storage, the identity's entry in the workspace, the repository and the job. */
function* prepareWorkspace(
  ctx: OrchestrationContext,
  progress: Progress,
  { deployment, polling }: steps.DeployInput,
  { identity, workspace }: { identity: steps.Identity; workspace: steps.Workspace },
): Steps<{ repository: steps.Repository; job: steps.Job }> {
  const storage = progress.begin('storage');
  storage.waiting();
  const wait: WaitForStorageInput = { workspace, polling };
  const waited = yield ctx.df.callSubOrchestrator(
    'waitForStorage',
    wait,
    storageInstanceId(deployment.id, deployment.attempt),
  );
  storage.waited(valueOf(waited as Outcome<{ waitedSeconds: number }>).waitedSeconds);
  storage.done();

  const principal = progress.begin('principal');
  yield* runStep(ctx, steps.registerIdentity, { workspace, identity }, principal);
  principal.done();

  const clone = progress.begin('repository');
  const repository = yield* runStep(ctx, steps.ensureRepo, { ...deployment, workspace }, clone);
  clone.done();

  const create = progress.begin('job');
  const job = yield* runStep(ctx, steps.ensureJob, { ...deployment, workspace, repository }, create);
  progress.link({ job: job.url });
  create.done();
  return { repository, job };
}

/** Starts RUNME and follows it and the notebooks to their end; `declared` is what there is to prove. */
function* runNotebooks(
  ctx: OrchestrationContext,
  progress: Progress,
  { deployment, polling }: steps.DeployInput,
  workspace: steps.Workspace,
  job: steps.Job,
  proves: boolean,
): Steps<{
  runme: steps.SubmittedRun;
  runs: WatchResult['runs'];
  result: unknown;
  declared?: DeclaredResults;
}> {
  const start = progress.begin('run');
  const runme = yield* runStep(ctx, steps.submitRun, { ...deployment, workspace, job }, start);
  progress.link({ runmeRun: runme.url });
  start.done();

  const notebooks = progress.begin('notebooks');
  notebooks.waiting();
  const watch: WatchRunInput = {
    workspace,
    polling,
    role: 'RUNME',
    runId: runme.runId,
    startedMs: 0,
    roleStartedMs: 0,
    ...(deployment.accelerator.companion && { companion: true }),
    status: { runs: [], waitedSeconds: 0 },
  };
  const watched = yield ctx.df.callSubOrchestrator(
    'watchRun',
    watch,
    watchInstanceId(deployment.id, deployment.attempt),
  );
  const { runs, waitedSeconds, result } = valueOf(watched as Outcome<WatchResult>);
  notebooks.waited(waitedSeconds);
  const child = runs.find(({ role }) => role === 'notebooks');
  if (child) progress.link({ notebooksRun: child.url });
  const declared = proves && declaredResults(result, child?.url);
  notebooks.done();
  return { runme, runs, result, ...(declared && { declared }) };
}
