/** Parses JSON without losing digits: an integer beyond 2^53 becomes a bigint. Throws a SyntaxError like `JSON.parse`. */
export function parseJson(text: string): unknown {
  const revive = (_key: string, value: unknown, context: { source: string }): unknown =>
    typeof value === 'number' &&
    Number.isInteger(value) &&
    !Number.isSafeInteger(value) &&
    /^-?\d+$/.test(context.source)
      ? BigInt(context.source)
      : value;
  return (JSON.parse as (text: string, reviver: typeof revive) => unknown)(text, revive);
}

/** Writes JSON with bigints as plain integers. */
export function formatJson(value: unknown): string {
  const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? rawJSON(item.toString()) : item));
}
