import { randomUUID } from 'node:crypto';
import { type ArmContext, keyOf, type Operation, type Workspace } from './armState.ts';
import { scenarioFor } from './scenarios.ts';
import type { SubscriptionEvents } from './subscriptionEvents.ts';
import { dropAssignmentsOn } from './userAssignedIdentities.ts';

/** Implemented by the Databricks emulator: the data plane of the workspaces. */
export interface WorkspaceBackend {
  /**
   * Makes the workspace's data plane; `host` is what ARM shows as workspaceUrl, e.g. `localhost:41234`. Called once for
   * each creation; again with the same `workspaceId` only if the process ended before the answer had been kept.
   */
  createWorkspace(workspace: {
    resourceId: string;
    workspaceId: string;
    name: string;
    location: string;
  }): Promise<{ host: string }>;
  deleteWorkspace(resourceId: string): Promise<void>;
}

/** Creates and deletes workspaces in the time that the clock gives them; goes on where a former process stopped. */
export interface WorkspaceLifecycle {
  /** Begins the creation of a workspace that has just been accepted, or is tried again after it failed. */
  create(workspace: Omit<Workspace, 'state' | 'operationId'>): { workspace: Workspace; operation: Operation };
  /** `force`: with the data of its own catalog, which else outlives it with the managed group. */
  delete(workspace: Workspace, force: boolean): { workspace: Workspace; operation: Operation };
  /** `Accepted` at first, then what the operation is doing. */
  progress(operation: Operation): string;
  /** Resolves when nothing is half done: an operation that is due has ended. */
  settled(operationId: string): Promise<void>;
  close(): Promise<void>;
}

export function workspaceLifecycle(
  { state, clock }: ArmContext,
  backend: WorkspaceBackend,
  secondsFor: (workspaceName: string) => number,
  events: SubscriptionEvents,
): WorkspaceLifecycle {
  const timers = new Map<string, () => void>();
  const endings = new Map<string, Promise<void>>();

  const schedule = (operation: Operation): void => {
    if (operation.dueMs === undefined) return;
    const { id } = operation;
    const end = (): void => {
      timers.delete(id);
      const ending = (operation.kind === 'create' ? endCreation : endDeletion)(
        { state, clock, events },
        backend,
        operation,
      );
      endings.set(
        id,
        ending.finally(() => endings.delete(id)),
      );
    };
    timers.set(id, clock.setTimer(operation.dueMs, end));
  };

  const begin = (
    kind: Operation['kind'],
    workspace: Omit<Workspace, 'state' | 'operationId'>,
    more: Partial<Operation>,
  ) => {
    const id = randomUUID();
    const startedMs = clock.now();
    const operation: Operation = { id, kind, resourceId: workspace.id, startedMs, status: 'running', ...more };
    const begun: Workspace = { ...workspace, state: kind === 'create' ? 'creating' : 'deleting', operationId: id };
    state.workspaces.set(keyOf(workspace.id), begun);
    state.operations.set(id, operation);
    schedule(operation);
    return { workspace: begun, operation };
  };

  for (const operation of state.operations.values()) if (operation.status === 'running') schedule(operation);

  const dueMs = ({ name }: { name: string }, seconds = secondsFor(name)): number => clock.now() + seconds * 1000;
  return {
    create(workspace) {
      const { scenarios } = state;
      const taken = takeManagedGroup(state, workspace);
      const agreed = scenarioFor(scenarios, 'workspaceFails', workspace.name);
      const failure = taken ?? (agreed && { code: agreed.code, message: agreed.message });
      const never = scenarioFor(scenarios, 'neverReady', workspace.name);
      const slow = scenarioFor(scenarios, 'workspaceSlow', workspace.name);
      const shownAs = (never ?? slow)?.state;
      return begin('create', workspace, {
        ...(!never && { dueMs: dueMs(workspace, slow?.seconds) }),
        ...(failure && { failure }),
        ...(agreed?.state === 'Canceled' && { cancels: true }),
        ...(shownAs !== undefined && { shownAs }),
      });
    },
    delete(workspace, force) {
      const agreed = scenarioFor(state.scenarios, 'deletionFails', workspace.name);
      const retains = !force && scenarioFor(state.scenarios, 'unityEnabled', workspace.name) !== undefined;
      return begin('delete', workspace, {
        dueMs: dueMs(workspace),
        ...(retains && { retains }),
        ...(agreed && { failure: { code: agreed.code, message: agreed.message } }),
        ...(agreed?.state === 'Canceled' && { cancels: true }),
      });
    },
    progress: (operation) =>
      progressOf(operation, clock.now(), secondsFor(operation.resourceId.split('/').at(-1) ?? '')),
    async settled(operationId) {
      // A timer that is due already fires in a microtask of its own.
      await Promise.resolve();
      await endings.get(operationId);
    },
    async close() {
      for (const cancel of timers.values()) cancel();
      await Promise.allSettled(endings.values());
    },
  };
}

function progressOf({ kind, startedMs, shownAs }: Operation, nowMs: number, workspaceSeconds: number): string {
  if (shownAs !== undefined) return shownAs;
  if (nowMs - startedMs < workspaceSeconds * 250) return 'Accepted';
  return kind === 'create' ? 'Creating' : 'Deleting';
}

/**
 * Databricks makes the managed group itself; the creation fails, after its acceptance, on one that is there already, be
 * it what an earlier workspace of the same id has left. One that failed takes up its own.
 */
function takeManagedGroup(
  { groups, workspaces }: ArmContext['state'],
  { id, location, managedResourceGroupId }: Omit<Workspace, 'state' | 'operationId'>,
): Operation['failure'] {
  const there = groups.get(keyOf(managedResourceGroupId));
  if (there && (there.managedBy !== id || !workspaces.get(keyOf(id)))) {
    return {
      code: 'ApplianceProvisioningFailed',
      message: `The managed resource group '${managedResourceGroupId}' already exists. Please specify a new non-existent managed resource group`,
    };
  }
  const name = managedResourceGroupId.split('/').at(-1) ?? '';
  groups.set(keyOf(managedResourceGroupId), { id: managedResourceGroupId, name, location, tags: {}, managedBy: id });
  return undefined;
}

type Ending = Pick<ArmContext, 'state' | 'clock'> & { events: SubscriptionEvents };

async function endCreation(
  { state, clock, events }: Ending,
  backend: WorkspaceBackend,
  operation: Operation,
): Promise<void> {
  const key = keyOf(operation.resourceId);
  const workspace = state.workspaces.get(key);
  if (!workspace) return;
  let { failure } = operation;
  let host: string | undefined;
  if (!failure) {
    const { id, workspaceId, name, location } = workspace;
    try {
      ({ host } = await backend.createWorkspace({ resourceId: id, workspaceId, name, location }));
    } catch (error) {
      failure = {
        code: 'ApplianceProvisioningFailed',
        message: error instanceof Error ? error.message : String(error),
      };
    }
  }
  const ended = failure ? 'failed' : 'succeeded';
  // The tags may have been changed meanwhile, so the document is read again.
  const latest = state.workspaces.get(key) ?? workspace;
  state.workspaces.set(key, { ...latest, state: ended, updatedMs: clock.now(), ...(host && { host }) });
  state.operations.set(operation.id, { ...operation, status: ended, ...(failure && { failure }) });
  events.tell('write', failure ? 'Failure' : 'Success', latest);
}

async function endDeletion({ state, events }: Ending, backend: WorkspaceBackend, operation: Operation): Promise<void> {
  const key = keyOf(operation.resourceId);
  const workspace = state.workspaces.get(key);
  if (!workspace) return;
  const failure = operation.failure ?? (await deprovision(backend, workspace));
  if (failure) {
    state.workspaces.set(key, { ...workspace, state: 'failed' });
    state.operations.set(operation.id, { ...operation, status: 'failed', failure });
    events.tell('delete', 'Failure', workspace);
    return;
  }
  const managed = keyOf(workspace.managedResourceGroupId);
  if (state.groups.get(managed)?.managedBy === workspace.id && !operation.retains) state.groups.delete(managed);
  dropAssignmentsOn(state, workspace.id);
  state.workspaces.delete(key);
  state.operations.set(operation.id, { ...operation, status: 'succeeded' });
  events.tell('delete', 'Success', workspace);
}

async function deprovision(backend: WorkspaceBackend, { id, host }: Workspace): Promise<Operation['failure']> {
  try {
    if (host) await backend.deleteWorkspace(id);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { code: 'ApplianceDeprovisioningFailed', message };
  }
}
