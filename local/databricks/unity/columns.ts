import type { Fields } from '../requestFields.ts';
import type { DeltaField, DeltaTable, DeltaType } from './deltaLog.ts';

// The names that differ between Delta's JSON and SQL, and the `ColumnTypeName` of the API (databricks-sdk, service/catalog).
const sqlNames: Record<string, string> = { integer: 'int', long: 'bigint', short: 'smallint', byte: 'tinyint' };
const apiNames: Record<string, string> = { integer: 'INT', long: 'LONG', short: 'SHORT', byte: 'BYTE' };

/** A type as SQL writes it, e.g. `array<struct<a:int>>`. */
export function sqlType(type: DeltaType): string {
  if (typeof type === 'string') return sqlNames[type] ?? type;
  if (type.type === 'array') return `array<${sqlType(type.elementType)}>`;
  if (type.type === 'map') return `map<${sqlType(type.keyType)},${sqlType(type.valueType)}>`;
  return `struct<${type.fields.map(({ name, type }) => `${name}:${sqlType(type)}`).join(',')}>`;
}

/** The type of a column as SQL writes it. Delta keeps CHAR and VARCHAR as strings and notes beside them what they were. */
export function columnType({ type, metadata }: DeltaField): string {
  const noted = metadata['__CHAR_VARCHAR_TYPE_STRING'];
  return typeof noted === 'string' ? noted : sqlType(type);
}

/** The table's columns as `ColumnInfo`. */
export function columnInfos({ schema, partitionColumns }: DeltaTable): Fields[] {
  return schema.map((field, position) => {
    const partition = partitionColumns.indexOf(field.name);
    const [precision, scale] = precisionOf(field.type);
    const { comment } = field.metadata;
    return {
      name: field.name,
      type_text: columnType(field),
      type_name: apiName(field),
      type_json: JSON.stringify(field, withoutMapping),
      type_precision: precision,
      type_scale: scale,
      position,
      nullable: field.nullable,
      ...(comment !== undefined && { comment }),
      ...(partition >= 0 && { partition_index: partition }),
    };
  });
}

// Delta's notes on where a renamed column is in the files, which Spark does not show either.
const withoutMapping = (key: string, value: unknown): unknown =>
  key.startsWith('delta.columnMapping.') ? undefined : value;

function apiName({ type }: DeltaField): string {
  const name = typeof type === 'string' ? type.replace(/\(.*/, '') : type.type;
  return apiNames[name] ?? name.toUpperCase();
}

function precisionOf(type: DeltaType): [precision: number, scale: number] {
  const found = typeof type === 'string' ? /^decimal\((\d+),\s*(\d+)\)$/.exec(type) : null;
  return found ? [Number(found[1]), Number(found[2])] : [0, 0];
}
