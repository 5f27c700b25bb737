import type { TimerSchedule } from './timerSchedule.ts';

/** What is kept of a timer; null for "never". Times are milliseconds since 1970. */
export interface TimerStatus {
  last: number | null;
  next: number;
  lastUpdated: number | null;
}

/** The status of a timer that has never been seen; undefined when it will never fire. */
export function firstStatus(schedule: TimerSchedule, nowMs: number): TimerStatus | undefined {
  const next = schedule.next(nowMs);
  return next === undefined ? undefined : { last: null, next, lastUpdated: null };
}

/** A kept status as it is at a start: with another next time when the schedule has changed since. */
export function resumedStatus(kept: TimerStatus, schedule: TimerSchedule, nowMs: number): TimerStatus | undefined {
  const since = kept.last ?? kept.lastUpdated ?? nowMs;
  const expected = schedule.next(since);
  if (expected === kept.next) return kept;
  // A new schedule is not past due at once.
  const isPast = expected !== undefined && nowMs > expected;
  const next = isPast ? schedule.next(nowMs) : expected;
  return next === undefined ? undefined : { last: null, next, lastUpdated: isPast ? nowMs : since };
}

/** The text that a timer trigger receives: .NET's TimerInfo. */
export function timerInfo(schedule: TimerSchedule, status: TimerStatus | undefined, isPastDue: boolean): string {
  return JSON.stringify({
    Schedule: { AdjustForDST: schedule.adjustForDst },
    ScheduleStatus: status
      ? { Last: localTime(status.last), Next: localTime(status.next), LastUpdated: localTime(status.lastUpdated) }
      : null,
    IsPastDue: isPastDue,
  });
}

// As Newtonsoft writes a local DateTime: the fraction without zeros at its end, and the offset from UTC.
function localTime(ms: number | null): string {
  if (ms === null) return '0001-01-01T00:00:00+00:00';
  const offset = -new Date(ms).getTimezoneOffset();
  const local = new Date(ms + offset * 60_000).toISOString().replace(/\.?0*Z$/, '');
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}:${two(Math.abs(offset) % 60)}`;
}
