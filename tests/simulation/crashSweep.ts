import { describe, expect, test } from 'vitest';
import { play, titleOf, violations } from '../../local/simulation/crashSweep.ts';
import type { Scenario } from '../../local/simulation/scenarios.ts';
import { quickLatencies, quickScript } from '../../local/simulation/quickCloud.ts';

/** Tests that a scenario ends as if nothing had happened, whenever the host crashes. */
export async function testCrashesAnywhereIn(scenario: Scenario, leastPoints: number): Promise<void> {
  const options = { latencies: quickLatencies, script: quickScript };
  const reference = await play(scenario, options);
  const cases = reference.points.map((point) => [titleOf(point), point] as const);

  test(`${scenario.name} succeeds without a crash, and has many moments for one`, () => {
    expect(reference.deployment).toMatchObject({ state: 'Succeeded' });
    expect(cases.length).toBeGreaterThan(leastPoints);
  });

  describe(`${scenario.name} ends as if nothing had happened when the host crashes`, () => {
    test.each(cases)('%s', async (_title, point) => {
      const ending = await play(scenario, options, [point]);
      expect(ending.crashes).toBe(1);
      expect(violations(reference, ending)).toEqual([]);
    });
  });
}
