import type { StatusResource } from '../../domain/status.ts';

/** A part of a deployment that took time, one after the other; `share` is of the whole, 0 to 1. */
export interface Part {
  title: string;
  seconds: number;
  share: number;
}

interface Interval {
  title: string;
  from: number;
  to: number;
}

/** Where a deployment's time went: its steps, the notebooks' step as its tasks (with the start of their cluster), and the rest. */
export function partsOf(status: StatusResource): Part[] {
  const whole = timeOf(status.lastUpdatedTime) - timeOf(status.createdTime);
  const steps = status.steps.filter(({ name }) => name !== 'notebooks');
  const tasks = status.runs.flatMap((run) => run.tasks).map((task) => ({ ...task, title: task.key }));
  const intervals = [...steps, ...tasks]
    .flatMap(({ title, startedAt, endedAt }) =>
      startedAt && endedAt ? [{ title, from: timeOf(startedAt), to: timeOf(endedAt) }] : [],
    )
    .toSorted((a, b) => a.from - b.from || b.to - a.to);
  const parts = withoutOverlaps(intervals).map(({ title, from, to }) => part(title, to - from, whole));
  const known = parts.reduce((sum, { seconds }) => sum + seconds, 0);
  return [...parts.filter(({ share }) => share >= 0.005), part('Everything else', whole - known * 1000, whole)];
}

/** Time counts once: what begins while something else goes on counts from the end of that. */
function withoutOverlaps(intervals: Interval[]): Interval[] {
  let reached = 0;
  return intervals.map(({ title, from, to }) => {
    const begin = Math.max(from, reached);
    reached = Math.max(reached, to);
    return { title, from: begin, to: Math.max(begin, to) };
  });
}

const part = (title: string, milliseconds: number, whole: number): Part => ({
  title,
  seconds: milliseconds / 1000,
  share: whole === 0 ? 0 : milliseconds / whole,
});

const timeOf = (text: string): number => Date.parse(text);
