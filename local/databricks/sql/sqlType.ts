/** A type's name without its arguments, e.g. `decimal` with 10 and 2, `array`, `interval`. */
export interface SqlType {
  base: string;
  precision?: number;
  scale?: number;
}

/** Takes apart how Spark writes a type: `decimal(10,2)`, `array<double>`, `interval day to second`, `bigint`. */
export function splitType(type: string): SqlType {
  const base = /^\w+/.exec(type)?.[0].toLowerCase() ?? type;
  const numbers = base === 'decimal' ? /\((\d+)\s*,\s*(\d+)\)/.exec(type) : undefined;
  return { base, ...(numbers && { precision: Number(numbers[1]), scale: Number(numbers[2]) }) };
}
