import { describe, expect, test } from 'vitest';
import { titleOf } from '../../local/simulation/moments.ts';
import { play, prepared } from '../../local/simulation/play.ts';
import type { Scenario } from '../../local/simulation/scenarios.ts';
import { quickOptions, violationsOfCrash } from '../../local/simulation/sweeps.ts';

/** Tests that a scenario ends as if nothing had happened, whenever the host crashes; of the moments only every `step`-th. */
export async function testCrashesAnywhereIn(scenario: Scenario, leastMoments: number, step = 1): Promise<void> {
  const options = await prepared(scenario, quickOptions);
  const reference = await play(scenario, options);
  const { moments } = reference;
  const cases = moments.filter((_, n) => n % step === 0).map((moment) => [titleOf(moment), moment] as const);

  test(`${scenario.name} succeeds without a crash, and has many moments for one`, () => {
    expect(reference.deployment).toMatchObject({ state: 'Succeeded' });
    expect(moments.length).toBeGreaterThan(leastMoments);
  });

  describe.each([
    ['F1', cases.filter(([, { at }]) => at === 'commit')],
    ['F2', cases.filter(([, { at }]) => at === 'call')],
  ])(`%s: ${scenario.name} ends as if nothing had happened when the host crashes`, (_row, some) => {
    test.each(some)('%s', async (_title, moment) => {
      expect(await violationsOfCrash(scenario, reference, moment, options)).toEqual([]);
    });
  });
}
