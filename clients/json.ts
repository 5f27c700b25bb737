/** Parses JSON without losing digits: an integer beyond 2^53 becomes a bigint. Databricks ids are 64-bit. */
export function parseLossless(text: string): unknown {
  const revive = (_key: string, value: unknown, { source }: { source: string }): unknown =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? BigInt(source) : value;
  return (JSON.parse as (text: string, reviver: typeof revive) => unknown)(text, revive);
}

/** A 64-bit id, kept as text in the app, as the plain number that the API takes. */
export function idForJson(id: string): unknown {
  if (!/^\d{1,19}$/.test(id)) throw new RangeError(`${id} is not an id`);
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(id);
}
