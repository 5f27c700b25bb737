import type { ApiReply, ApiRequest } from '../../kit/router.ts';
import { ApiError, doesNotExist, invalidParameter, notEmulated } from '../apiError.ts';
import type { SqlColumn, SqlParameter, SqlResult, SqlValue } from '../compute.ts';
import { type Fields, bodyOf, isFields, optionalText, requiredText } from '../requestFields.ts';
import type { AddRoute } from '../routes.ts';
import { splitType } from './sqlType.ts';
import { type Statement, isOver } from './statement.ts';
import type { Statements } from './statements.ts';

const root = '/api/2.0/sql/statements';
const chunkRows = 10_000;
const textBytesMost = 16 * 2 ** 20;

/** The Statement Execution API with rows in the answers (`INLINE`, `JSON_ARRAY`). */
export function addStatementRoutes(on: AddRoute, statements: Statements): void {
  const found = ({ params }: ApiRequest): Statement => {
    const id = params['id'] ?? '';
    const statement = statements.get(id);
    if (!statement) throw doesNotExist(`The statement ${id} was not found.`);
    return statement;
  };
  const reply = (statement: Statement): ApiReply => ({ body: view(statement, statements.resultOf(statement.id)) });
  on('POST', root, async (request, caller) => {
    const body = bodyOf(request);
    const wish = readWish(body);
    const submitted = statements.submit(wish.warehouseId, wish.sql, caller.applicationId);
    const { id } = submitted;
    if (wish.waitSeconds > 0) await statements.endedWithin(id, wish.waitSeconds);
    const running = statements.get(id);
    if (running && !isOver(running) && wish.waitSeconds > 0 && wish.cancelLate) {
      statements.cancel(id);
      await statements.ended(id);
    }
    return reply(statements.get(id) ?? submitted);
  });
  on('GET', `${root}/{id}`, (request) => reply(found(request)));
  on('GET', `${root}/{id}/result/chunks/{index}`, (request) => {
    const result = statements.resultOf(found(request).id);
    const index = Number(request.params['index']);
    if (!result) throw new ApiError(404, 'NOT_FOUND', 'The result of the statement is not available.');
    if (!(index >= 0 && index < chunkCount(result))) throw invalidParameter(`There is no chunk ${index}.`);
    return { body: chunkView(found(request).id, result, index) };
  });
  on('POST', `${root}/{id}/cancel`, (request) => {
    statements.cancel(found(request).id);
    return { body: {} };
  });
}

function readWish(body: Fields): {
  warehouseId: string;
  sql: { text: string; parameters: SqlParameter[]; catalog?: string; schema?: string };
  waitSeconds: number;
  cancelLate: boolean;
} {
  for (const name of ['row_limit', 'byte_limit']) {
    if (body[name] !== undefined) throw notEmulated(`${name} of the Statement Execution API`);
  }
  const disposition = optionalText(body, 'disposition') ?? 'INLINE';
  const format = optionalText(body, 'format') ?? 'JSON_ARRAY';
  if (disposition !== 'INLINE' || format !== 'JSON_ARRAY') {
    throw notEmulated(`results with disposition ${disposition} and format ${format}`);
  }
  const text = requiredText(body, 'statement');
  if (Buffer.byteLength(text) > textBytesMost) throw invalidParameter('The statement is larger than 16 MiB.');
  const catalog = optionalText(body, 'catalog');
  const schema = optionalText(body, 'schema');
  return {
    warehouseId: requiredText(body, 'warehouse_id'),
    sql: {
      text,
      parameters: readParameters(body['parameters']),
      ...(catalog && { catalog }),
      ...(schema && { schema }),
    },
    waitSeconds: readWait(optionalText(body, 'wait_timeout') ?? '10s'),
    cancelLate: readOnTimeout(optionalText(body, 'on_wait_timeout') ?? 'CONTINUE'),
  };
}

function readWait(text: string): number {
  const seconds = Number(/^(\d+)s$/.exec(text)?.[1]);
  if (seconds !== 0 && !(seconds >= 5 && seconds <= 50)) {
    throw invalidParameter('wait_timeout must be 0s, or between 5s and 50s.');
  }
  return seconds;
}

function readOnTimeout(text: string): boolean {
  if (text !== 'CONTINUE' && text !== 'CANCEL') throw invalidParameter('on_wait_timeout must be CONTINUE or CANCEL.');
  return text === 'CANCEL';
}

function readParameters(given: unknown): SqlParameter[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) throw invalidParameter('Field parameters must be a list.');
  return given.map((item: unknown) => {
    if (!isFields(item)) throw invalidParameter('Each of the parameters must be an object.');
    const value = item['value'];
    if (value !== undefined && value !== null && typeof value !== 'string') {
      throw invalidParameter('The value of a parameter must be a string.');
    }
    const name = requiredText(item, 'name');
    return { name, type: optionalText(item, 'type') ?? 'STRING', ...(typeof value === 'string' && { value }) };
  });
}

function view(statement: Statement, result: SqlResult | undefined): Fields {
  const { failure } = statement;
  return {
    statement_id: statement.id,
    status: {
      state: statement.state,
      ...(failure && { error: { error_code: 'BAD_REQUEST', message: failure.message }, sql_state: failure.sqlState }),
    },
    ...(result && { manifest: manifestView(result), result: chunkView(statement.id, result, 0) }),
  };
}

const chunkCount = ({ rows }: SqlResult): number => Math.max(1, Math.ceil(rows.length / chunkRows));

function manifestView(result: SqlResult): Fields {
  const total = result.rows.length;
  return {
    format: 'JSON_ARRAY',
    schema: { column_count: result.columns.length, columns: result.columns.map(columnView) },
    total_chunk_count: chunkCount(result),
    total_row_count: total,
    truncated: false,
    chunks: Array.from({ length: chunkCount(result) }, (_, index) => ({
      chunk_index: index,
      row_offset: index * chunkRows,
      row_count: Math.min(chunkRows, total - index * chunkRows),
    })),
  };
}

function columnView({ name, type }: SqlColumn, position: number): Fields {
  const { base, precision, scale } = splitType(type);
  return {
    name,
    position,
    type_name: typeNames[base] ?? base.toUpperCase(),
    type_text: type.toUpperCase(),
    ...(precision !== undefined && { type_precision: precision, type_scale: scale ?? 0 }),
  };
}

const typeNames: Record<string, string> = {
  tinyint: 'BYTE',
  smallint: 'SHORT',
  bigint: 'LONG',
  void: 'NULL',
  timestamp_ntz: 'TIMESTAMP',
};

function chunkView(id: string, { rows }: SqlResult, index: number): Fields {
  const offset = index * chunkRows;
  const own = rows.slice(offset, offset + chunkRows);
  const more = offset + own.length < rows.length;
  return {
    chunk_index: index,
    row_offset: offset,
    row_count: own.length,
    ...(more && { next_chunk_index: index + 1, next_chunk_internal_link: `${root}/${id}/result/chunks/${index + 1}` }),
    data_array: own.map((row) => row.map(textOf)),
  };
}

// "Each non-null value is formatted as a string."
const textOf = (value: SqlValue): string | null => (value === null ? null : String(value));
