import type { THandleIdentifier } from '@databricks/sql/thrift/TCLIService_types.js';

/** An id as a Thrift handle; drivers insist on the bytes of a valid UUID. */
export function handleOf(id: string): THandleIdentifier {
  const guid = Buffer.from(id.replaceAll('-', ''), 'hex');
  return { guid, secret: guid };
}

/** The id in a handle; empty when it has none. */
export function idOf(handle: { guid?: Buffer | string } | null | undefined): string {
  const hex = Buffer.from(handle?.guid ?? '').toString('hex');
  const parts = /^(.{8})(.{4})(.{4})(.{4})(.{12})$/.exec(hex);
  return parts ? parts.slice(1).join('-') : '';
}
