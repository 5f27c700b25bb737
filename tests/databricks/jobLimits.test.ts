import { expect, test } from 'vitest';
import { creationLimit, requireRoom } from '../../local/databricks/jobs/jobLimits.ts';
import type { Run, TaskRun } from '../../local/databricks/jobs/run.ts';
import { VirtualClock } from '../../local/kit/clock.ts';

test('a workspace creates 10,000 jobs in an hour, and says when there is room for one more', () => {
  const clock = new VirtualClock(0);
  const create = creationLimit(clock);
  for (let job = 0; job < 10_000; job++) create();
  expect(create).toThrow(expect.objectContaining({ status: 429, retryAfterSeconds: 1 }));
  clock.advance(1000);
  create();
  create();
  expect(create).toThrow('10000 jobs');
});

test('a workspace runs 2,000 tasks at a time; those that wait for others do not count', () => {
  const task = (lifeCycle: TaskRun['lifeCycle']): TaskRun => ({ lifeCycle }) as TaskRun;
  const run = (tasks: TaskRun[]): Run => ({ lifeCycle: 'RUNNING', tasks }) as Run;
  const running = Array.from({ length: 1999 }, () => task('RUNNING'));
  const others = Array.from({ length: 500 }, () => task('BLOCKED'));
  requireRoom([run(running), run(others)]);
  expect(() => requireRoom([run(running), run([task('PENDING')])])).toThrow(
    expect.objectContaining({ status: 429, retryAfterSeconds: 60 }),
  );
});
