import { describe, expect, test } from 'vitest';
import { titleOf } from '../../local/simulation/moments.ts';
import { play } from '../../local/simulation/play.ts';
import { newWorkspace } from '../../local/simulation/scenarios.ts';
import { quickOptions, violationsOfCancel } from '../../local/simulation/sweeps.ts';
import { fullSweep } from '../support/fullSweep.ts';

const reference = await play(newWorkspace, quickOptions);
const some = reference.moments.filter((_, n) => fullSweep || n % 8 === 0);

describe('F22: a deployment ends cancelled or as it was, with no run active and nothing doubled, when it is cancelled', () => {
  test.each(some.map((moment) => [titleOf(moment), moment] as const))('%s', async (_title, moment) => {
    expect(await violationsOfCancel(newWorkspace, reference, moment)).toEqual([]);
  });
});
