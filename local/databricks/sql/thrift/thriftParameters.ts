import type { TSparkParameter } from '@databricks/sql/thrift/TCLIService_types.js';
import type { SqlParameter } from '../../compute.ts';
import { ThriftRefusal } from './thriftStatus.ts';

/** The named parameters of a statement; one without type and value is NULL. */
export function readParameters(given: TSparkParameter[] | null | undefined): SqlParameter[] {
  return (given ?? []).map(({ name, type, value, arguments: parts }) => {
    if (!name) throw new ThriftRefusal('The Databricks emulator binds named parameters only.');
    if (parts?.length) throw new ThriftRefusal('The Databricks emulator binds no arrays, maps or structs.');
    const plain = value?.stringValue ?? value?.doubleValue ?? value?.booleanValue;
    if (plain === undefined || plain === null) return { name, type: type ?? 'VOID' };
    return { name, type: type ?? 'STRING', value: String(plain) };
  });
}
