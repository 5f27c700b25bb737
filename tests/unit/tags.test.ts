import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { requiredTags, withRequiredTags } from '../../domain/tags.ts';

const required = { costCentre: '4711', owner: null };

describe('withRequiredTags', () => {
  test('adds the required tags to those of the request', () => {
    expect(withRequiredTags({ owner: 'ann', team: 'quants' }, required)).toEqual({
      tags: { owner: 'ann', team: 'quants', costCentre: '4711' },
      faults: [],
    });
  });

  test('takes a required tag in another spelling and keeps that of the settings', () => {
    expect(withRequiredTags({ OWNER: 'ann', costcentre: '4711' }, required)).toEqual({
      tags: { owner: 'ann', costCentre: '4711' },
      faults: [],
    });
  });

  test.each([
    ['a tag that is left out', {}, '/tags/owner'],
    ['a tag that is blank', { Owner: ' ' }, '/tags/Owner'],
    ['another value for a tag of the settings', { owner: 'ann', CostCentre: '1' }, '/tags/CostCentre'],
  ])('points at %s', (_what, asked, pointer) => {
    expect(withRequiredTags(asked, required).faults.map((fault) => fault.pointer)).toEqual([pointer]);
  });

  test('changes nothing when nothing is required', () => {
    expect(withRequiredTags({ a: '1' }, {})).toEqual({ tags: { a: '1' }, faults: [] });
  });
});

test.each([[{ 'accelerator-deployment': 'x' }], [{ 'a/b': 'x' }], [{ a: 1 }], [['a']]])(
  'the settings cannot require %j',
  (setting) => {
    expect(v.safeParse(requiredTags, setting).success).toBe(false);
  },
);
