import type { TimerSchedule } from './timerSchedule.ts';

interface Field {
  low: number;
  high: number;
  names?: string[];
}

const months = 'january,february,march,april,may,june,july,august,september,october,november,december'.split(',');
const weekdays = 'sunday,monday,tuesday,wednesday,thursday,friday,saturday'.split(',');

const fields: readonly Field[] = [
  { low: 0, high: 59 },
  { low: 0, high: 59 },
  { low: 0, high: 23 },
  { low: 1, high: 31 },
  { low: 1, high: 12, names: months },
  { low: 0, high: 6, names: weekdays },
];

const minuteMs = 60_000;
// 29 February on one weekday comes back within 40 years.
const horizonMs = 41 * 366 * 24 * 60 * minuteMs;

/** The schedule of an NCRONTAB expression: seconds (may be left out), minutes, hours, day, month, weekday, all of them met. */
export function cronSchedule(text: string): TimerSchedule | undefined {
  const given = text.trim().split(/\s+/);
  if (given.length !== 5 && given.length !== 6) return undefined;
  const texts = given.length === 5 ? ['0', ...given] : given;
  const sets = fields.map((field, index) => parseField(texts[index] ?? '', field));
  if (!sets.every((set) => set !== undefined)) return undefined;
  const isInterval = texts.slice(given.length === 5 ? 1 : 0, 3).some((part) => /[*/-]/.test(part));
  const next = (afterMs: number): number | undefined => nextOccurrence(sets, isInterval, afterMs);
  return { next, isFrequent: (nowMs) => isFrequent(texts, next, nowMs), adjustForDst: true };
}

function isFrequent(texts: readonly string[], next: (afterMs: number) => number | undefined, nowMs: number): boolean {
  if (!texts.slice(1).every((part) => part === '*')) return false;
  const first = next(nowMs) ?? Infinity;
  return (next(first) ?? Infinity) < nowMs + minuteMs;
}

function parseField(text: string, field: Field): ReadonlySet<number> | undefined {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const range = parseItem(item, field);
    if (!range) return undefined;
    for (let value = range.first; value <= range.last; value += range.step) values.add(value);
  }
  return values;
}

function parseItem(item: string, field: Field): { first: number; last: number; step: number } | undefined {
  const [range = '', stepText] = item.split('/');
  const step = stepText === undefined ? 1 : Number(/^\d+$/.test(stepText) ? stepText : 0);
  if (step < 1) return undefined;
  if (range === '*') return { first: field.low, last: field.high, step };
  const [from = '', to] = range.split('-');
  const start = parseValue(from, field);
  // A single value with a step goes on to the end.
  const end = to === undefined ? (stepText === undefined ? start : field.high) : parseValue(to, field);
  if (start === undefined || end === undefined) return undefined;
  return { first: Math.min(start, end), last: Math.max(start, end), step };
}

function parseValue(text: string, { low, high, names }: Field): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) >= low && Number(text) <= high ? Number(text) : undefined;
  const index = text === '' ? -1 : (names ?? []).findIndex((name) => name.startsWith(text.toLowerCase()));
  return index < 0 ? undefined : index + low;
}

function nextOccurrence(
  sets: readonly ReadonlySet<number>[],
  isInterval: boolean,
  afterMs: number,
): number | undefined {
  let time = Math.floor(afterMs / 1000) * 1000 + 1000;
  for (const endMs = time + horizonMs; time < endMs;) {
    const later = skipFrom(new Date(time), sets);
    if (later === undefined) {
      if (isInterval || !isRepeatedHour(time)) return time;
      time += 1000;
    } else time = later;
  }
  return undefined;
}

/** The next time that may fit when `date` does not; undefined when it does. */
function skipFrom(date: Date, sets: readonly ReadonlySet<number>[]): number | undefined {
  const [seconds, minutes, hours, days, monthNumbers, dayNumbers] = sets;
  const time = date.getTime();
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  if (!monthNumbers?.has(month + 1)) return new Date(year, month + 1, 1).getTime();
  if (!days?.has(day) || !dayNumbers?.has(date.getDay())) return new Date(year, month, day + 1).getTime();
  const intoMinuteMs = date.getSeconds() * 1000;
  // Hours and minutes are added to the time itself, so that the hour which the end of summer time repeats is no trap.
  if (!hours?.has(date.getHours())) return time - intoMinuteMs + (60 - date.getMinutes()) * minuteMs;
  if (!minutes?.has(date.getMinutes())) return time - intoMinuteMs + minuteMs;
  return seconds?.has(date.getSeconds()) ? undefined : time + 1000;
}

// A time of day that comes twice counts once, unless the schedule is an interval.
function isRepeatedHour(time: number): boolean {
  const date = new Date(time);
  const [year, month, day] = [date.getFullYear(), date.getMonth(), date.getDate()];
  return new Date(year, month, day, date.getHours(), date.getMinutes(), date.getSeconds()).getTime() !== time;
}
