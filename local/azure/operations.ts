import { createHash, createHmac, randomBytes, type KeyObject } from 'node:crypto';
import type { ApiReply } from '../kit/router.ts';
import type { ArmApi, ArmRequest } from './armApi.ts';
import { ArmError } from './armError.ts';
import type { ArmContext, Operation, Workspace } from './armState.ts';
import type { WorkspaceLifecycle } from './workspaceLifecycle.ts';
import { workspaceVersions } from './workspaceWish.ts';

const type = 'Microsoft.Databricks/locations/operationStatuses';

/** The status addresses of long-running operations, as long and as tamper-proof as ARM's own. */
export interface OperationUrls {
  /** A fresh address for the operation on `origin`. */
  urlFor(operation: Operation, workspace: Workspace, origin: string, apiVersion: string): string;
  /** The operation that the request's address names; throws when the address was changed. */
  operationIn(request: ArmRequest): string;
}

export function operationUrls(signingKey: KeyObject): OperationUrls {
  const sign = (path: string, time: string, certificate: string): string =>
    createHmac('sha256', signingKey).update(`${path.toLowerCase()}|${time}|${certificate}`).digest('base64url');
  return {
    urlFor({ id, kind, startedMs }, workspace, origin, apiVersion) {
      const job = kind === 'create' ? 'ApplianceProvisioningJob' : 'ApplianceDeprovisioningJob';
      const token = encode({ fullyQualifiedApplianceId: workspace.id, jobId: `${job}:${id}` });
      const group = workspace.id.split('/providers/')[0] ?? '';
      const path = `${group}/providers/Microsoft.Databricks/locations/${workspace.location}/operationStatuses/${token}`;
      const time = String(621_355_968_000_000_000n + BigInt(Math.round(startedMs)) * 10_000n);
      // ARM adds a whole certificate, which brings the address to about 6 KB; whoever keeps one must have room for it.
      const certificate = createHash('shake256', { outputLength: 3900 }).update(path).digest('base64url');
      const query = `api-version=${apiVersion}&t=${time}&c=${certificate}&s=${sign(path, time, certificate)}&h=${randomBytes(32).toString('base64url')}`;
      return `${origin}${path}?${query}`;
    },
    operationIn({ path, params, query }) {
      const [time, certificate] = [query.get('t') ?? '', query.get('c') ?? ''];
      if (query.get('s') !== sign(path, time, certificate)) {
        throw new ArmError(
          400,
          'InvalidAsyncOperationUri',
          'The signature of the operation status address is not valid.',
        );
      }
      const { jobId } = JSON.parse(Buffer.from(params['token'] ?? '', 'base64url').toString()) as { jobId: string };
      return jobId.split(':')[1] ?? '';
    },
  };
}

/** `GET` of an operation's status: 202 while it runs, 200 at its end, with the error of the operation itself. */
export function serveOperations(
  api: ArmApi,
  { state }: ArmContext,
  urls: OperationUrls,
  lifecycle: WorkspaceLifecycle,
  retryAfterHeader: Record<string, string>,
): void {
  api.on({
    method: 'GET',
    path: '/resourceGroups/{resourceGroupName}/providers/Microsoft.Databricks/locations/{location}/operationStatuses/{token}',
    type,
    versions: workspaceVersions,
    async handler(request): Promise<ApiReply> {
      const id = urls.operationIn(request);
      await lifecycle.settled(id);
      const operation = state.operations.get(id);
      if (!operation) throw new ArmError(404, 'OperationNotFound', `The operation '${id}' could not be found.`);
      if (operation.status === 'succeeded') return { body: { status: 'Succeeded' } };
      if (operation.status === 'failed')
        return { body: { status: operation.cancels ? 'Canceled' : 'Failed', error: operation.failure } };
      const location = `${request.origin}${request.path}?${request.query.toString()}`;
      return {
        status: 202,
        headers: { location, ...retryAfterHeader },
        body: { status: lifecycle.progress(operation) },
      };
    },
  });
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
