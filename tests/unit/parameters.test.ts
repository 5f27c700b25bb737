import { expect, test } from 'vitest';
import { notebookParameters } from '../../local/demo/parameters.ts';

test.each<[given: string[], expected: Record<string, string>]>([
  [[], { profile: 'small' }],
  [['rows=64', 'seed='], { profile: 'small', rows: '64', seed: '' }],
  [['profile=full'], { profile: 'full' }],
  [['model=heston'], { profile: 'small', model: 'heston' }],
  [['schema=a=b'], { profile: 'small', schema: 'a=b' }],
])('the demo with %j runs the small profile, unless another is asked for', (given, expected) => {
  expect(notebookParameters(given)).toEqual(expected);
});

test.each(['rows', '=64'])('a parameter %j is refused with the form that it should have', (text) => {
  expect(() => notebookParameters([text])).toThrow('name=value');
});
