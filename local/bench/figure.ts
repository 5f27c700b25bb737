/** One line of the report: what was measured, how it came out, and what it is held against in the same run. */
export interface Figure {
  name: string;
  value: string;
  against: string;
}

export const median = (numbers: number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

export const ratio = (value: number, other: number): string => `${(value / other).toFixed(2)} ×`;
