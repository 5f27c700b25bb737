import type { Cloud } from '../../local/cloud/startCloud.ts';
import type { FaultRule } from '../../local/faults/faults.ts';
import type { ApiServer, LoggedRequest } from '../../local/kit/server.ts';
import { findWorkspace } from '../../local/cloud/findWorkspace.ts';

/** One remote call that a deployment makes, as a fault rule names it. */
export interface RemoteCall {
  server: 'azure' | 'databricks';
  method: string;
  /** Path with `*` for ids and `{workspace}` for the workspace's name. */
  path: string;
  /** How many calls of this method and path come before it. */
  skip: number;
}

export const serverOf = (cloud: Cloud, { server }: RemoteCall, workspace: string): ApiServer =>
  server === 'azure' ? cloud.azure.arm : findWorkspace(cloud, workspace);

/** The path of a rule for another workspace. */
export const pathFor = ({ path }: RemoteCall, workspace: string): string => path.replaceAll('{workspace}', workspace);

type Trouble = Omit<FaultRule, 'method' | 'path' | 'skip'>;

/** Faults of remote calls that deployments are going to make, set before their workspaces are there. */
export class CallFaults {
  readonly #arm: () => ApiServer;
  readonly #waiting: { workspace: string; call: RemoteCall; trouble: Trouble }[] = [];

  constructor(arm: () => ApiServer) {
    this.#arm = arm;
  }

  add(workspace: string, call: RemoteCall, trouble: Trouble): void {
    if (call.server === 'databricks') this.#waiting.push({ workspace, call, trouble });
    else strike(this.#arm(), workspace, call, trouble);
  }

  /** To be called when the workspace has been made. */
  strike(workspace: string, server: ApiServer): void {
    for (const { call, trouble } of this.#waiting.filter((one) => one.workspace === workspace))
      strike(server, workspace, call, trouble);
  }
}

function strike(server: ApiServer, workspace: string, call: RemoteCall, trouble: Trouble): void {
  server.faults.add({ ...trouble, method: call.method, path: pathFor(call, workspace), skip: call.skip });
}

/** The workspace itself is read by three steps: the check, the one that makes it, the one that waits for it. */
const kept = (path: string): number => (path.endsWith('/workspaces/{workspace}') ? 3 : 2);

/** The calls that the app made for one workspace, in their order; of those with one method and path the first two or three. */
export function callsOf(cloud: Cloud, workspace: string): RemoteCall[] {
  const azure = cloud.azure.arm.requests.filter(({ path }) => plain(path).includes(workspace));
  const seen = new Map<string, number>();
  return [
    ...azure.map((request) => ({ server: 'azure' as const, request })),
    ...ownCalls(findWorkspace(cloud, workspace).requests).map((request) => ({
      server: 'databricks' as const,
      request,
    })),
  ].flatMap(({ server, request }) => {
    const path = patternOf(plain(request.path), workspace);
    const skip = seen.get(`${request.method} ${path}`) ?? 0;
    seen.set(`${request.method} ${path}`, skip + 1);
    return skip < kept(path) ? [{ server, method: request.method, path, skip }] : [];
  });
}

export const plain = (path: string): string => path.split('?', 1)[0] ?? '';

// What the training notebook asks of its workspace; the proof only reads the run and the model.
const training = /\/mlflow\/(?!runs\/get)|\/fs\/files\//;

/** Without what the notebooks ask of their workspace: RUNME to find its own job, to make it and to start it. */
function ownCalls(requests: LoggedRequest[]): LoggedRequest[] {
  const first = requests.findIndex(({ path }) => path.includes('jobs/list?name=%5BRUNNER'));
  return requests
    .filter(
      ({ method, path }, at) =>
        at < first || (at > first && !(method === 'POST' && /jobs\/(create|run-now)/.test(path))),
    )
    .filter(({ path }) => !training.test(path));
}

/** A path as a rule names it: without what is different from one deployment to the next. */
export const patternOf = (path: string, workspace?: string): string =>
  path
    .replace(/^\/subscriptions\/.*\/providers\/(?=Microsoft\.(Databricks|ManagedIdentity))/, '*/')
    .replaceAll(workspace ?? '{workspace}', '{workspace}')
    .replace(/\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, '/*')
    .replace(/\/[0-9a-f]{16}(?=[/#]|$)/, '/*')
    .replace(/\/models\/[^/]+\/versions\/\d+$/, '/models/*/versions/*')
    .replace(/\/\d{5,}$/, '/*');
