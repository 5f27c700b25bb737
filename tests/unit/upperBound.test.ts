import { expect, test } from 'vitest';
import { upperBound } from '../../local/simulation/upperBound.ts';

test('without a failure the bound is that of the rule of three', () => {
  expect(upperBound(0, 1000)).toBeCloseTo(1 - 0.05 ** (1 / 1000), 10);
  expect(upperBound(0, 10_000)).toBeLessThan(3e-4);
});

test('with failures it is the bound of Clopper and Pearson', () => {
  // Of one failure in ten: the 95 % quantile of a beta distribution with 2 and 9.
  expect(upperBound(1, 10)).toBeCloseTo(0.3942, 4);
  expect(upperBound(10, 10)).toBe(1);
});
