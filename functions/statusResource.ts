import type { HttpRequest, HttpResponseInit } from '@azure/functions';
import { type DurableClient, type DurableOrchestrationStatus, OrchestrationRuntimeStatus } from 'durable-functions';
import { entryOf, type ErrorCode } from '../domain/errorTable.ts';
import { acceleratorNameOf, storageInstanceId, watchInstanceId } from '../domain/ids.ts';
import {
  type DeploymentState,
  type DeployOutput,
  type DeployStatus,
  type DestroyOutput,
  type FailureView,
  type Links,
  type RunSummary,
  type StatusResource,
  type StorageStatus,
  type StepStatus,
  stepTitles,
  type WatchStatus,
} from '../domain/status.ts';
import { remaindersOf } from '../domain/remainders.ts';
import { isOver } from '../domain/runs.ts';
import type { DeployInput, RunEnd } from '../domain/steps.ts';
import { deployerSettings } from './settings.ts';
import { statusLink } from './statusLink.ts';

const { Completed, ContinuedAsNew, Failed, Pending, Running, Suspended, Terminated } = OrchestrationRuntimeStatus;

/** The states in which an orchestration can still change. */
export const activeStates = [Running, Pending, Suspended, ContinuedAsNew];

/** Whether an orchestration in this state can still change. */
export const isActive = ({ runtimeStatus }: DurableOrchestrationStatus): boolean =>
  activeStates.includes(runtimeStatus);

/** The orchestration's status, undefined when there is none of this id. */
export async function statusOf(client: DurableClient, id: string): Promise<DurableOrchestrationStatus | undefined> {
  try {
    return await client.getStatus(id);
  } catch (error) {
    // The client throws on 404 and says so only in words.
    if (error instanceof Error && error.message.includes('replied with HTTP 404')) return undefined;
    throw error;
  }
}

/** Whether it is a deployment that this app has started, and no other orchestration of the task hub. */
export const isDeployment = ({ name, input }: DurableOrchestrationStatus): boolean =>
  (name === 'deploy' || name === 'destroy') && typeof input === 'object' && input !== null && 'deployment' in input;

/** How a deployment is, in one word. */
export function stateOf({ name, runtimeStatus, customStatus }: DurableOrchestrationStatus): DeploymentState {
  const custom = customStatus as DeployStatus | null;
  if (runtimeStatus === Completed) return name === 'destroy' ? 'Deleted' : 'Succeeded';
  if (runtimeStatus === Failed) return custom?.failure?.code === 'CANCELLED' ? 'Cancelled' : 'Failed';
  if (runtimeStatus === Terminated) return 'Failed';
  if (name === 'destroy') return 'Deleting';
  // The failure is shown a moment before the end, while the end is reported.
  if ((custom?.ending ?? custom?.failure)?.code === 'CANCELLED') return 'Cancelling';
  return runtimeStatus === Pending ? 'Pending' : 'Running';
}

/** The status resource by the protocol of Durable's HTTP API: 202 with Location and Retry-After while running, 200 when over. */
export async function statusReply(
  request: HttpRequest,
  client: DurableClient,
  status: DurableOrchestrationStatus,
  link = statusLink(new URL(request.url).origin, status.instanceId),
): Promise<HttpResponseInit> {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  const body = JSON.stringify(await statusResource(client, status, link));
  if (!isActive(status)) return { status: 200, headers, body };
  const retryAfter = String(Math.ceil(deployerSettings().POLL_FLOOR_SECONDS));
  return { status: 202, headers: { ...headers, location: link, 'retry-after': retryAfter }, body };
}

/** What a caller may see of a deployment; never its input as such. */
async function statusResource(
  client: DurableClient,
  status: DurableOrchestrationStatus,
  statusQueryGetUri: string,
): Promise<StatusResource> {
  const { deployment, requestedBy, earlierAttempts, kept } = status.input as DeployInput;
  const custom = status.customStatus as DeployStatus | null;
  const isOver = status.runtimeStatus === Completed;
  const output = isOver && status.name === 'deploy' ? (status.output as DeployOutput) : undefined;
  const deletion = isOver && status.name === 'destroy' ? (status.output as DestroyOutput) : undefined;
  const watch = await watchStatus(client, status.instanceId, custom, output ?? kept?.notebooks);
  const storage = await storageStatus(client, status, custom);
  const failure = failureOf(status, custom);
  return {
    id: status.instanceId,
    name: status.name,
    instanceId: status.instanceId,
    runtimeStatus: status.runtimeStatus,
    customStatus: status.customStatus,
    output: status.output,
    createdTime: new Date(status.createdTime).toISOString(),
    lastUpdatedTime: new Date(status.lastUpdatedTime).toISOString(),
    accelerator: acceleratorNameOf(deployment),
    state: stateOf(status),
    target: {
      resourceGroup: deployment.request.resourceGroup,
      workspaceName: deployment.request.workspaceName,
      location: deployment.location,
    },
    ...(requestedBy && { requestedBy }),
    attempt: deployment.attempt,
    earlierAttempts,
    phase: isOver ? 'Done' : custom ? stepTitles[custom.phase] : 'Waiting to start',
    steps: (custom?.steps ?? []).map((step) => ({ title: stepTitles[step.name], ...withChild(step, watch, storage) })),
    runs: (watch?.runs ?? []).map((run) => withEnd(run, custom?.runEnds)),
    links: { ...custom?.links, ...linksOf(watch), ...output?.links },
    ...(output && { results: output.result }),
    ...(output?.verified && { verified: output.verified }),
    ...(custom?.warnings && { warnings: custom.warnings }),
    ...(deletion && { removed: deletion.removed, kept: deletion.kept, notes: deletion.warnings }),
    ...(failure && { failure, remains: remaindersOf(deployment, custom) }),
    statusQueryGetUri,
  };
}

/** A child orchestration knows its waits and troubles before its parent does. */
function withChild(step: StepStatus, watch: WatchStatus | undefined, storage: StorageStatus | undefined): StepStatus {
  if (step.name === 'storage' && storage) return { ...step, ...storage };
  if (step.name !== 'notebooks' || step.state === 'done' || !watch) return step;
  return {
    ...step,
    waitedSeconds: watch.waitedSeconds,
    ...(watch.problem && !isEnded(step) && { state: 'retrying', problem: watch.problem }),
  };
}

const isEnded = ({ state }: StepStatus): boolean => state === 'failed' || state === 'cancelled';

async function storageStatus(
  client: DurableClient,
  status: DurableOrchestrationStatus,
  custom: DeployStatus | null,
): Promise<StorageStatus | undefined> {
  if (!custom || custom.phase !== 'storage' || !isActive(status)) return undefined;
  const child = await statusOf(client, storageInstanceId(status.instanceId, custom.attempt));
  return (child?.customStatus as StorageStatus | undefined) ?? undefined;
}

async function watchStatus(
  client: DurableClient,
  id: string,
  custom: DeployStatus | null,
  over: Pick<WatchStatus, 'runs'> | undefined,
): Promise<WatchStatus | undefined> {
  if (over) return { runs: over.runs, waitedSeconds: 0 };
  const notebooks = custom?.steps.find(({ name }) => name === 'notebooks');
  if (!custom || !notebooks || notebooks.state === 'pending') return undefined;
  const child = await statusOf(client, watchInstanceId(id, custom.attempt));
  return (child?.customStatus as WatchStatus | undefined) ?? undefined;
}

/** A run that was cancelled, as it has ended: the watch was stopped before that. Tasks that had not ended, ended with it. */
function withEnd(run: RunSummary, ends: RunEnd[] = []): RunSummary {
  const end = ends.find(({ runId }) => runId === run.runId);
  if (!end) return run;
  const tasks = run.tasks.map((task) => (isOver(task.state) ? task : { ...task, state: end.state }));
  return { ...run, state: end.state, tasks };
}

function linksOf(watch: WatchStatus | undefined): Links {
  const child = watch?.runs.find(({ role }) => role === 'notebooks');
  return child ? { notebooksRun: child.url } : {};
}

function failureOf(status: DurableOrchestrationStatus, custom: DeployStatus | null): FailureView | undefined {
  if (status.runtimeStatus === Terminated) {
    return { code: 'TERMINATED', ...personsHelp('TERMINATED'), message: String(status.output) };
  }
  if (status.runtimeStatus !== Failed) return undefined;
  // Without our own words the orchestration ended outside its code: a worker that died during a replay, for instance.
  const { retryable: _retryable, ...failure } = custom?.failure ?? {
    code: 'STEP_CRASHED',
    message: String(status.output),
    retryable: false,
  };
  return { ...personsHelp(failure.code), ...failure };
}

/** What the error table tells a person; a link of the failure itself goes before its. */
function personsHelp(code: ErrorCode): Pick<FailureView, 'title' | 'hint' | 'link'> {
  const { title, hint, link } = entryOf(code);
  return { title, hint, ...(link && { link }) };
}
