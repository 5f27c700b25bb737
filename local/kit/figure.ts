/** One line of the report: what was measured, how it came out, and what it is held against in the same run. */
export interface Figure {
  name: string;
  value: string;
  against: string;
  /** What it takes for granted, where that is not plain. */
  assuming?: string;
}

export const median = (numbers: number[]): number => quantile(numbers, 0.5);

/** The number below which the share lies, of the numbers themselves. */
export const quantile = (numbers: number[], share: number): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * share)] ?? Number.NaN;

export const mean = (numbers: number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

export const ratio = (value: number, other: number): string => `${(value / other).toFixed(2)} ×`;
