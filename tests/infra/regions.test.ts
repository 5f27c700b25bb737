import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readSnapshot, snapshotNames } from '../support/infra.ts';

interface Regions {
  source: string;
  read: string;
  regions: string[];
}

const regions = JSON.parse(readFileSync(new URL('../../infra/regions.json', import.meta.url), 'utf8')) as Record<
  'flexConsumption' | 'durableTaskScheduler',
  Regions
>;

describe.each(Object.entries(regions))('the regions of %s', (_, { source, read, regions: names }) => {
  test('say where they are from, when they were read, and how to ask for the present ones', () => {
    expect(source).toMatch(/20\d\d-\d\d; ask for the present ones with: az /);
    expect(read).toMatch(/^20\d\d-\d\d-\d\d$/);
  });

  test('stand as Azure writes them, each once and in order', () => {
    expect(names.filter((name) => !/^[a-z]+\d?$/.test(name))).toEqual([]);
    expect(names).toEqual([...new Set(names)].toSorted());
  });
});

test('each resource is in a region where its kind is known to be', () => {
  const placed = snapshotNames.flatMap((name) => readSnapshot(name).predictedResources);
  const known = (type: string): string[] =>
    type.startsWith('Microsoft.DurableTask/')
      ? regions.durableTaskScheduler.regions
      : [...regions.flexConsumption.regions, 'global'];
  expect(placed.filter(({ location }) => location !== undefined).length).toBeGreaterThan(40);
  const strangers = placed.filter(({ type, location }) => location !== undefined && !known(type).includes(location));
  expect(strangers.map(({ name }) => name)).toEqual([]);
});
