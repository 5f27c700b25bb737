import { expect, test } from 'vitest';
import type { StatusResource } from '../../domain/status.ts';
import { partsOf } from '../../local/demo/parts.ts';

const at = (seconds: number): string => new Date(Date.UTC(2026, 10, 27) + seconds * 1000).toISOString();
const step = (name: string, from: number, to: number): object => ({
  name,
  title: name,
  startedAt: at(from),
  endedAt: at(to),
});

/** A deployment of 100 seconds. */
const deployment = (steps: object[], tasks: [key: string, from: number, to: number][] = []): StatusResource =>
  ({
    createdTime: at(0),
    lastUpdatedTime: at(100),
    steps,
    runs: [{ tasks: tasks.map(([key, from, to]) => ({ key, startedAt: at(from), endedAt: at(to) })) }],
  }) as unknown as StatusResource;

const shares = (status: StatusResource): [string, number][] =>
  partsOf(status).map(({ title, share }) => [title, Math.round(share * 100)]);

test('the shares of all parts add up to the whole', () => {
  const status = deployment(
    [step('workspace', 0, 20), step('notebooks', 30, 90)],
    [
      ['PIV_01', 30, 50],
      ['PIV_02', 50, 90],
    ],
  );
  expect(shares(status)).toEqual([
    ['workspace', 20],
    ['PIV_01', 20],
    ['PIV_02', 40],
    ['Everything else', 20],
  ]);
});

test('time that two steps share counts once, for the one that began first', () => {
  const status = deployment([step('identity', 0, 5), step('workspace', 0, 20), step('role', 20, 25)]);
  expect(shares(status)).toEqual([
    ['workspace', 20],
    ['role', 5],
    ['Everything else', 75],
  ]);
});

test('what has not ended, or took no time, is not among them', () => {
  const status = deployment([
    step('job', 10, 10.1),
    { name: 'verification', title: 'verification', startedAt: at(50) },
  ]);
  expect(shares(status)).toEqual([['Everything else', 100]]);
});
