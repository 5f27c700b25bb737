import { expect, test } from 'vitest';
import { realKills } from '../../local/soak/realKills.ts';
import { fullSweep } from '../support/fullSweep.ts';

/** Printed when the test fails; `KILL_SEED` plays the same moments again. */
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const [kills, inFlight] = fullSweep ? [20, 20] : [5, 8];

test(
  `F3: every deployment ends as if nothing had happened when the host is killed ${kills} times with ${inFlight} in flight (KILL_SEED=${seed})`,
  { timeout: 600_000 },
  async () => {
    const { accepted, finished, ...report } = await realKills({ kills, inFlight, seed });
    expect(report).toMatchObject({ seed, kills, violations: { lost: [], doubled: [], other: [] } });
    expect(accepted).toBeGreaterThanOrEqual(inFlight);
    expect(finished).toBe(accepted);
  },
);
