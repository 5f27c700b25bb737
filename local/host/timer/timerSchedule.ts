import { cronSchedule } from './cronSchedule.ts';

/** When a timer fires. Cron times are local ones, as on the real host; times are milliseconds since 1970. */
export interface TimerSchedule {
  /** The first time after `afterMs`; undefined when there is none. */
  next(afterMs: number): number | undefined;
  /** Whether it fires more than once a minute: the real host does not keep the status of such timers. */
  isFrequent(nowMs: number): boolean;
  adjustForDst: boolean;
}

/** Reads a schedule: NCRONTAB with five or six fields, or a TimeSpan such as `00:05:00`; undefined when it is neither. */
export function timerSchedule(text: string): TimerSchedule | undefined {
  return cronSchedule(text) ?? constantSchedule(text);
}

function constantSchedule(text: string): TimerSchedule | undefined {
  const periodMs = timeSpanMs(text);
  if (periodMs === undefined || periodMs <= 0) return undefined;
  return { next: (afterMs) => afterMs + periodMs, isFrequent: () => periodMs < 60_000, adjustForDst: false };
}

// As TimeSpan.Parse reads it: days, hh:mm, hh:mm:ss, d.hh:mm:ss or d:hh:mm:ss, with a fraction of seconds.
function timeSpanMs(text: string): number | undefined {
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 86_400_000;
  const found = /^\s*(?:(\d+)[.:](?=\d+:\d+:))?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(\.\d{1,7})?)?\s*$/.exec(text);
  if (!found) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0, fraction = 0] = found.slice(1).map((part) => Number(part ?? 0));
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds + fraction) * 1000;
}
