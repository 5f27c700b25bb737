import { describe, expect, test } from 'vitest';
import type { WaitPhase } from '../../domain/polling.ts';
import { criticalPathSeconds, workOf } from '../../local/bench/criticalPath.ts';
import { mean, quantile } from '../../local/kit/figure.ts';
import { originalDeployment } from '../../local/bench/originalScript.ts';
import { ourDeployment } from '../../local/bench/ourPolicy.ts';
import { efficiencyOf } from '../../local/bench/pollingEfficiency.ts';
import { follow, leastProduct } from '../../local/bench/pollingBound.ts';
import { drawWaits, referenceWaits } from '../../local/bench/waits.ts';
import { randomFrom } from '../../local/kit/random.ts';

const waits = { workspace: 180, storage: 40, runme: 360, notebooks: 3600, warehouse: 240 };

describe('the bound on looks', () => {
  test.each([0.01, 0.5])('is 1/2λ for waits that end at the constant rate %f', (rate) => {
    const bound = leastProduct((seconds) => rate * Math.exp(-rate * seconds), 60 / rate);
    expect(bound * 2 * rate).toBeCloseTo(1, 3);
  });

  test('is reached by fixed looks at such waits, in the limit, and never beaten', () => {
    const meanSeconds = 100;
    const random = randomFrom(3);
    const lengths = Array.from({ length: 50_000 }, () => -meanSeconds * Math.log(1 - random()));
    const bound = leastProduct((seconds) => Math.exp(-seconds / meanSeconds) / meanSeconds, 60 * meanSeconds);
    const efficiencies = [50, 10, 2].map((interval) => {
      const followed = lengths.map((length) => ({ length, ...follow(length, () => interval, { atOnce: false }) }));
      const late = mean(followed.map(({ length, seenAfter }) => seenAfter - length));
      return bound / (late * mean(followed.map(({ looks }) => looks)));
    });
    expect(efficiencies).toEqual(efficiencies.toSorted((a, b) => a - b));
    expect(efficiencies[0]).toBeLessThan(0.85);
    expect(efficiencies[2]).toBeGreaterThan(0.97);
    expect(efficiencies[2]).toBeLessThan(1.02);
  });
});

describe('following a wait', () => {
  test('ends with the first look at or after its end', () => {
    expect(follow(25, () => 10, { atOnce: false })).toEqual({ looks: 3, seenAfter: 30 });
    expect(follow(30, () => 10, { atOnce: true })).toEqual({ looks: 4, seenAfter: 30 });
  });

  test('sees what is over already at once, if it looks at once', () => {
    expect(follow(0, () => 10, { atOnce: true })).toEqual({ looks: 1, seenAfter: 0 });
    expect(follow(-5, () => 10, { atOnce: false })).toEqual({ looks: 1, seenAfter: 10 });
  });
});

describe('the critical path', () => {
  test('is the longest chain of work', () => {
    const graph = {
      a: { seconds: 3 },
      b: { seconds: 5 },
      c: { seconds: 4, after: ['a'] },
      d: { seconds: 1, after: ['b', 'c'] },
      e: { seconds: 2, after: ['b'] },
    };
    expect(criticalPathSeconds(graph)).toBe(8);
    expect(criticalPathSeconds({})).toBe(0);
    expect(() => criticalPathSeconds({ a: { seconds: 1, after: ['z'] } })).toThrow('no work z');
  });

  test('of a deployment is the sum of its waits, whose identity is ready before the workspace', () => {
    expect(criticalPathSeconds(workOf(waits))).toBe(180 + 40 + 360 + 3600 + 240);
    expect(criticalPathSeconds(workOf({ ...waits, workspace: 5, storage: 0 }))).toBe(15 + 360 + 3600 + 240);
  });
});

test.each(Object.keys(referenceWaits) as WaitPhase[])(
  'the looks that nobody has set otherwise reach six tenths of what is possible at all: %s',
  (phase) => {
    const { efficiency } = efficiencyOf(phase, 1000);
    expect(efficiency).toBeGreaterThan(0.6);
    expect(efficiency).toBeLessThan(1);
  },
);

describe('a deployment by its looks alone', () => {
  test('takes a little longer than its critical path, never less', () => {
    const draws = drawWaits(7, 500);
    const lost = draws.map(
      (each, index) => ourDeployment(each, `id ${index}`).wall - criticalPathSeconds(workOf(each)),
    );
    expect(Math.min(...lost)).toBeGreaterThan(0);
    expect(quantile(lost, 0.5)).toBeLessThan(65);
  });
});

describe('the original script', () => {
  const containerSeconds: [number, number] = [60, 60];
  const middle = (): number => 0.5;

  test('loses its containers, its sleeps and its intervals', () => {
    const { notebooksOver, gaveUp } = originalDeployment(waits, { containerSeconds }, middle);
    // 60 s of container, 180 of workspace on a look; 15 s asleep, 60 of container, 12.5 of download; the storage is there then.
    expect(notebooksOver).toBe(60 + 180 + 15 + 60 + 12.5 + 360 + 3600);
    expect(gaveUp).toBe(false);
  });

  test('sees a workspace at half minutes and a storage at tens of seconds after its own start', () => {
    const { notebooksOver } = originalDeployment(
      { ...waits, workspace: 181, storage: 125 },
      { containerSeconds },
      middle,
    );
    // At 337.5 s the second script looks for the first time; the storage answers from 366 s on.
    expect(notebooksOver).toBe(60 + 210 + 15 + 60 + 12.5 + 10 + 360 + 3600);
  });

  test('gives up on a storage that takes longer than thirty looks', () => {
    expect(originalDeployment({ ...waits, storage: 1000 }, { containerSeconds }, middle).gaveUp).toBe(true);
  });
});

test('draws have the medians and spreads of the reference, and are the same for the same seed', () => {
  const draws = drawWaits(11, 20_000);
  expect(drawWaits(11, 5)).toEqual(draws.slice(0, 5));
  for (const [phase, { median, sigma, atLeast }] of Object.entries(referenceWaits)) {
    const all = draws.map((each) => each[phase as keyof typeof waits] - atLeast);
    expect(quantile(all, 0.5) / median).toBeCloseTo(1, 1);
    expect(Math.log(quantile(all, 0.8413) / median) / sigma).toBeCloseTo(1, 1);
  }
});
