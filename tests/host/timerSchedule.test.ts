import { describe, expect, test } from 'vitest';
import { timerSchedule } from '../../local/host/timer/timerSchedule.ts';

/** The next times after a local time, written as local times. */
function nextOf(text: string, after: string, count = 1): (string | undefined)[] {
  const schedule = timerSchedule(text);
  if (!schedule) throw new Error(`"${text}" is no schedule.`);
  const found: (string | undefined)[] = [];
  for (let time: number | undefined = Date.parse(after); found.length < count && time !== undefined;) {
    time = schedule.next(time);
    found.push(time === undefined ? undefined : localText(time));
  }
  return found;
}

function localText(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

describe('schedules of timer triggers', () => {
  test.each([
    ['0 */5 * * * *', '2026-01-01T10:01:30.500', ['2026-01-01T10:05:00', '2026-01-01T10:10:00']],
    ['0 */5 * * * *', '2026-01-01T10:05:00', ['2026-01-01T10:10:00']],
    ['*/5 * * * *', '2026-01-01T10:01:30', ['2026-01-01T10:05:00']],
    ['*/20 * * * * *', '2026-01-01T10:01:30', ['2026-01-01T10:01:40', '2026-01-01T10:02:00']],
    ['0 30 9 * * 1-5', '2026-01-02T10:00:00', ['2026-01-05T09:30:00', '2026-01-06T09:30:00']],
    ['0 30 9 * Jan Mon', '2026-01-26T10:00:00', ['2027-01-04T09:30:00']],
    ['0 0 0 29 2 *', '2026-01-01T00:00:00', ['2028-02-29T00:00:00']],
    ['0 0 12 31 * *', '2026-02-01T00:00:00', ['2026-03-31T12:00:00', '2026-05-31T12:00:00']],
    ['5,8 0 1 1 1 *', '2026-01-01T01:00:05', ['2026-01-01T01:00:08', '2027-01-01T01:00:05']],
    ['0 45/5 9 * * *', '2026-01-01T09:46:00', ['2026-01-01T09:50:00', '2026-01-01T09:55:00', '2026-01-02T09:45:00']],
    ['0 0 0 13 * Friday', '2026-01-01T00:00:00', ['2026-02-13T00:00:00', '2026-03-13T00:00:00']],
    ['0 0 0 31 2 *', '2026-01-01T00:00:00', [undefined]],
    ['00:05:00', '2026-01-01T10:01:30', ['2026-01-01T10:06:30', '2026-01-01T10:11:30']],
    ['1.00:00:00', '2026-01-01T10:00:00', ['2026-01-02T10:00:00']],
    ['00:30', '2026-01-01T10:00:00', ['2026-01-01T10:30:00']],
    ['2', '2026-01-01T10:00:00', ['2026-01-03T10:00:00']],
  ])('%s after %s', (text, after, expected) => {
    expect(nextOf(text, after, expected.length)).toEqual(expected);
  });

  test.each([
    '',
    'every day',
    '* * * *',
    '60 * * * * *',
    '0 0 24 * * *',
    '0 0 0 * * 7',
    '*/0 * * * * *',
    '00:00:00',
    '25:00:00',
  ])('"%s" is none', (text) => {
    expect(timerSchedule(text)).toBeUndefined();
  });

  test('only what fires more than once a minute is frequent', () => {
    const now = Date.UTC(2026, 0, 1);
    const frequent = ['*/10 * * * * *', '0 * * * * *', '0,30 5 * * * *', '00:00:30', '00:01:00'];
    expect(frequent.map((text) => timerSchedule(text)?.isFrequent(now))).toEqual([true, false, false, true, false]);
  });
});
