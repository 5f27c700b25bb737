import types from '@databricks/sql/thrift/TCLIService_types.js';
import type * as t from '@databricks/sql/thrift/TCLIService_types.js';
import type { SqlResult } from '../../compute.ts';
import type { Workspace } from '../../workspace.ts';
import type { Statements } from '../statements.ts';
import { handleOf, idOf } from './handles.ts';
import { catalogs, schemas, tableTypes, type MetadataQuery } from './metadataQueries.ts';
import { OperationReplies } from './operationReplies.ts';
import { readParameters } from './thriftParameters.ts';
import type { ThriftOperation, ThriftSession, ThriftSessions } from './thriftSessions.ts';
import { InvalidHandle, ThriftRefusal, success } from './thriftStatus.ts';

/** A statement that is executed gets so long before its caller has to ask for it. */
const directSeconds = 2;

/** A question for the state of a statement that goes on is held so long (databricks-sql-python, pull request 385). */
const statusSeconds = 5;

/** What a call of the driver knows beside its arguments. */
export interface ThriftContext {
  workspace: Workspace;
  sessions: ThriftSessions;
  statements: Statements;
  warehouseId: string;
  /** Application id. */
  caller: string;
}

/** The calls of TCLIService that are served, for one caller and one warehouse. */
export class ThriftCalls {
  readonly #context: ThriftContext;
  readonly #replies: OperationReplies;

  constructor(context: ThriftContext) {
    this.#context = context;
    this.#replies = new OperationReplies(context.sessions, context.statements);
  }

  OpenSession(request: t.TOpenSessionReq): t.TOpenSessionResp {
    const { sessions, warehouseId, caller } = this.#context;
    refuseConfiguration(request.configuration);
    const { catalogName: catalog, schemaName: schema } = request.initialNamespace ?? {};
    const session = sessions.open({ warehouseId, caller, ...(catalog && { catalog }), ...(schema && { schema }) });
    return new types.TOpenSessionResp({
      status: success(),
      serverProtocolVersion: types.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V8,
      sessionHandle: { sessionId: handleOf(session.id) },
      canUseMultipleCatalogs: true,
    });
  }

  CloseSession(request: t.TCloseSessionReq): t.TCloseSessionResp {
    this.#context.sessions.close(this.#session(request.sessionHandle));
    return new types.TCloseSessionResp({ status: success() });
  }

  GetInfo(request: t.TGetInfoReq): t.TGetInfoResp {
    this.#session(request.sessionHandle);
    const { CLI_SERVER_NAME, CLI_DBMS_NAME, CLI_DBMS_VER } = types.TGetInfoType;
    const known: Record<number, string> = {
      [CLI_SERVER_NAME]: 'Spark SQL',
      [CLI_DBMS_NAME]: 'Spark SQL',
      [CLI_DBMS_VER]: '3.5.8',
    };
    const stringValue = known[request.infoType];
    if (stringValue === undefined)
      throw new ThriftRefusal(`The Databricks emulator has no information ${request.infoType}.`);
    return new types.TGetInfoResp({ status: success(), infoValue: { stringValue } });
  }

  async ExecuteStatement(request: t.TExecuteStatementReq): Promise<t.TExecuteStatementResp> {
    refuseConfiguration(request.confOverlay);
    const parameters = readParameters(request.parameters);
    const wanted = { text: request.statement, parameters };
    const session = this.#session(request.sessionHandle);
    const operation = this.#submit(session, wanted, types.TOperationType.EXECUTE_STATEMENT, (result) => result);
    const limitSeconds = Number(request.queryTimeout ?? 0);
    if (limitSeconds > 0) this.#limit(operation, limitSeconds);
    const answer = await this.#started(operation, request.getDirectResults);
    return new types.TExecuteStatementResp(answer);
  }

  async GetCatalogs(request: t.TGetCatalogsReq): Promise<t.TGetCatalogsResp> {
    return new types.TGetCatalogsResp(await this.#query(request, catalogs(), types.TOperationType.GET_CATALOGS));
  }

  async GetSchemas(request: t.TGetSchemasReq): Promise<t.TGetSchemasResp> {
    const query = schemas(request.catalogName ?? undefined, request.schemaName ?? undefined);
    return new types.TGetSchemasResp(await this.#query(request, query, types.TOperationType.GET_SCHEMAS));
  }

  async GetTableTypes(request: t.TGetTableTypesReq): Promise<t.TGetTableTypesResp> {
    return new types.TGetTableTypesResp(await this.#query(request, tableTypes(), types.TOperationType.GET_TABLE_TYPES));
  }

  async GetOperationStatus(request: t.TGetOperationStatusReq): Promise<t.TGetOperationStatusResp> {
    const operation = this.#operation(request.operationHandle);
    await this.#context.statements.endedWithin(operation.id, statusSeconds);
    return this.#replies.status(operation);
  }

  GetResultSetMetadata(request: t.TGetResultSetMetadataReq): t.TGetResultSetMetadataResp {
    return this.#replies.metadata(this.#operation(request.operationHandle));
  }

  FetchResults(request: t.TFetchResultsReq): t.TFetchResultsResp {
    if (request.fetchType) throw new ThriftRefusal('The Databricks emulator has no logs of statements.');
    const operation = this.#operation(request.operationHandle);
    if (request.orientation === types.TFetchOrientation.FETCH_FIRST) operation.position = 0;
    if (request.startRowOffset) operation.position = Number(request.startRowOffset);
    return this.#replies.page(operation, Number(request.maxRows));
  }

  CancelOperation(request: t.TCancelOperationReq): t.TCancelOperationResp {
    this.#context.statements.cancel(this.#operation(request.operationHandle).id);
    return new types.TCancelOperationResp({ status: success() });
  }

  CloseOperation(request: t.TCloseOperationReq): t.TCloseOperationResp {
    return this.#replies.close(this.#operation(request.operationHandle));
  }

  #session(handle: t.TSessionHandle): ThriftSession {
    const { sessions, warehouseId, caller } = this.#context;
    const session = sessions.find(idOf(handle?.sessionId), warehouseId, caller);
    if (!session) throw new InvalidHandle('Invalid SessionHandle: the session is not there any more.');
    return session;
  }

  #operation(handle: t.TOperationHandle): ThriftOperation {
    const { sessions, warehouseId, caller } = this.#context;
    const operation = sessions.findOperation(idOf(handle?.operationId), warehouseId, caller);
    if (!operation) throw new InvalidHandle('Invalid OperationHandle: the operation is not there any more.');
    return operation;
  }

  #submit(
    { id: session, catalog, schema }: ThriftSession,
    wanted: Pick<MetadataQuery, 'text' | 'parameters'>,
    type: number,
    shape: (result: SqlResult) => SqlResult,
  ): ThriftOperation {
    const { statements, sessions, warehouseId, caller } = this.#context;
    const sql = { ...wanted, session, ...(catalog && { catalog }), ...(schema && { schema }) };
    const { id } = statements.submit(warehouseId, sql, caller);
    const operation: ThriftOperation = { id, sessionId: session, type, position: 0, shape };
    sessions.addOperation(operation);
    return operation;
  }

  async #query(
    request: { sessionHandle: t.TSessionHandle; getDirectResults?: t.TSparkGetDirectResults },
    query: MetadataQuery,
    type: number,
  ): Promise<StartedOperation> {
    const operation = this.#submit(this.#session(request.sessionHandle), query, type, query.shape);
    return await this.#started(operation, request.getDirectResults);
  }

  // What is executed may end in a moment; what waits for its warehouse is asked for later.
  async #started(operation: ThriftOperation, wanted?: t.TSparkGetDirectResults): Promise<StartedOperation> {
    const { statements } = this.#context;
    if (statements.get(operation.id)?.state === 'RUNNING') {
      await statements.endedWithin(operation.id, directSeconds);
    }
    const directResults = this.#replies.direct(operation, wanted);
    return {
      status: success(),
      operationHandle: new types.TOperationHandle({
        operationId: handleOf(operation.id),
        operationType: operation.type,
        hasResultSet: true,
      }),
      ...(directResults && { directResults }),
    };
  }

  #limit(operation: ThriftOperation, seconds: number): void {
    const { statements, workspace } = this.#context;
    const stop = workspace.at(workspace.clock.now() + seconds * 1000, () => {
      operation.timedOut = true;
      statements.cancel(operation.id);
    });
    void statements.ended(operation.id).then(stop);
  }
}

interface StartedOperation {
  status: t.TStatus;
  operationHandle: t.TOperationHandle;
  directResults?: t.TSparkDirectResults;
}

/** Settings that tell nothing about what a statement gives: query tags and how the driver wants its bytes. */
const harmless = /^(query_tags|spark\.thriftserver\..*)$/i;

function refuseConfiguration(configuration: Record<string, string> | null | undefined): void {
  const other = Object.keys(configuration ?? {}).filter((name) => !harmless.test(name));
  if (other.length > 0)
    throw new ThriftRefusal(`The Databricks emulator does not implement the configuration ${other.join(', ')}.`);
}
