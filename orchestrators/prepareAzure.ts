import type { Task } from 'durable-functions';
import { DeploymentError, TerminalError } from '../domain/errors.ts';
import { limitsOf } from '../domain/limits.ts';
import { nextPollSeconds } from '../domain/polling.ts';
import * as steps from '../domain/steps.ts';
import type { Flow } from './flow.ts';
import type { Progress } from './progress.ts';
import { branch, runSideBySide } from './runSideBySide.ts';
import { runStep, sleep, type StepObserver } from './runStep.ts';
import { portalLink } from '../domain/ids.ts';

type Steps<T> = Generator<Task, T, unknown>;

export interface PreparedAzure {
  identity: steps.Identity;
  workspace: steps.Workspace & { created: boolean };
}

/** Identity and workspace side by side, then the identity's role on the workspace. */
export function* prepareAzure(flow: Flow, progress: Progress, input: steps.DeployInput): Steps<PreparedAzure> {
  const { deployment, kept } = input;
  if (kept?.identity && kept.workspace) {
    const { identity, workspace } = kept;
    progress.keep('identity', 'workspace', 'role');
    progress.know({ identity, workspace });
    progress.link(linksTo(workspace));
    return { identity, workspace };
  }
  const workspaceStep = progress.begin('workspace');
  const identityStep = progress.begin('identity');
  const [identity, accepted] = yield* runSideBySide(
    flow,
    branch(steps.ensureIdentity, deployment, { ...identityStep, succeeded: () => identityStep.done() }),
    branch(steps.ensureWorkspace, deployment, { ...workspaceStep, succeeded: () => workspaceStep.waiting() }),
  );
  progress.know({ identity });
  const workspace = yield* readyWorkspace(flow, input, accepted, workspaceStep);
  progress.know({ workspace });
  progress.link(linksTo(workspace));
  workspaceStep.done();

  const role = progress.begin('role');
  yield* runStep(flow, steps.assignRole, { ...deployment, identity, workspace }, role);
  role.done();
  return { identity, workspace };
}

/** Waits until the workspace is there; an event about it is as good as the next look's time. */
function* readyWorkspace(
  whole: Flow,
  { deployment, polling, limits }: steps.DeployInput,
  accepted: steps.WorkspaceState,
  observer: StepObserver & { waiting(): void },
): Steps<PreparedAzure['workspace']> {
  const startedMs = whole.nowMs;
  const { workspaceSeconds } = limitsOf(limits);
  const flow = whole.within(
    startedMs + workspaceSeconds * 1000,
    () =>
      new TerminalError('WORKSPACE_TIMEOUT', `The workspace was not ready within ${workspaceSeconds / 60} minutes.`),
  );
  let state = accepted;
  while (state.state !== 'ready') {
    observer.waiting();
    const elapsedSeconds = (flow.nowMs - startedMs) / 1000;
    const { instanceId } = flow.ctx.df;
    const asked = state.retryAfterSeconds ?? nextPollSeconds(polling, 'workspace', elapsedSeconds, instanceId);
    yield* sleep(flow, Math.max(asked, polling.floorSeconds), observer, { wakeable: true });
    state = yield* lookAtWorkspace(flow, deployment, accepted, observer);
  }
  return { resourceId: state.resourceId, host: state.host ?? '', created: state.created };
}

/** One look; when the creation has failed, another one by the operation's address, which alone tells why. */
function* lookAtWorkspace(
  flow: Flow,
  deployment: steps.Deployment,
  { operationUrl, ...workspace }: steps.WorkspaceState,
  observer: StepObserver,
): Steps<steps.WorkspaceState> {
  try {
    // Without the address: it is long and signed, and each look would put it into the history twice.
    return yield* runStep(flow, steps.readWorkspace, { ...deployment, workspace }, observer);
  } catch (error) {
    const hasFailed = error instanceof DeploymentError && error.failure.code === 'WORKSPACE_FAILED';
    if (!hasFailed || !operationUrl) throw error;
    const input = { ...deployment, workspace: { ...workspace, operationUrl } };
    return yield* runStep(flow, steps.readWorkspace, input, observer);
  }
}

const linksTo = ({ host, resourceId }: steps.Workspace): { workspace: string; portal: string } => ({
  workspace: `https://${host}`,
  portal: portalLink(resourceId),
});
