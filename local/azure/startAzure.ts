import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../kit/certificate.ts';
import { type Clock, systemClock } from '../kit/clock.ts';
import type { Network } from '../kit/network.ts';
import { type ApiServer, startServer } from '../kit/server.ts';
import type { Store } from '../kit/store.ts';
import { access } from './access.ts';
import { type AskedPermission, askedPermissions } from './askedPermissions.ts';
import { armApi } from './armApi.ts';
import { armErrorReply } from './armError.ts';
import { type ArmContext, armState, keyOf } from './armState.ts';
import { authentication } from './authentication.ts';
import { serveComputeUsages } from './computeUsages.ts';
import { startIdentityEndpoint } from './identityEndpoint.ts';
import { type Ingestion, startIngestion } from './ingestion.ts';
import { operationUrls, serveOperations } from './operations.ts';
import { servePermissions } from './permissions.ts';
import { serveProviders } from './providers.ts';
import { regions } from './regions.ts';
import { serveResourceGroups } from './resourceGroups.ts';
import { serveRoleAssignments } from './roleAssignments.ts';
import { scenarioRoutes } from './scenarios.ts';
import { throttle } from './throttle.ts';
import { type Person, subscriptionEvents } from './subscriptionEvents.ts';
import { serveUserAssignedIdentities } from './userAssignedIdentities.ts';
import { type WorkspaceBackend, workspaceLifecycle } from './workspaceLifecycle.ts';
import { serveWorkspaces } from './workspaces.ts';
import { serveWorkspaceTags } from './workspaceTags.ts';

export type { WorkspaceBackend } from './workspaceLifecycle.ts';

export interface AzureOptions {
  certificate: Certificate;
  store: Store;
  signingKey: KeyObject;
  clock?: Clock;
  port?: number;
  identityPort?: number;
  network?: Network;
  subscriptionId: string;
  tenantId: string;
  /** The function app's own identity, with Contributor and the right to assign roles on `resourceGroups`, and what a preflight reads of the subscription. */
  app: { clientId: string; objectId: string };
  resourceGroups: { name: string; location: string }[];
  /** The condition under which the app may assign roles there; none when left out. */
  delegation?: string;
  /** Users of the directory, owners of `resourceGroups`. */
  people?: Person[];
  latencies?: Partial<{
    /** How long the creation or deletion of a workspace takes; 5 when left out. */
    workspaceSeconds: number;
    /** How long a new identity is unknown to the directory; 2 when left out. */
    replicationSeconds: number;
    /** The `Retry-After` of long-running operations; not sent when left out, as the cloud mostly does. */
    retryAfterSeconds: number;
  }>;
  /** How long the creation or deletion of the workspace of this name takes, where that differs. */
  workspaceSecondsFor?: (name: string) => number;
  workspaces: WorkspaceBackend;
  /** Whether there is an Application Insights resource too; none when left out. */
  telemetry?: boolean;
}

export interface Azure {
  /** Of Resource Manager: `https://localhost:port`. */
  url: string;
  /** What App Service puts into `IDENTITY_ENDPOINT` and `IDENTITY_HEADER`. */
  identityEndpoint: string;
  identityHeader: string;
  arm: ApiServer;
  identity: ApiServer;
  /** The Application Insights resource, where one was asked for. */
  ingestion?: Ingestion;
  /** Resolves when no event of the subscription is being delivered. */
  eventsDelivered(): Promise<void>;
  /** Whether the principal (object id) is Contributor or Owner on the resource, by configuration or role assignment at it or above it. */
  mayAdminister(resourceId: string, objectId: string): boolean;
  /** The permissions that the app's calls have needed so far, each once. */
  askedByApp(): AskedPermission[];
  close(): Promise<void>;
}

/** Starts the stand-ins of Azure Resource Manager and the managed-identity endpoint; their state is in the store. */
export async function startAzure(options: AzureOptions): Promise<Azure> {
  const {
    subscriptionId,
    tenantId,
    signingKey,
    app,
    clock = systemClock,
    latencies = {},
    people = [],
    network,
  } = options;
  const state = armState(options.store);
  const replicationSeconds = latencies.replicationSeconds ?? 2;
  const context: ArmContext = { subscriptionId, tenantId, clock, state, replicationSeconds };
  const groupIds = ensureGroups(context, options.resourceGroups);
  const asked = askedPermissions();
  const rights = access(state, {
    subscriptionId,
    appObjectId: app.objectId,
    groupIds,
    ownerIds: people.map(({ objectId }) => objectId),
    asked,
    ...(options.delegation !== undefined && { delegation: options.delegation }),
  });
  const api = armApi(context, rights, authentication(tenantId, signingKey, clock), throttle(subscriptionId, clock));
  const events = subscriptionEvents({ store: options.store, clock, subscriptionId, tenantId, people });
  const { workspaceSecondsFor = () => latencies.workspaceSeconds ?? 5 } = options;
  const lifecycle = workspaceLifecycle(context, options.workspaces, workspaceSecondsFor, events);
  const urls = operationUrls(signingKey);
  const { retryAfterSeconds } = latencies;
  const retryAfterHeader: Record<string, string> =
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };

  // First, because its routes end like those of any resource.
  serveRoleAssignments(api, { context, access: rights, appObjectId: app.objectId });
  servePermissions(api, context, rights);
  serveResourceGroups(api, context, rights);
  serveProviders(api, context);
  serveComputeUsages(api, context);
  serveUserAssignedIdentities(api, context, rights);
  serveOperations(api, context, urls, lifecycle, retryAfterHeader);
  serveWorkspaceTags(api, context, events);
  serveWorkspaces({ api, context, access: rights, lifecycle, urls, events, retryAfterHeader });

  const identity = await startIdentityEndpoint({
    store: options.store,
    signingKey,
    clock,
    tenantId,
    app,
    ...(options.identityPort !== undefined && { port: options.identityPort }),
    ...(network && { network }),
  });
  const arm = await startServer({
    router: api.router,
    guard: (request) => api.guard(request),
    unknownRoute: (request) => api.unknownRoute(request),
    errorReply: armErrorReply,
    replyHeaders: (request) => api.replyHeaders(request),
    control: asked.addRoutes(events.addRoutes(scenarioRoutes(state.scenarios))),
    certificate: options.certificate,
    clock,
    ...(options.port !== undefined && { port: options.port }),
    ...(network && { network }),
  });
  const ingestion = options.telemetry
    ? await startIngestion({ certificate: options.certificate, signingKey, clock, tenantId })
    : undefined;
  return {
    url: arm.url,
    identityEndpoint: `${identity.server.url}/msi/token`,
    identityHeader: identity.header,
    arm,
    identity: identity.server,
    ...(ingestion && { ingestion }),
    eventsDelivered: () => events.idle(),
    mayAdminister: (resourceId, objectId) => rights.mayAdminister(resourceId, objectId),
    askedByApp: () => asked.values().filter(({ principalId }) => principalId === app.objectId),
    async close() {
      await Promise.all([arm.close(), identity.server.close(), ingestion?.server.close(), lifecycle.close()]);
      await events.close();
    },
  };
}

/** The configured groups, made where they are missing; gives their ids. */
function ensureGroups({ state, subscriptionId }: ArmContext, groups: AzureOptions['resourceGroups']): string[] {
  return groups.map(({ name, location }) => {
    if (!regions.includes(location)) throw new Error(`The resource group ${name} is in an unknown region: ${location}`);
    const id = `/subscriptions/${subscriptionId}/resourceGroups/${name}`;
    const there = state.groups.get(keyOf(id));
    if (!there) state.groups.set(keyOf(id), { id, name, location, tags: {} });
    return there?.id ?? id;
  });
}
