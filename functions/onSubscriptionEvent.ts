import type { EventGridEvent, InvocationContext } from '@azure/functions';
import type { DurableClient, DurableOrchestrationStatus } from 'durable-functions';
import { readTaggedWorkspace, type TaggedWorkspace } from '../activities/readTaggedWorkspace.ts';
import { DeploymentError } from '../domain/errors.ts';
import { errorTable } from '../domain/errorTable.ts';
import { deploymentId } from '../domain/ids.ts';
import { type DeploymentRequest, parseRequest, type RequestFault } from '../domain/request.ts';
import type { DeployStatus } from '../domain/status.ts';
import { readSubscriptionEvent, type WorkspaceEvent } from '../domain/subscriptionEvent.ts';
import { activeDeployments } from './activeDeployments.ts';
import { eventCaller } from './caller.ts';
import { coalesce } from './coalesce.ts';
import { launch, NotAllowed } from './launch.ts';
import { logAct } from './logAct.ts';
import { RecentEvents } from './recentEvents.ts';
import { deployerSettings } from './settings.ts';
import { stateOf, statusOf } from './statusResource.ts';

/** What came of an event, and why nothing did. */
type Decision =
  | { decision: 'started' | 'woken'; deployment: string }
  | { decision: 'ignored'; reason: string; deployment?: string };

interface Wish {
  deployment: string;
  request: DeploymentRequest;
}

const recent = new RecentEvents(2000);
// A burst of events about one workspace costs two looks and two starts at most, not one for each.
const resourceOf = ({ resourceId }: WorkspaceEvent): string => resourceId;
const lookAtActive = coalesce(resourceOf, (event: WorkspaceEvent, client: DurableClient) =>
  activeDeployments(client, event),
);
const lookAtWorkspace = coalesce(resourceOf, ({ resourceGroup, workspaceName }) =>
  readTaggedWorkspace(resourceGroup, workspaceName),
);
const lookAtEarlier = coalesce(
  ({ deployment }: Wish) => deployment,
  ({ deployment }, client: DurableClient) => statusOf(client, deployment),
);
const raiseWake = coalesce(
  ({ instanceId }: DurableOrchestrationStatus) => instanceId,
  ({ instanceId }, client: DurableClient) => client.raiseEvent(instanceId, 'wake', {}),
);
const launchOnce = coalesce(
  ({ deployment }: Wish) => deployment,
  async ({ deployment, request }, client: DurableClient) => {
    // Another event may have started it since the look.
    if (!mayBegin(await statusOf(client, deployment))) return undefined;
    const { status, started } = await launch(client, request, eventCaller);
    return started ? status : undefined;
  },
);

/**
 * An event of the subscription: wakes a deployment that waits for the workspace, or starts the one that the workspace's tag
 * asks for. Throws only what may go through later, because Event Grid then delivers the event again; everything else is
 * logged, without the claims.
 */
export async function onSubscriptionEvent(
  delivered: EventGridEvent,
  client: DurableClient,
  ctx: InvocationContext,
): Promise<void> {
  const event = readSubscriptionEvent(delivered, deployerSettings().AZURE_SUBSCRIPTION_ID);
  const { id, operation } = event;
  const log = (outcome: object): void =>
    ctx.log(
      JSON.stringify({
        evt: 'event.received',
        event: id,
        operation,
        ...('resourceId' in event && { resource: event.resourceId }),
        ...outcome,
      }),
    );
  if ('dropped' in event) return log({ decision: 'dropped', reason: event.dropped });
  if (recent.has(event.id)) return log({ decision: 'ignored', reason: 'duplicate' });
  try {
    log(await decide(client, event, ctx));
  } catch (error) {
    const { code } = error instanceof DeploymentError ? error.failure : { code: 'INTERNAL' };
    if (mayPassLater(error)) {
      log({ decision: 'postponed', reason: code });
      throw error;
    }
    log({ decision: 'ignored', reason: error instanceof NotAllowed ? refusalOf(error.faults) : code });
  }
  // Not earlier: what failed has to be taken for new when it is delivered again.
  recent.add(event.id);
}

/** Whether Event Grid's next delivery of the same event, minutes or hours later, can end better. */
function mayPassLater(error: unknown): boolean {
  if (!(error instanceof DeploymentError)) return true;
  const { code, retryable } = error.failure;
  const { status } = errorTable[code] as { status?: number };
  return retryable || status === 429 || (status ?? 0) >= 500;
}

async function decide(client: DurableClient, event: WorkspaceEvent, ctx: InvocationContext): Promise<Decision> {
  const { ALLOWED_RESOURCE_GROUPS, AZURE_CLIENT_ID } = deployerSettings();
  if (!ALLOWED_RESOURCE_GROUPS.some((group) => group.toLowerCase() === event.resourceGroup))
    return ignored('groupNotAllowed');
  const active = await lookAtActive(event, client);
  if (active.length > 0) return wake(client, active);
  if (event.operation === 'delete' || !event.succeeded) return ignored('nothingWaits');
  if (event.applicationId === AZURE_CLIENT_ID.toLowerCase()) return ignored('ownWrite');
  const wish = wishOf(event, await lookAtWorkspace(event));
  if ('decision' in wish) return wish;
  const { deployment } = wish;
  const earlier = await lookAtEarlier(wish, client);
  if (!mayBegin(earlier)) return ignored('alreadyDeployed', deployment);
  if (earlier && event.timeMs <= new Date(earlier.lastUpdatedTime).getTime()) return ignored('stale', deployment);
  const status = await launchOnce(wish, client);
  if (!status) return ignored('inProgress', deployment);
  logAct(ctx, 'deployment.started', status, eventCaller.name);
  return { decision: 'started', deployment };
}

const workspaceSteps = new Set<string>(['workspace', 'removeWorkspace']);
const underWay = new Set<string>(['running', 'waiting', 'retrying']);

/** Only those that wait for the workspace: in the history of others the event would be a burden. */
async function wake(client: DurableClient, active: DurableOrchestrationStatus[]): Promise<Decision> {
  const waiting = active.filter(waitsForWorkspace);
  await Promise.all(waiting.map((one) => raiseWake(one, client)));
  const deployment = [...waiting, ...active][0]?.instanceId ?? '';
  return waiting.length > 0 ? { decision: 'woken', deployment } : ignored('inProgress', deployment);
}

/** Whether it is at a step that ends with the workspace's creation or deletion. */
function waitsForWorkspace({ customStatus }: DurableOrchestrationStatus): boolean {
  const steps = (customStatus as DeployStatus | null)?.steps ?? [];
  return steps.some(({ name, state }) => workspaceSteps.has(name) && underWay.has(state));
}

/** The deployment that the workspace's present tag asks for, whatever it was when the event was sent; or why there is none. */
function wishOf(event: WorkspaceEvent, workspace: TaggedWorkspace | undefined): Wish | Decision {
  if (!workspace) return ignored('workspaceGone');
  if (!workspace.usable) return ignored('workspaceUnusable');
  if (workspace.ours) return ignored('ownWorkspace');
  if (workspace.accelerator === undefined) return ignored('noTag');
  const { accelerator, resourceGroup, workspaceName, location, parameters } = workspace;
  const deployment = deploymentId({ ...event, accelerator });
  const parsed = parseRequest({
    accelerator,
    resourceGroup,
    workspaceName,
    location,
    parameters,
    tags: openTagsOf(workspace),
  });
  if ('faults' in parsed) return ignored(refusalOf(parsed.faults), deployment);
  return { deployment, request: parsed.request };
}

/** The tags that the settings require and leave to the request: those of the workspace. */
function openTagsOf({ tags }: TaggedWorkspace): Record<string, string> {
  const required = Object.entries(deployerSettings().REQUIRED_TAGS);
  const open = new Set(required.flatMap(([name, value]) => (value === null ? [name.toLowerCase()] : [])));
  return Object.fromEntries(Object.entries(tags).filter(([name]) => open.has(name.toLowerCase())));
}

/** An event never tries again what has ended, which a person does; what was deleted on request may be asked for anew. */
const mayBegin = (earlier: DurableOrchestrationStatus | undefined): boolean =>
  !earlier || stateOf(earlier) === 'Deleted';

const refusalOf = (faults: RequestFault[]): string => ['notAllowed', ...faults.map(({ pointer }) => pointer)].join(' ');

const ignored = (reason: string, deployment?: string): Decision => ({
  decision: 'ignored',
  reason,
  ...(deployment !== undefined && { deployment }),
});
