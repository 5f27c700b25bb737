import types from '@databricks/sql/thrift/TCLIService_types.js';
import type { ApiRequest } from '../../../kit/router.ts';
import { ApiError, invalidParameter } from '../../apiError.ts';
import type { AddRoute } from '../../routes.ts';
import type { Workspace } from '../../workspace.ts';
import type { Statements } from '../statements.ts';
import type { Warehouses } from '../warehouses.ts';
import { answerCall, calledMethod } from './thriftCall.ts';
import { ThriftCalls, type ThriftContext } from './thriftCalls.ts';
import type { ThriftSessions } from './thriftSessions.ts';
import { ThriftRefusal, statusOf } from './thriftStatus.ts';

const contentType = 'application/x-thrift';
/** A statement may have 16 MiB; the rest is for what is around it. */
const bodyBytesMost = 17 * 2 ** 20;

/** The endpoint of the SQL drivers: Thrift over HTTPS, one call per request. */
export function addThriftRoutes(
  on: AddRoute,
  workspace: Workspace,
  warehouses: Warehouses,
  statements: Statements,
  sessions: ThriftSessions,
): void {
  on('POST', '/sql/1.0/warehouses/{id}', async (request, caller) => {
    const warehouse = warehouses.require(request.params['id'] ?? '');
    if (request.headers['content-type'] !== contentType)
      throw invalidParameter(`The content type must be ${contentType}.`);
    if (request.bytes.length > bodyBytesMost)
      throw new ApiError(413, 'MAX_REQUEST_SIZE_EXCEEDED', 'The call is too large.');
    const { applicationId } = caller;
    const context = { workspace, sessions, statements, warehouseId: warehouse.id, caller: applicationId };
    const body = await answerCall(request.bytes, handlerFor(context));
    return { headers: { 'content-type': contentType }, body };
  });
}

/** The Thrift operation that a request asks for; undefined for every other request. */
export function thriftAction({ path, bytes }: ApiRequest): string | undefined {
  return path.startsWith('/sql/1.0/warehouses/') ? calledMethod(bytes) : undefined;
}

type Responses = typeof types & Record<string, new (fields: { status: unknown }) => object>;
type Call = (request: unknown) => unknown;

const served = Object.getOwnPropertyNames(ThriftCalls.prototype).filter((name) => name !== 'constructor');
const refused = [
  'GetTypeInfo',
  'GetTables',
  'GetColumns',
  'GetFunctions',
  'GetPrimaryKeys',
  'GetCrossReference',
  'GetDelegationToken',
  'CancelDelegationToken',
  'RenewDelegationToken',
];

// Each function takes exactly one argument: with any other number, TCLIService waits for a callback. What a call throws
// becomes the status of its answer.
function handlerFor(context: ThriftContext): object {
  const calls = new ThriftCalls(context) as unknown as Record<string, Call>;
  const answer = (name: string, call: Call): [string, Call] => [
    name,
    async (request) => {
      try {
        return await call(request);
      } catch (error) {
        const Response = (types as Responses)[`T${name}Resp`];
        if (!Response) throw error;
        return new Response({ status: statusOf(error), ...unsetFields[name] });
      }
    },
  ];
  return Object.fromEntries([
    ...served.map((name) => answer(name, (request) => calls[name]?.(request))),
    ...refused.map((name) =>
      answer(name, () => {
        throw new ThriftRefusal(`The Databricks emulator does not implement ${name} of TCLIService.`);
      }),
    ),
  ]);
}

/** Fields that an answer must have even when it is an error. */
const unsetFields: Record<string, object> = {
  OpenSession: { serverProtocolVersion: types.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8 },
  GetInfo: { infoValue: { stringValue: '' } },
};
