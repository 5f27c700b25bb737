import { randomUUID } from 'node:crypto';
import { type ApiReply, type ApiRequest, Router } from '../kit/router.ts';
import type { TokenClaims } from '../kit/tokens.ts';
import type { Access } from './access.ts';
import { ArmError, groupNotFound, notImplemented } from './armError.ts';
import { type ArmContext, keyOf, type ResourceGroup } from './armState.ts';
import type { Authentication } from './authentication.ts';
import { regions } from './regions.ts';
import type { Throttle } from './throttle.ts';

/** A request that ARM's front door has let in. */
export interface ArmRequest extends ApiRequest {
  caller: TokenClaims;
  apiVersion: string;
}

export interface ArmRoute {
  method: 'GET' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/subscriptions/{subscriptionId}`; a `{resourceGroupName}` in it must exist. */
  path: string;
  /** `Microsoft.Databricks/workspaces`; the action asked for is this and what the method does. */
  type: string;
  versions: readonly string[];
  /** `list`: nobody is refused, the handler leaves out what the caller may not see. */
  authorise?: 'list';
  handler: (request: ArmRequest) => ApiReply | Promise<ApiReply>;
}

/** The front door of Resource Manager: routes by resource type, and what is checked before any of them is reached. */
export interface ArmApi {
  router: Router;
  on(route: ArmRoute): void;
  guard(request: ApiRequest): ApiReply | undefined;
  unknownRoute(request: ApiRequest): ApiReply;
  replyHeaders(request: ApiRequest): Record<string, string>;
  /** The group by its name; throws `ResourceGroupNotFound`. */
  group(name: string): ResourceGroup;
  /** Throws `SubscriptionNotFound` unless it is the one that is served. */
  requireSubscription(id: string): void;
  /** Throws unless the version is among those that the type has. */
  requireVersion(request: ApiRequest, type: string, versions: readonly string[]): string;
  authenticate: Authentication;
}

const verbs = { GET: 'read', PUT: 'write', PATCH: 'write', DELETE: 'delete' } as const;

export function armApi(context: ArmContext, access: Access, authenticate: Authentication, limits: Throttle): ArmApi {
  const router = new Router({ caseSensitive: false });
  const root = `/subscriptions/${context.subscriptionId}`;
  const api: ArmApi = {
    router,
    authenticate,
    on(route) {
      router.on(route.method, `/subscriptions/{subscriptionId}${route.path}`, (request) => {
        api.requireSubscription(request.params['subscriptionId'] ?? '');
        const apiVersion = api.requireVersion(request, route.type, route.versions);
        const caller = authenticate(request);
        const action = `${route.type}/${verbs[route.method]}`;
        const path = request.path.replace(/\/$/, '');
        // Noted first: in Azure the right is looked at before anything else.
        if (route.authorise === 'list') access.asks(caller.oid, action, listedScope(path), { list: true });
        else access.asks(caller.oid, action, path);
        const { resourceGroupName } = request.params;
        if (resourceGroupName !== undefined && !isGroupWrite(route)) api.group(resourceGroupName);
        if (route.authorise !== 'list') access.require(caller, action, path);
        return route.handler({ ...request, caller, apiVersion });
      });
    },
    guard(request) {
      const caller = authenticate(request);
      if (!request.query.get('api-version')) {
        throw new ArmError(
          400,
          'MissingApiVersionParameter',
          'The api-version query parameter (?api-version=) is required for all requests.',
        );
      }
      limits.take(request.method, caller.oid);
      return undefined;
    },
    unknownRoute(request) {
      throw notImplemented(`${request.method} ${request.path}`);
    },
    replyHeaders: (request) => requestIds(request, authenticate, limits),
    group(name) {
      const found = context.state.groups.get(keyOf(`${root}/resourceGroups/${name}`));
      if (!found) throw groupNotFound(name);
      return found;
    },
    requireSubscription(id) {
      if (id.toLowerCase() === context.subscriptionId.toLowerCase()) return;
      throw new ArmError(404, 'SubscriptionNotFound', `The subscription '${id}' could not be found.`);
    },
    requireVersion,
  };
  return api;
}

/** Where the resources are that a list shows. */
const listedScope = (path: string): string => path.replace(/\/(?:providers\/[^/]+\/[^/]+|resourceGroups)$/i, '');

// A PUT on a group is what makes it.
const isGroupWrite = ({ type, method }: ArmRoute): boolean =>
  type === 'Microsoft.Resources/subscriptions/resourceGroups' && method === 'PUT';

function requireVersion(request: ApiRequest, type: string, versions: readonly string[]): string {
  const version = request.query.get('api-version') ?? '';
  if (versions.includes(version)) return version;
  const supported = versions.join(', ');
  if (type.startsWith('Microsoft.Resources/')) {
    throw new ArmError(
      400,
      'InvalidApiVersionParameter',
      `The api-version '${version}' is invalid. The supported versions are '${supported}'.`,
    );
  }
  throw new ArmError(
    400,
    'NoRegisteredProviderFound',
    `No registered resource provider found for API version '${version}' for type '${type.split('/').at(-1)}'. The supported api-versions are '${supported}'. The supported locations are '${regions.join(', ')}'.`,
  );
}

function requestIds(request: ApiRequest, authenticate: Authentication, limits: Throttle): Record<string, string> {
  const id = randomUUID();
  return {
    'cache-control': 'no-cache',
    'x-ms-request-id': id,
    'x-ms-correlation-request-id': request.headers['x-ms-correlation-request-id'] ?? id,
    'x-ms-routing-request-id': `LOCAL:${id}`,
    ...remainingCalls(request, authenticate, limits),
  };
}

function remainingCalls(request: ApiRequest, authenticate: Authentication, limits: Throttle): Record<string, string> {
  try {
    return limits.headers(request.method, authenticate(request).oid);
  } catch {
    // Who is unknown has no account of calls.
    return {};
  }
}
