import type { ApiReply, ApiRequest, Router } from '../kit/router.ts';
import type { Callers, Member } from './callers.ts';

export type WorkspaceHandler = (request: ApiRequest, caller: Member) => ApiReply | Promise<ApiReply>;
/** Adds an operation that only members may call. */
export type AddRoute = (method: string, path: string, handler: WorkspaceHandler) => void;

/** Wraps a router so that each handler gets its authenticated caller. */
export function memberRoutes(router: Router, callers: Callers): AddRoute {
  return (method, path, handler) => {
    router.on(method, path, (request) => handler(request, callers.identify(request)));
  };
}

/** The paths of an operation that is served alike under the API versions 2.0, 2.1 and 2.2. */
export const allVersions = (path: string): string[] =>
  ['2.0', '2.1', '2.2'].map((version) => `/api/${version}/${path}`);
