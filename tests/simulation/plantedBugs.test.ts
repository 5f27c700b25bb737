import { describe, expect, test } from 'vitest';
import { plant, plantedBugs } from '../../local/simulation/plantedBugs.ts';
import { firstViolation } from '../../local/simulation/search.ts';
import { quickOptions } from '../../local/simulation/sweeps.ts';
import { fullSweep } from '../support/fullSweep.ts';

// Two of them always, one by a crash and one by a fault: the others take minutes.
const always = new Set(['a run is started without its idempotency token', 'Retry-After is ignored']);
const tried = plantedBugs.filter(({ name }) => fullSweep || always.has(name));

test('there are ten planted bugs', () => {
  expect(plantedBugs.length).toBeGreaterThanOrEqual(10);
});

describe('the sweeps notice when', { timeout: 600_000 }, () => {
  test.each(tried.map((bug) => [bug.name, bug] as const))('%s', async (_name, bug) => {
    const found = await firstViolation({ ...quickOptions, appFolder: await plant(bug) }, bug.caughtBy);
    expect(found?.violations.length).toBeGreaterThan(0);
  });
});
