import { randomBytes } from 'node:crypto';
import type { ApiReply } from '../kit/router.ts';
import type { Access } from './access.ts';
import { ArmError, invalidContent, resourceNotFound, wrongLocation } from './armError.ts';
import type { ArmApi, ArmRequest } from './armApi.ts';
import { type ArmContext, type Caller, isWithin, isoTime, keyOf, type Operation, type Workspace } from './armState.ts';
import type { OperationUrls } from './operations.ts';
import { type Candidate, requireCompliant } from './policies.ts';
import { objectBody, tagsOf } from './requestBody.ts';
import { isHidden, requireRegistered, requireUnlocked, scenarioFor } from './scenarios.ts';
import type { SubscriptionEvents } from './subscriptionEvents.ts';
import type { WorkspaceLifecycle } from './workspaceLifecycle.ts';
import { requireJoin } from './workspaceParameters.ts';
import { readWish, type WorkspaceWish, workspaceVersions } from './workspaceWish.ts';

const type = 'Microsoft.Databricks/workspaces';
const inGroup = `/resourceGroups/{resourceGroupName}/providers/${type}`;
const path = `${inGroup}/{name}`;
const route = { type, versions: workspaceVersions };

interface Services {
  api: ArmApi;
  context: ArmContext;
  access: Access;
  lifecycle: WorkspaceLifecycle;
  urls: OperationUrls;
  events: SubscriptionEvents;
  retryAfterHeader: Record<string, string>;
}

/** Databricks workspaces: `PUT` and `DELETE` as long-running operations, `GET`, `PATCH` of tags, lists. */
export function serveWorkspaces(services: Services): void {
  const { api } = services;
  api.on({ ...route, method: 'PUT', path, handler: (request) => put(services, request) });
  api.on({
    ...route,
    method: 'GET',
    path,
    handler: async (request) => ({ body: shown(services, await findVisible(services, request)) }),
  });
  api.on({ ...route, method: 'PATCH', path, handler: (request) => patch(services, request) });
  api.on({ ...route, method: 'DELETE', path, handler: (request) => remove(services, request) });
  const list = (request: ArmRequest): ApiReply => listWorkspaces(services, request);
  api.on({ ...route, method: 'GET', path: inGroup, authorise: 'list', handler: list });
  api.on({ ...route, method: 'GET', path: `/providers/${type}`, authorise: 'list', handler: list });
}

async function put(services: Services, request: ArmRequest): Promise<ApiReply> {
  const { context, lifecycle } = services;
  const { name = '' } = request.params;
  requireRegistered(context.state.scenarios, 'Microsoft.Databricks');
  const wish = readWish(request.body, name, context.subscriptionId, request.apiVersion);
  const id = idOf(services, request);
  requireCompliant(context, candidate(services, request, wish.tags));
  requireJoin(services.access, request.caller, wish.properties, id);
  await settle(services, id);
  // Between this look and the creation nothing waits, so of two PUTs at once one is told of the other.
  const there = context.state.workspaces.get(keyOf(id));
  if (there?.state === 'creating' || there?.state === 'deleting') throw busy(there);
  if (there) requireSame(there, wish);
  if (there?.state === 'succeeded') {
    return change(services, request, { ...there, tags: wish.tags, sku: wish.sku, wish: wish.properties });
  }
  const begun = lifecycle.create(asked(request, wish, id, context.clock.now(), there));
  return { status: 201, headers: asyncHeaders(services, begun, request), body: shown(services, begun.workspace) };
}

/** The workspace that a PUT asks for; one that failed keeps its number and its creator. */
function asked(
  request: ArmRequest,
  { properties, ...wish }: WorkspaceWish,
  id: string,
  nowMs: number,
  failed: Workspace | undefined,
): Omit<Workspace, 'state' | 'operationId'> {
  const { name = '', resourceGroupName: group = '' } = request.params;
  const caller = callerOf(request);
  return {
    ...wish,
    id,
    name,
    group,
    wish: properties,
    workspaceId: failed?.workspaceId ?? workspaceId(),
    createdBy: failed?.createdBy ?? caller,
    createdMs: failed?.createdMs ?? nowMs,
    updatedBy: caller,
    updatedMs: nowMs,
  };
}

async function patch(services: Services, request: ArmRequest): Promise<ApiReply> {
  const workspace = await find(services, request);
  if (workspace.state === 'creating' || workspace.state === 'deleting') throw busy(workspace);
  const body = objectBody(request.body);
  const other = Object.keys(body).find((key) => key !== 'tags');
  if (other) throw invalidContent(`Could not find member '${other}' on object of type 'WorkspaceUpdate'.`);
  const tags = tagsOf(body);
  requireCompliant(services.context, candidate(services, request, tags));
  return change(services, request, { ...workspace, tags });
}

function change(services: Services, request: ArmRequest, workspace: Workspace): ApiReply {
  const { state, clock } = services.context;
  const changed = { ...workspace, updatedBy: callerOf(request), updatedMs: clock.now() };
  state.workspaces.set(keyOf(workspace.id), changed);
  services.events.tell('write', 'Success', changed);
  return { body: shown(services, changed) };
}

async function remove(services: Services, request: ArmRequest): Promise<ApiReply> {
  const id = idOf(services, request);
  await settle(services, id);
  const workspace = services.context.state.workspaces.get(keyOf(id));
  if (!workspace) return { status: 204 };
  requireUnlocked(services.context.state.scenarios, id, 'delete');
  if (workspace.state === 'creating') throw busy(workspace);
  const force = request.query.get('forceDeletion')?.toLowerCase() === 'true';
  const operation = workspace.state === 'deleting' && services.context.state.operations.get(workspace.operationId);
  const begun = operation
    ? { workspace, operation }
    : services.lifecycle.delete({ ...workspace, updatedBy: callerOf(request) }, force);
  return { status: 202, headers: asyncHeaders(services, begun, request) };
}

function listWorkspaces(services: Services, { caller, path }: ArmRequest): ApiReply {
  const scope = path.replace(/\/providers\/[^/]+\/[^/]+\/?$/, '');
  const visible = services.context.state.workspaces
    .values()
    .filter(({ id }) => isWithin(id, scope) && services.access.allows(caller.oid, `${type}/read`, id))
    .filter((workspace) => !isUnseen(services, workspace));
  return { body: { value: visible.map((workspace) => shown(services, workspace)) } };
}

/** Waits until all that is due for the workspace has happened. */
async function settle({ context: { state }, lifecycle }: Services, id: string): Promise<void> {
  const seen = state.workspaces.get(keyOf(id));
  if (seen) await lifecycle.settled(seen.operationId);
}

async function find(services: Services, request: ArmRequest): Promise<Workspace> {
  const id = idOf(services, request);
  await settle(services, id);
  const workspace = services.context.state.workspaces.get(keyOf(id));
  if (!workspace) throw resourceNotFound(id);
  return workspace;
}

async function findVisible(services: Services, request: ArmRequest): Promise<Workspace> {
  const workspace = await find(services, request);
  if (isUnseen(services, workspace)) throw resourceNotFound(workspace.id);
  return workspace;
}

const isUnseen = ({ context: { state, clock } }: Services, workspace: Workspace): boolean =>
  isHidden(state.scenarios, workspace, clock.now());

const idOf = ({ api }: Services, { params }: ArmRequest): string =>
  `${api.group(params['resourceGroupName'] ?? '').id}/providers/${type}/${params['name'] ?? ''}`;

function candidate({ api }: Services, { params }: ArmRequest, tags: Record<string, string>): Candidate {
  const { name = '', resourceGroupName = '' } = params;
  return { type, name, groupId: api.group(resourceGroupName).id, tags };
}

const callerOf = ({ caller }: ArmRequest): Caller => ({ oid: caller.oid, applicationId: caller.appid });

// Sixteen digits, as many as the cloud's.
const workspaceId = (): string => `${(randomBytes(6).readUIntBE(0, 6) % 9e14) + 1e15}`;

const busy = ({ name, state }: Workspace): ArmError =>
  new ArmError(
    409,
    'Conflict',
    `The workspace '${name}' is being ${state === 'creating' ? 'created' : 'deleted'}; another operation on it is not possible before that has ended.`,
  );

function requireSame(there: Workspace, { location, managedResourceGroupId }: WorkspaceWish): void {
  if (there.location !== location) throw wrongLocation(there.name, there.location, location, there.group);
  if (keyOf(there.managedResourceGroupId) === keyOf(managedResourceGroupId)) return;
  throw new ArmError(
    400,
    'ApplianceManagedResourceGroupMismatch',
    `The given managed resource group '${managedResourceGroupId}' did not match that in the existing appliance definition '${there.managedResourceGroupId}'.`,
  );
}

function asyncHeaders(
  { urls, retryAfterHeader }: Services,
  { workspace, operation }: { workspace: Workspace; operation: Operation },
  { origin, apiVersion }: ArmRequest,
): Record<string, string> {
  return { 'azure-asyncoperation': urls.urlFor(operation, workspace, origin, apiVersion), ...retryAfterHeader };
}

function shown({ context, lifecycle }: Services, workspace: Workspace): unknown {
  const { id, name, location, sku, tags, wish, host } = workspace;
  const operation = context.state.operations.get(workspace.operationId);
  const provisioningState = {
    creating: operation ? lifecycle.progress(operation) : 'Accepted',
    deleting: 'Deleting',
    succeeded: 'Succeeded',
    failed: operation?.cancels ? 'Canceled' : 'Failed',
  }[workspace.state];
  return {
    id,
    name,
    type,
    location,
    sku: { name: sku },
    tags,
    properties: {
      computeMode: 'Hybrid',
      publicNetworkAccess: 'Enabled',
      requiredNsgRules: 'AllRules',
      isUcEnabled: scenarioFor(context.state.scenarios, 'unityEnabled', name) !== undefined,
      ...wish,
      provisioningState,
      ...(host && { workspaceId: workspace.workspaceId, workspaceUrl: host }),
      createdBy: workspace.createdBy,
      updatedBy: workspace.updatedBy,
      createdDateTime: isoTime(workspace.createdMs),
    },
    systemData: {
      createdBy: workspace.createdBy.applicationId,
      createdByType: 'Application',
      createdAt: isoTime(workspace.createdMs),
      lastModifiedBy: workspace.updatedBy.applicationId,
      lastModifiedByType: 'Application',
      lastModifiedAt: isoTime(workspace.updatedMs),
    },
  };
}
