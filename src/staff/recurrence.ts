/** On which dates a block of weekly hours holds, as far as it matters for whether two of them meet. */
import { type AvailableTime, DAYS, type Day } from './fields';

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday; weeks are counted from Monday. */
const FIRST_WEEKDAY = 3;
const NEVER_ENDS = Number.POSITIVE_INFINITY;

/** Every `period` days within `from` and `to`, one of them being `anchor`; days are counted from 1970-01-01. */
interface Dates {
  /** Undefined if a repetition does not say from when it counts: any of its possible dates may be one. */
  anchor: number | undefined;
  period: number;
  from: number;
  to: number;
}

/** True if there is a date on which both blocks hold on this day of the week. */
export function meetOn(day: Day, a: AvailableTime, b: AvailableTime): boolean {
  const [left, right] = [datesOf(a, day), datesOf(b, day)];
  const from = Math.max(left.from, right.from);
  const to = Math.min(left.to, right.to);
  if (from > to) return false;
  // Weekly hours with dates of their own: whether such a day falls into the dates that they share is not asked.
  if (!a.recurrence && !b.recurrence) return true;
  if (left.anchor === undefined || right.anchor === undefined) return true;
  const first = firstCommon(left.anchor, left.period, right.anchor, right.period, from);
  return first !== undefined && first <= to;
}

function datesOf({ period, recurrence }: AvailableTime, day: Day): Dates {
  const weekday = DAYS.indexOf(day);
  const from = latest(period?.start, recurrence?.start);
  const to = earliest(period?.end, recurrence?.end);
  if (recurrence === undefined) return { anchor: onWeekday(0, weekday), period: 7, from, to };
  const interval = recurrence.interval * (recurrence.unit === 'week' ? 7 : 1);
  if (recurrence.start === undefined) return { anchor: undefined, period: interval, from, to };
  const start = dayNumber(recurrence.start);
  // Whole weeks count from the first such day; other intervals meet it every `interval` weeks.
  if (interval % 7 === 0) return { anchor: onWeekday(start, weekday), period: interval, from, to };
  let anchor = start;
  while (weekdayOf(anchor) !== weekday) anchor += interval;
  return { anchor, period: interval * 7, from, to };
}

/** The first day from `from` on that is in both sequences. */
function firstCommon(
  a: number,
  periodOfA: number,
  b: number,
  periodOfB: number,
  from: number,
): number | undefined {
  const step = gcd(periodOfA, periodOfB);
  if ((b - a) % step !== 0) return undefined;
  const together = (periodOfA / step) * periodOfB;
  let common = a;
  while ((common - b) % periodOfB !== 0) common += periodOfA;
  return common + Math.ceil((from - common) / together) * together;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function onWeekday(from: number, weekday: number): number {
  return from + ((weekday - weekdayOf(from) + 7) % 7);
}

function weekdayOf(day: number): number {
  return (((day + FIRST_WEEKDAY) % 7) + 7) % 7;
}

function latest(...dates: readonly (string | undefined)[]): number {
  return Math.max(LONG_AGO, ...dates.map((date) => (date === undefined ? LONG_AGO : dayNumber(date))));
}

function earliest(...dates: readonly (string | undefined)[]): number {
  return Math.min(NEVER_ENDS, ...dates.map((date) => (date === undefined ? NEVER_ENDS : dayNumber(date))));
}

/** @param date `YYYY-MM-DD` */
function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS;
}

/** Before any date that the schema takes. */
const LONG_AGO = dayNumber('0001-01-01');
