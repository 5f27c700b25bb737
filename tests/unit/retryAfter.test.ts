import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { retryAfterSeconds } from '../../clients/retryAfter.ts';

const nowMs = Date.UTC(2026, 10, 23, 21, 0, 0);

describe('retryAfterSeconds', () => {
  test.each([
    ['120', 120],
    ['0', 0],
    [' 17 ', 17],
    ['0.5', 0.5],
    ['3600', 3600],
    ['Mon, 23 Nov 2026 21:00:30 GMT', 30],
    ['Monday, 23-Nov-26 21:01:00 GMT', 60],
    ['Mon, 23 Nov 2026 20:00:00 GMT', 0],
  ])('reads %j as %d s', (header, seconds) => {
    expect(retryAfterSeconds(header, nowMs)).toBe(seconds);
  });

  test.each([
    undefined,
    '',
    ' ',
    '-5',
    '-0',
    'soon',
    'soon 2099',
    '1e3',
    '0x10',
    '12 s',
    '1,000',
    'NaN',
    'Infinity',
    '2099-01-01',
    'Xyz, nonsense GMT',
    '9'.repeat(400),
  ])('takes %j for none', (header) => {
    expect(retryAfterSeconds(header, nowMs)).toBeUndefined();
  });

  test('is none or a wait that is not negative, whatever the header', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.date().map(String)), (header) => {
        const seconds = retryAfterSeconds(header, nowMs) ?? 0;
        expect(seconds >= 0 && seconds < Number.POSITIVE_INFINITY).toBe(true);
      }),
    );
  });
});
