import type { Task } from 'durable-functions';
import { TerminalError } from '../domain/errors.ts';
import { limitsOf } from '../domain/limits.ts';
import { nextPollSeconds } from '../domain/polling.ts';
import type { Removed, RemovalScope } from '../domain/removal.ts';
import * as steps from '../domain/steps.ts';
import type { Flow } from './flow.ts';
import type { Progress } from './progress.ts';
import { runStep, sleep, type StepObserver } from './runStep.ts';
import { portalLink } from '../domain/ids.ts';

type Steps<T> = Generator<Task, T, unknown>;

/** Deletes the workspace that carries the deployment's tag and waits until it and its managed resource group are gone. */
export function* endWorkspace(
  flow: Flow,
  progress: Progress,
  input: steps.DestroyInput,
  scope: RemovalScope,
): Steps<Removed> {
  const result: Removed = { removed: [], kept: [], warnings: [] };
  if (scope.ownsWorkspace) {
    const observer = progress.begin('removeWorkspace');
    yield* removedWorkspace(flow, input, scope, observer);
    observer.done();
    result.removed.push({ kind: 'workspace', name: input.deployment.request.workspaceName });
  }
  const { managedGroupId } = scope;
  if (managedGroupId === undefined) return result;
  const observer = progress.begin('removeManagedGroup');
  const name = managedGroupId.split('/').at(-1) ?? '';
  const state = yield* removedGroup(flow, input, scope, managedGroupId, observer);
  observer.done();
  if (state === 'gone' && scope.ownsWorkspace) result.removed.push({ kind: 'managedResourceGroup', name });
  if (state === 'hidden' && scope.ownsWorkspace)
    result.warnings?.push(`The app may not look whether the managed resource group ${name} is gone: see the portal.`);
  if (state === 'there')
    result.warnings?.push(`The managed resource group ${name} is still there, without its workspace: see the portal.`);
  return result;
}

function* removedWorkspace(
  flow: Flow,
  input: steps.DestroyInput,
  scope: RemovalScope,
  observer: StepObserver & { waiting(): void },
): Steps<void> {
  const { deployment } = input;
  const { operationUrl, ...asked } = yield* runStep(flow, steps.removeWorkspace, { ...deployment, scope }, observer);
  const wait = waiting(flow, input, `The workspace ${deployment.request.workspaceName}`);
  let seen: steps.WorkspaceRemoval = asked;
  while (seen.state !== 'gone') {
    yield* wait(observer, seen.retryAfterSeconds);
    // Without the address: it is long and signed, and each look would put it into the history twice.
    const look = { ...deployment, removal: { state: seen.state } };
    seen = yield* runStep(flow, steps.readRemovedWorkspace, look, observer);
    if (seen.state !== 'failed' || !operationUrl) continue;
    const closer = { ...deployment, removal: { ...seen, operationUrl } };
    seen = yield* runStep(flow, steps.readRemovedWorkspace, closer, observer);
  }
}

function* removedGroup(
  flow: Flow,
  input: steps.DestroyInput,
  { ownsWorkspace }: RemovalScope,
  managedGroupId: string,
  observer: StepObserver & { waiting(): void },
): Steps<steps.ManagedGroup['state']> {
  const wait = waiting(flow, input, `The managed resource group ${managedGroupId}`, portalLink(managedGroupId));
  for (;;) {
    const { state } = yield* runStep(flow, steps.readManagedGroup, { managedGroupId }, observer);
    // Where somebody else has deleted the workspace, Azure may keep the group for ever.
    if (state !== 'there' || !ownsWorkspace) return state;
    yield* wait(observer);
  }
}

/** Pauses between two looks; throws REMOVAL_TIMEOUT when all of them together have taken too long. */
function waiting(
  flow: Flow,
  { polling, limits }: steps.DestroyInput,
  what: string,
  link?: string,
): (observer: StepObserver & { waiting(): void }, asked?: number) => Steps<void> {
  const startedMs = flow.nowMs;
  const { removalSeconds } = limitsOf(limits);
  return function* (observer, asked) {
    const elapsedSeconds = (flow.nowMs - startedMs) / 1000;
    if (elapsedSeconds >= removalSeconds)
      throw new TerminalError('REMOVAL_TIMEOUT', `${what} was not gone within ${removalSeconds / 60} minutes.`, {
        link,
      });
    observer.waiting();
    const seconds = asked ?? nextPollSeconds(polling, 'workspace', elapsedSeconds, flow.ctx.df.instanceId);
    yield* sleep(flow, Math.max(seconds, polling.floorSeconds), observer, { wakeable: true });
  };
}
