import { describe, expect, test } from 'vitest';
import { newWorkspace } from '../../local/simulation/scenarios.ts';
import { callsIn, faultKinds, violationsOfFault } from '../../local/simulation/sweeps.ts';
import { fullSweep } from '../support/fullSweep.ts';

const { reference, calls } = await callsIn(newWorkspace);

test('the reference deployment succeeds and makes some fifty calls', () => {
  expect(reference.deployment).toMatchObject({ state: 'Succeeded' });
  expect(calls.length).toBeGreaterThan(40);
});

// Each fault, and each call, is tried in every run.
describe.each(faultKinds.map((kind, k) => [kind.row, kind.name, kind, k] as const))(
  '%s: a deployment ends as if nothing had happened when a call %s',
  (_row, _name, kind, k) => {
    const some = calls.filter((_, c) => fullSweep || (c + k) % faultKinds.length === 0);
    test.each(some.map((call) => [call.what, call.skip, call] as const))('%s (request %i)', async (_what, _n, call) => {
      expect(await violationsOfFault(newWorkspace, reference, call, kind)).toEqual([]);
    });
  },
);
