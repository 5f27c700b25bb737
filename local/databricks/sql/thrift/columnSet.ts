import types, {
  type TColumn,
  type TRowSet,
  type TTableSchema,
  type TTypeId,
} from '@databricks/sql/thrift/TCLIService_types.js';
import Int64 from 'node-int64';
import type { SqlColumn, SqlValue } from '../../compute.ts';
import { splitType } from '../sqlType.ts';

const { TTypeId: ids } = types;

/** Thrift's type for Spark's; what is not here is told as a string, which its values are. */
const typeIds: Record<string, TTypeId> = {
  boolean: ids.BOOLEAN_TYPE,
  tinyint: ids.TINYINT_TYPE,
  smallint: ids.SMALLINT_TYPE,
  int: ids.INT_TYPE,
  bigint: ids.BIGINT_TYPE,
  float: ids.FLOAT_TYPE,
  double: ids.DOUBLE_TYPE,
  decimal: ids.DECIMAL_TYPE,
  date: ids.DATE_TYPE,
  timestamp: ids.TIMESTAMP_TYPE,
  timestamp_ntz: ids.TIMESTAMP_TYPE,
  binary: ids.BINARY_TYPE,
  array: ids.ARRAY_TYPE,
  map: ids.MAP_TYPE,
  struct: ids.STRUCT_TYPE,
  void: ids.NULL_TYPE,
};

/** The columns' names and types as GetResultSetMetadata tells them. */
export function tableSchema(columns: SqlColumn[]): TTableSchema {
  return new types.TTableSchema({
    columns: columns.map(({ name, type }, i) => ({
      columnName: name,
      // Positions are counted from 1.
      position: i + 1,
      typeDesc: { types: [{ primitiveEntry: primitiveEntry(type) }] },
    })),
  });
}

function primitiveEntry(type: string): { type: TTypeId; typeQualifiers?: { qualifiers: Record<string, object> } } {
  const { base, precision, scale } = splitType(type);
  const id = typeIds[base] ?? ids.STRING_TYPE;
  if (precision === undefined) return { type: id };
  const qualifiers = { precision: { i32Value: precision }, scale: { i32Value: scale ?? 0 } };
  return { type: id, typeQualifiers: { qualifiers } };
}

/** Rows as columns, each with a bit per row that says whether it is null. */
export function rowSet(columns: SqlColumn[], rows: SqlValue[][], offset: number): TRowSet {
  return new types.TRowSet({
    startRowOffset: new Int64(offset),
    rows: [],
    columns: columns.map(({ type }, i) => columnOf(splitType(type).base, rows, i)),
    columnCount: columns.length,
  });
}

function columnOf(base: string, rows: SqlValue[][], index: number): TColumn {
  const values = rows.map((row) => row[index] ?? null);
  const nulls = nullBits(values);
  const each = <T>(convert: (value: Exclude<SqlValue, null>) => T, instead: T): T[] =>
    values.map((value) => (value === null ? instead : convert(value)));
  switch (base) {
    case 'boolean':
      return new types.TColumn({ boolVal: { values: each((value) => value === true, false), nulls } });
    case 'tinyint':
      return new types.TColumn({ byteVal: { values: each(Number, 0), nulls } });
    case 'smallint':
      return new types.TColumn({ i16Val: { values: each(Number, 0), nulls } });
    case 'int':
      return new types.TColumn({ i32Val: { values: each(Number, 0), nulls } });
    case 'bigint':
      return new types.TColumn({ i64Val: { values: each(longOf, longOf(0)), nulls } });
    case 'float':
    case 'double':
      return new types.TColumn({ doubleVal: { values: each(Number, 0), nulls } });
    case 'binary':
      return new types.TColumn({
        binaryVal: { values: each((value) => Buffer.from(String(value), 'base64'), empty), nulls },
      });
    default:
      return new types.TColumn({ stringVal: { values: each(String, ''), nulls } });
  }
}

const empty = Buffer.alloc(0);

function longOf(value: Exclude<SqlValue, null>): Int64 {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt(value));
  return new Int64(bytes);
}

/** The lowest bit of each byte is the first of its eight rows. */
function nullBits(values: SqlValue[]): Buffer {
  const bits = Buffer.alloc(Math.ceil(values.length / 8));
  for (const [i, value] of values.entries()) {
    const byte = i >> 3;
    if (value === null) bits[byte] = (bits[byte] ?? 0) | (1 << (i & 7));
  }
  return bits;
}
