import types, {
  type TCloseOperationResp,
  type TFetchResultsResp,
  type TGetOperationStatusResp,
  type TGetResultSetMetadataResp,
  type TSparkDirectResults,
  type TSparkGetDirectResults,
} from '@databricks/sql/thrift/TCLIService_types.js';
import Int64 from 'node-int64';
import type { SqlResult } from '../../compute.ts';
import { type Statement, isOver } from '../statement.ts';
import type { Statements } from '../statements.ts';
import { rowSet, tableSchema } from './columnSet.ts';
import type { ThriftOperation, ThriftSessions } from './thriftSessions.ts';
import { ThriftRefusal, success } from './thriftStatus.ts';

const { TOperationState: states } = types;
const pageRowsMost = 10_000;
const sqlStateOfCancel = 'HY008';

/** What the calls about an operation answer: its state, its columns, its rows page by page. */
export class OperationReplies {
  readonly #sessions: ThriftSessions;
  readonly #statements: Statements;

  constructor(sessions: ThriftSessions, statements: Statements) {
    this.#sessions = sessions;
    this.#statements = statements;
  }

  status(operation: ThriftOperation): TGetOperationStatusResp {
    const statement = this.#statementOf(operation);
    const { failure, createdMs, endedMs } = statement;
    return new types.TGetOperationStatusResp({
      status: success(),
      operationState: operation.timedOut ? states.TIMEDOUT_STATE : stateOf(statement),
      hasResultSet: this.#hasRows(operation),
      operationStarted: new Int64(createdMs),
      ...(endedMs !== undefined && { operationCompleted: new Int64(endedMs) }),
      ...(failure && {
        sqlState: failure.sqlState,
        errorCode: 0,
        errorMessage: failure.message,
        displayMessage: failure.message,
      }),
    });
  }

  /** The columns; an error while there are none, as when the statement has failed. */
  metadata(operation: ThriftOperation): TGetResultSetMetadataResp {
    return new types.TGetResultSetMetadataResp({
      status: success(),
      schema: tableSchema(this.#resultOf(operation).columns),
      resultFormat: types.TSparkRowSetType.COLUMN_BASED_SET,
      lz4Compressed: false,
      isStagingOperation: false,
    });
  }

  /** The next rows. As in Hive, a page counts as fetched once it was asked for, whether or not the reply arrives. */
  page(operation: ThriftOperation, rowsMost: number): TFetchResultsResp {
    const { columns, rows } = this.#resultOf(operation);
    const start = operation.position;
    const page = rows.slice(start, start + Math.min(rowsMost, pageRowsMost));
    operation.position = start + page.length;
    return new types.TFetchResultsResp({
      status: success(),
      hasMoreRows: operation.position < rows.length,
      results: rowSet(columns, page, start),
    });
  }

  /** Everything at once for a statement that is over already: state, columns, first page; closed when that is all. */
  direct(
    operation: ThriftOperation,
    wanted: TSparkGetDirectResults | null | undefined,
  ): TSparkDirectResults | undefined {
    const statement = this.#statementOf(operation);
    if (!wanted || !isOver(statement)) return undefined;
    const operationStatus = this.status(operation);
    if (statement.state !== 'SUCCEEDED') return new types.TSparkDirectResults({ operationStatus });
    const resultSetMetadata = this.metadata(operation);
    if (!this.#hasRows(operation)) {
      return new types.TSparkDirectResults({
        operationStatus,
        resultSetMetadata,
        closeOperation: this.close(operation),
      });
    }
    const resultSet = this.page(operation, Number(wanted.maxRows));
    const all = { operationStatus, resultSetMetadata, resultSet };
    return new types.TSparkDirectResults(
      resultSet.hasMoreRows ? all : { ...all, closeOperation: this.close(operation) },
    );
  }

  close(operation: ThriftOperation): TCloseOperationResp {
    this.#sessions.closeOperation(operation);
    return new types.TCloseOperationResp({ status: success() });
  }

  // The driver would ask for the rows of a result without columns again and again.
  #hasRows({ id }: ThriftOperation): boolean {
    return this.#statements.resultOf(id)?.columns.length !== 0;
  }

  #statementOf(operation: ThriftOperation): Statement {
    const statement = this.#statements.get(operation.id);
    if (!statement) throw new ThriftRefusal('The statement is no longer known.', '24000');
    return statement;
  }

  #resultOf(operation: ThriftOperation): SqlResult {
    const result = this.#statements.resultOf(operation.id);
    if (result) return operation.shape(result);
    const { failure, state } = this.#statementOf(operation);
    if (failure) throw new ThriftRefusal(failure.message, failure.sqlState);
    if (state === 'CANCELED') throw new ThriftRefusal('The statement was cancelled.', sqlStateOfCancel);
    throw new ThriftRefusal(`The statement has no result: it is ${state}.`, '24000');
  }
}

function stateOf({ state }: Statement): number {
  const byState = {
    PENDING: states.PENDING_STATE,
    RUNNING: states.RUNNING_STATE,
    SUCCEEDED: states.FINISHED_STATE,
    FAILED: states.ERROR_STATE,
    CANCELED: states.CANCELED_STATE,
    CLOSED: states.CLOSED_STATE,
  };
  return byState[state];
}
