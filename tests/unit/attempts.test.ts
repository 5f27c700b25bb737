import { describe, expect, test } from 'vitest';
import { type Attempt, latestAttempts } from '../../domain/attempts.ts';

const attempt = (task_key: string, run_id: string, attempt_number = 0, start_time?: number): Attempt => ({
  task_key,
  run_id,
  attempt_number,
  ...(start_time !== undefined && { start_time }),
});
const ids = (attempts: Attempt[], ...history: string[][]): string[] =>
  latestAttempts(
    attempts,
    history.map((task_run_ids) => ({ task_run_ids })),
  ).map(({ run_id }) => run_id);

describe('the attempt that counts', () => {
  test('is the one with the highest number, in the order of the tasks', () => {
    expect(ids([attempt('a', '3', 1), attempt('b', '2'), attempt('a', '1', 0)])).toEqual(['3', '2']);
  });

  test('is the one of the latest repair, also where a repair counts from 0 again', () => {
    const tasks = [attempt('a', '30', 0), attempt('a', '10', 0), attempt('a', '20', 1)];
    expect(ids(tasks, ['10', '20'], ['30'])).toEqual(['30']);
  });

  test('is the one that no history names yet', () => {
    expect(ids([attempt('a', '5', 1), attempt('a', '4', 0)], ['5'])).toEqual(['4']);
  });

  test('is the later one of two with the same number, and one that has not begun is later than any', () => {
    expect(ids([attempt('a', '1', 0, 2000), attempt('a', '2', 0, 1000)])).toEqual(['1']);
    expect(ids([attempt('a', '1', 0, 0), attempt('a', '2', 0, 1000)])).toEqual(['1']);
  });

  test('is the one with the larger id where nothing else tells, beyond 2^53 too', () => {
    expect(ids([attempt('a', '9007199254740993'), attempt('a', '9007199254740992')])).toEqual(['9007199254740993']);
    expect(ids([attempt('a', '9'), attempt('a', '10')])).toEqual(['10']);
  });
});
