/** Retry hints are headers of a stranger: each is read strictly or not at all. */
import fc from 'fast-check';
import {
  isoTimeHeader,
  retryAfterHeader,
  secondsHeader,
  secondsUntilNextMonth,
} from '../../src/adapter/retryAfter';

const now = new Date('2026-02-28T12:00:00Z');

test.each<[string | string[] | undefined, number | undefined]>([
  ['0', 0],
  ['120', 120],
  [' 5 ', 5],
  ['1.2', 2],
  [['3', '9'], 3],
  ['Sat, 28 Feb 2026 12:02:00 GMT', 120],
  ['Sat, 28 Feb 2026 11:00:00 GMT', 0],
  ['Sat, 99 Feb 2026 11:00:00 GMT', undefined],
  ['Sun, 28 Feb 2526 12:00:00 GMT', undefined],
  ['-5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['99999999', undefined],
  ['9'.repeat(400), undefined],
  ['Infinity', undefined],
  ['2026-02-28', undefined],
  ['', undefined],
  ['soon', undefined],
  [undefined, undefined],
  [[], undefined],
])('Retry-After %j is %p', (value, seconds) => {
  expect(retryAfterHeader({ 'retry-after': value }, now)).toBe(seconds);
});

test.each<[string, string | string[] | undefined, number | undefined]>([
  ['Sat, 28 Feb 2026 13:00:30 GMT', 'Sat, 28 Feb 2026 13:00:00 GMT', 30],
  ['Sat, 28 Feb 2026 11:00:30 GMT', 'Sat, 28 Feb 2026 11:00:00 GMT', 30],
  ['Sat, 28 Feb 2026 13:00:30 GMT', ['Sat, 28 Feb 2026 13:00:00 GMT'], 30],
  ['Saturday, 28-Feb-26 13:00:30 GMT', 'Sat, 28 Feb 2026 13:00:00 GMT', 30],
  ['Sat Feb 28 13:00:30 2026', 'Sat, 28 Feb 2026 13:00:00 GMT', 30],
  // The answer does not say what its clock is: ours.
  ['Sat, 28 Feb 2026 12:00:30 GMT', 'yesterday', 30],
  ['Sat, 28 Feb 2026 12:00:30 GMT', undefined, 30],
  // Seconds are seconds.
  ['30', 'Sat, 28 Feb 2026 13:00:00 GMT', 30],
])('Retry-After %s of an answer of %j is %p seconds', (value, date, seconds) => {
  expect(retryAfterHeader({ 'retry-after': value, date }, now)).toBe(seconds);
});

test.each([
  ['2026-03-01T00:00:00Z', 12 * 3600],
  ['2026-02-28T09:00:00-03:00', 0],
  ['2026-02-28T12:00:00.500Z', 1],
  ['2026-02-28', undefined],
  ['12', undefined],
  ['2026-13-45T99:00:00Z', undefined],
])('an ISO time %s is %p seconds away', (value, seconds) => {
  expect(isoTimeHeader({ reset: value }, 'reset', now)).toBe(seconds);
});

test('an ISO time counts from the clock of the answer too', () => {
  const headers = { reset: '2026-02-28T13:00:30Z', date: 'Sat, 28 Feb 2026 13:00:00 GMT' };
  expect(isoTimeHeader(headers, 'reset', now)).toBe(30);
});

test('the next month begins in UTC, in December too', () => {
  expect(secondsUntilNextMonth(now)).toBe(12 * 3600);
  expect(secondsUntilNextMonth(new Date('2026-12-31T23:59:59.5Z'))).toBe(1);
});

test('anything gives whole seconds within a month, or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double().map(String), fc.date().map(String)), (value) => {
      for (const seconds of [
        retryAfterHeader({ 'retry-after': value }, now),
        secondsHeader({ h: value }, 'h'),
        isoTimeHeader({ h: value }, 'h', now),
      ]) {
        if (seconds !== undefined)
          expect(Number.isInteger(seconds) && seconds >= 0 && seconds < 3e6).toBe(true);
      }
    }),
  );
});
