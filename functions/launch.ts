import { type DurableClient, type DurableOrchestrationStatus, OrchestrationRuntimeStatus } from 'durable-functions';
import { TerminalError } from '../domain/errors.ts';
import { deploymentId, identityNameFor, isDeploymentId, watchInstanceId } from '../domain/ids.ts';
import { usualLimits } from '../domain/limits.ts';
import type { DeploymentRequest, RequestFault } from '../domain/request.ts';
import type { DeployStatus } from '../domain/status.ts';
import type { DeployInput, EarlierAttempt, Kept } from '../domain/steps.ts';
import { allActive, thoseIn } from './activeDeployments.ts';
import { admit } from './admission.ts';
import type { Caller } from './caller.ts';
import { FaultyRequest } from './faultyRequest.ts';
import { refuseTooMany, startsWith } from './quota.ts';
import { deployerSettings } from './settings.ts';
import { isActive, isDeployment, stateOf, statusOf } from './statusResource.ts';

/** A request that the settings do not allow. */
export class NotAllowed extends FaultyRequest {
  constructor(faults: RequestFault[]) {
    super('NOT_ALLOWED', 'The settings do not allow this target.', faults);
  }
}

export interface Launched {
  status: DurableOrchestrationStatus;
  /** Whether this call has started an attempt; false when the same request had been started before. */
  started: boolean;
}

/**
 * Starts a deployment, or finds the one that the same request has started: active, or succeeded. Throws `NotAllowed`,
 * DEPLOYMENT_CONFLICT when the target is being deployed with another request, TOO_MANY_DEPLOYMENTS, TOO_MANY_STARTS.
 */
export async function launch(client: DurableClient, request: DeploymentRequest, caller: Caller): Promise<Launched> {
  const { deployment, known, same } = await consider(client, request);
  if (known && same && (isActive(known) || known.runtimeStatus === OrchestrationRuntimeStatus.Completed))
    return { status: known, started: false };
  return start(client, { deployment, known, caller });
}

/** The deployment that a request asks for, what is known of it, and whether that is of the same request; throws like `launch`. */
export async function consider(
  client: DurableClient,
  request: DeploymentRequest,
): Promise<Pick<Start, 'deployment' | 'known'> & { same: boolean }> {
  const admitted = admit(request);
  if ('faults' in admitted) throw new NotAllowed(admitted.faults);
  const { AZURE_SUBSCRIPTION_ID: subscriptionId } = deployerSettings();
  const id = deploymentId({ subscriptionId, ...request });
  const known = await deploymentOf(client, id);
  const same = known?.name === 'deploy' && sameRequest(known, request, admitted.location);
  if (known && isActive(known) && !same) {
    throw new TerminalError(
      'DEPLOYMENT_CONFLICT',
      `The deployment ${id} of the same target is running with another request, or is being deleted.`,
    );
  }
  return { deployment: { id, subscriptionId, request, ...admitted }, known, same };
}

/** Starts the next attempt of a deployment that is over, with what it takes over from the last one. */
export function relaunch(
  client: DurableClient,
  known: DurableOrchestrationStatus,
  kept: Kept,
  caller: Caller,
): Promise<Launched> {
  const { id, subscriptionId, request, ...rest } = (known.input as DeployInput).deployment;
  const admitted = admit(request);
  if ('faults' in admitted) throw new NotAllowed(admitted.faults);
  return start(client, { deployment: { ...rest, id, subscriptionId, request, ...admitted }, known, kept, caller });
}

/** The deployment of this id as the backend knows it. */
export async function deploymentOf(client: DurableClient, id: string): Promise<DurableOrchestrationStatus | undefined> {
  const found = await statusOf(client, id);
  return found && isDeployment(found) ? found : undefined;
}

/** The same; throws DEPLOYMENT_NOT_FOUND. */
export async function requireDeployment(
  client: DurableClient,
  id: string | undefined,
): Promise<DurableOrchestrationStatus> {
  const found = id && isDeploymentId(id) ? await deploymentOf(client, id) : undefined;
  if (!found) throw new TerminalError('DEPLOYMENT_NOT_FOUND', 'There is no deployment of this id.');
  return found;
}

interface Start {
  deployment: Omit<DeployInput['deployment'], 'attempt' | 'stamp'>;
  known: DurableOrchestrationStatus | undefined;
  kept?: Kept;
  caller: Caller;
}

/** Starts the orchestration; a twin that came first is as good. */
async function start(client: DurableClient, { deployment, known, kept, caller }: Start): Promise<Launched> {
  const active = await allActive(client);
  await refuseTooMany(client, caller, active);
  refuseBesideDeletion(active, deployment);
  const input: DeployInput = {
    ...inputAfter(known, deployment, caller),
    ...(kept && { kept }),
    ...(known && mayStillRun(known) && { mayStillRun: true }),
  };
  const { id, request, location } = deployment;
  let started = true;
  if (input.mayStillRun) await stopWatching(client, id, input.deployment.attempt - 1);
  try {
    await client.startNew('deploy', { instanceId: id, input });
  } catch (error) {
    const twin = error instanceof Error && /\b409\b/.test(error.message) ? await statusOf(client, id) : undefined;
    if (!twin) throw error;
    if (twin.name !== 'deploy' || !sameRequest(twin, request, location)) {
      throw new TerminalError(
        'DEPLOYMENT_CONFLICT',
        `The deployment ${id} of the same target was started with another request.`,
      );
    }
    started = false;
  }
  const status = await statusOf(client, id);
  if (!status) throw new Error(`the deployment ${id} was started and is not there`);
  return { status, started };
}

/** Refuses to begin in a workspace that another deployment's deletion may be about to take away. */
function refuseBesideDeletion(active: DurableOrchestrationStatus[], { id, request }: Start['deployment']): void {
  const deletion = thoseIn(request, active).find(({ name, instanceId }) => name === 'destroy' && instanceId !== id);
  if (!deletion) return;
  throw new TerminalError(
    'DEPLOYMENT_CONFLICT',
    `The deployment ${deletion.instanceId} in the same workspace is being deleted.`,
  );
}

/** What the next orchestration of a deployment is started with, after the one that is known. */
export function inputAfter(
  known: DurableOrchestrationStatus | undefined,
  deployment: Start['deployment'],
  caller: Start['caller'],
): DeployInput {
  const settings = deployerSettings();
  const earlierAttempts = known ? earlierAttemptsOf(known) : [];
  return {
    deployment: {
      ...deployment,
      attempt: (earlierAttempts.at(-1)?.attempt ?? 0) + 1,
      stamp: Date.now().toString(36),
    },
    polling: {
      floorSeconds: settings.POLL_FLOOR_SECONDS,
      ceilingSeconds: settings.POLL_CEILING_SECONDS,
      expectedSeconds: settings.EXPECTED_SECONDS,
    },
    limits: limitsFrom(settings.LIMIT_SECONDS),
    earlierAttempts,
    ...(caller.name && { requestedBy: caller.name }),
    starts: startsWith(known?.input as DeployInput | undefined, caller),
  };
}

/**
 * Whether runs of the last attempt may be active: it was terminated, it crashed, or Databricks would not end them; or those
 * of the one before, when it, or a deletion, did not come so far as to end them.
 */
function mayStillRun({ name, runtimeStatus, customStatus, input }: DurableOrchestrationStatus): boolean {
  const custom = customStatus as DeployStatus | null;
  const { Completed, Failed } = OrchestrationRuntimeStatus;
  const hasFailed = runtimeStatus === Failed && name === 'deploy' && custom?.failure !== undefined;
  const endedItself = runtimeStatus === Completed || hasFailed;
  if (!endedItself || (custom?.activeRuns ?? []).length > 0) return true;
  const hasBegun = custom?.steps?.some(({ name, state }) => name === 'run' && state !== 'pending');
  return (input as DeployInput).mayStillRun === true && !hasBegun;
}

/** Ends the watch of an attempt that was terminated, which goes on without its parent and might repair the run. */
async function stopWatching(client: DurableClient, id: string, attempt: number): Promise<void> {
  const watch = await statusOf(client, watchInstanceId(id, attempt));
  if (watch && isActive(watch)) await client.raiseEvent(watch.instanceId, 'stop', {});
}

// More would not fit beside the rest of a record, and nobody reads them.
const mostEarlierAttempts = 20;

function earlierAttemptsOf(known: DurableOrchestrationStatus): EarlierAttempt[] {
  const { deployment, earlierAttempts } = known.input as DeployInput;
  const failure = (known.customStatus as DeployStatus | null)?.failure;
  const last = {
    attempt: deployment.attempt,
    startedAt: new Date(known.createdTime).toISOString(),
    endedAt: new Date(known.lastUpdatedTime).toISOString(),
    outcome: stateOf(known),
    ...(failure && { code: failure.code, step: failure.step }),
  };
  return [...earlierAttempts, last].slice(-mostEarlierAttempts);
}

const limitsFrom = (wished: Record<string, number | undefined>): NonNullable<DeployInput['limits']> => ({
  ...usualLimits,
  ...Object.fromEntries(
    Object.entries(wished).flatMap(([name, seconds]) => (seconds === undefined ? [] : [[`${name}Seconds`, seconds]])),
  ),
});

/** Whether both ask for the same, however they spell it: Azure's and GitHub's names know no case, and a default may be written out. */
function sameRequest(known: DurableOrchestrationStatus, request: DeploymentRequest, location: string): boolean {
  const { deployment } = known.input as DeployInput;
  return canonical(resolved(deployment.request, deployment.location)) === canonical(resolved(request, location));
}

const resolved = (request: DeploymentRequest, location: string): DeploymentRequest => ({
  ...request,
  location,
  accelerator:
    typeof request.accelerator === 'string'
      ? request.accelerator
      : { ...request.accelerator, repositoryUrl: request.accelerator.repositoryUrl.toLowerCase() },
  resourceGroup: request.resourceGroup.toLowerCase(),
  workspaceName: request.workspaceName.toLowerCase(),
  identityName: (request.identityName ?? identityNameFor(request.workspaceName)).toLowerCase(),
});

/** JSON with sorted keys, so that equal requests have equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}
