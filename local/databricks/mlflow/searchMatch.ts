import type { Comparison, Ordering } from './searchFilter.ts';

export type Operand = string | number | bigint | undefined;

/** Whether a value passes a comparison; what is not there passes none. */
export function passes(operand: Operand, { comparator, value }: Comparison): boolean {
  if (operand === undefined) return false;
  if (comparator === 'LIKE' || comparator === 'ILIKE') return isLike(String(operand), String(value), comparator);
  if (Array.isArray(value)) return value.includes(String(operand)) === (comparator === 'IN');
  if (comparator === '=') return equal(operand, value);
  if (comparator === '!=') return !equal(operand, value);
  if (comparator === '>') return operand > value;
  if (comparator === '>=') return operand >= value;
  if (comparator === '<') return operand < value;
  return operand <= value;
}

// An int64 may be a bigint and is compared with numbers.
const equal = (a: Operand, b: string | number): boolean =>
  typeof a === 'bigint' && typeof b === 'number' ? BigInt(b) === a : a === b;

function isLike(text: string, pattern: string, comparator: string): boolean {
  const source = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('_', '.')
    .replaceAll('%', '.*');
  return new RegExp(`^${source}$`, comparator === 'ILIKE' ? 'is' : 's').test(text);
}

/** The items in the wished order; what lacks a value, or has NaN, comes last either way. */
export function ordered<T>(items: T[], orderings: Ordering[], operandOf: (item: T, by: Ordering) => Operand): T[] {
  const compare = (a: T, b: T, by: Ordering): number => {
    const [left, right] = [operandOf(a, by), operandOf(b, by)];
    const ranks = [left, right].map((operand) => (operand === undefined ? 2 : Number.isNaN(operand) ? 1 : 0));
    if (ranks[0] !== ranks[1]) return (ranks[0] ?? 0) - (ranks[1] ?? 0);
    if (left === undefined || right === undefined || left === right) return 0;
    return (left < right ? -1 : left > right ? 1 : 0) * (by.ascending ? 1 : -1);
  };
  return items.toSorted((a, b) => {
    for (const by of orderings) {
      const difference = compare(a, b, by);
      if (difference !== 0) return difference;
    }
    return 0;
  });
}
