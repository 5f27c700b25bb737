import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fraction, logNormalHazard, nextPollSeconds, type PollingPlan, type WaitPhase } from '../../domain/polling.ts';

const plan: PollingPlan = {
  floorSeconds: 5,
  ceilingSeconds: 60,
  expectedSeconds: { workspace: 180, storage: 40, runme: 300, notebooks: 3600, warehouse: 240 },
};
const phases: WaitPhase[] = ['workspace', 'storage', 'runme', 'notebooks', 'warehouse'];
const elapsed = fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constantFrom(0, 1e-9, 1e12));

describe('nextPollSeconds', () => {
  test('stays between floor and ceiling and is the same on each replay', () => {
    fc.assert(
      fc.property(fc.constantFrom(...phases), elapsed, fc.string(), (phase, seconds, seed) => {
        const pause = nextPollSeconds(plan, phase, seconds, seed);
        expect(pause).toBeGreaterThanOrEqual(plan.floorSeconds);
        expect(pause).toBeLessThanOrEqual(plan.ceilingSeconds);
        expect(nextPollSeconds(plan, phase, seconds, seed)).toBe(pause);
      }),
    );
  });

  test('gives a usable pause for any plan that the settings let through', () => {
    const positive = fc.double({ min: 0.001, max: 1e5, noNaN: true });
    fc.assert(
      fc.property(positive, positive, positive, elapsed, (floorSeconds, ceilingSeconds, expected, seconds) => {
        const any = { floorSeconds, ceilingSeconds, expectedSeconds: { ...plan.expectedSeconds, runme: expected } };
        const pause = nextPollSeconds(any, 'runme', seconds, 'id');
        expect(pause).toBeGreaterThanOrEqual(floorSeconds);
        expect(pause).toBeLessThanOrEqual(Math.max(floorSeconds, ceilingSeconds));
      }),
    );
  });

  test('keeps deployments apart by ten per cent at most', () => {
    const pauses = Array.from({ length: 200 }, (_, i) => nextPollSeconds(plan, 'notebooks', 2000, `deployment ${i}`));
    expect(Math.max(...pauses) / Math.min(...pauses)).toBeLessThanOrEqual(1.1 / 0.9);
    expect(Math.max(...pauses) / Math.min(...pauses)).toBeGreaterThan(1.15);
  });

  test('looks at a new storage before its usual length has passed', () => {
    expect(nextPollSeconds(plan, 'storage', 0, 'id')).toBeLessThan(40);
  });

  // Lateness and looks of the practical rule in the table of the polling study: 200,000 draws of the same waits.
  describe.each([
    { phase: 'workspace', sigma: 0.35, late: 7.5, looks: 9.2 },
    { phase: 'storage', sigma: 0.9, late: 5.8, looks: 6.3 },
    { phase: 'runme', sigma: 0.25, late: 7.8, looks: 12 },
    { phase: 'notebooks', sigma: 0.3, late: 20, looks: 76 },
  ] as const)('at $phase', ({ phase, sigma, late, looks }) => {
    const median = plan.expectedSeconds[phase];
    const met = expectationOver((z) => detect(phase, median * Math.exp(sigma * z)));

    test('is as late and looks as often as the study says', () => {
      expect(met.late / late).toBeGreaterThan(0.8);
      expect(met.late / late).toBeLessThan(1.15);
      expect(met.looks / looks).toBeGreaterThan(0.8);
      expect(met.looks / looks).toBeLessThan(1.15);
    });

    test('reaches 60 % of what is possible at all', () => {
      expect(leastProduct(median, sigma) / (met.late * met.looks)).toBeGreaterThan(0.6);
    });

    test.each([0.5, 2])('is at most 30 s late on average when the usual length is %f times what was told', (factor) => {
      const wrong = expectationOver((z) => detect(phase, median * factor * Math.exp(sigma * z)));
      expect(wrong.late).toBeLessThan(30);
    });
  });
});

describe('logNormalHazard', () => {
  test('is the slope of the logarithm of the survival', () => {
    for (const t of [1, 20, 100, 180, 300, 600, 1500]) {
      const h = t * 1e-3;
      const slope = (Math.log(survival(t - h, 180, 0.35)) - Math.log(survival(t + h, 180, 0.35))) / (2 * h);
      expect(logNormalHazard(t, 180, 0.35), `at ${t} s`).toBeCloseTo(slope, 5);
    }
  });

  test('has the known value at the median', () => {
    expect(logNormalHazard(180, 180, 0.35)).toBeCloseTo(2 / (180 * 0.35 * Math.sqrt(2 * Math.PI)), 8);
  });

  test('is finite and not negative at any time that a clock in milliseconds can show', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.001, max: 1e9, noNaN: true }),
        fc.double({ min: 0.1, max: 1e5, noNaN: true }),
        (t, median) => {
          const hazard = logNormalHazard(t, median, 0.25);
          expect(Number.isFinite(hazard) && hazard >= 0).toBe(true);
        },
      ),
    );
    expect(logNormalHazard(0, 180, 0.35)).toBe(0);
  });
});

describe('fraction', () => {
  test('lies in [0, 1) and spreads neighbouring texts evenly', () => {
    const bins = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 2000; i++) {
      const value = fraction(`id:retry:${i}`);
      expect(value >= 0 && value < 1).toBe(true);
      bins[Math.floor(value * 10)] = (bins[Math.floor(value * 10)] ?? 0) + 1;
    }
    expect(Math.min(...bins)).toBeGreaterThan(120);
    expect(Math.max(...bins)).toBeLessThan(280);
  });
});

/** How late and after how many looks a wait of this length is seen to be over. */
function detect(phase: WaitPhase, length: number): { late: number; looks: number } {
  let at = 0;
  let looks = 0;
  do {
    at += nextPollSeconds(plan, phase, at, String(Math.round(length)));
    looks++;
  } while (at < length);
  return { late: at - length, looks };
}

/** Mean over a normal z, by a fine grid instead of draws, so that it is always the same. */
function expectationOver(of: (z: number) => { late: number; looks: number }): { late: number; looks: number } {
  let weights = 0;
  const mean = { late: 0, looks: 0 };
  for (let z = -4; z <= 4; z += 0.04) {
    const weight = Math.exp((-z * z) / 2);
    const { late, looks } = of(z);
    mean.late += weight * late;
    mean.looks += weight * looks;
    weights += weight;
  }
  return { late: mean.late / weights, looks: mean.looks / weights };
}

/** ½(∫√(f·S))², below which no way of looking can come (Cauchy–Schwarz). */
function leastProduct(median: number, sigma: number): number {
  let integral = 0;
  for (let z = -5; z < 5; z += 0.005) {
    const t = median * Math.exp(sigma * z);
    const density = Math.exp((-z * z) / 2) / (t * sigma * Math.sqrt(2 * Math.PI));
    integral += Math.sqrt(density * survival(t, median, sigma)) * t * sigma * 0.005;
  }
  return integral ** 2 / 2;
}

/** P(T > t) by Simpson's rule over the normal density: slow, and independent of the code under test. */
function survival(t: number, median: number, sigma: number): number {
  const from = Math.log(t / median) / sigma;
  const steps = 2000;
  const width = 40 / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++) {
    const weight = i === 0 || i === steps ? 1 : i % 2 ? 4 : 2;
    sum += weight * Math.exp(-((from + i * width) ** 2) / 2);
  }
  return (sum * width) / 3 / Math.sqrt(2 * Math.PI);
}
