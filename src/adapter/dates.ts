/** Dates, times of day and periods. */
import { isObject, member } from '../lib/json';
import { isOnCalendar } from '../staff/calendar';
import type { Period } from '../staff/fields';
import { asSent } from './codecs';
import { UNREADABLE } from './contract';

/** A date that is sent as `YYYY-MM-DD` and may come back as a date-time. */
export const date = asSent<string>((stored) => dateOf(stored) ?? UNREADABLE);

/** The date that a date or a date-time states (its offset is not applied), undefined if that is no real date. */
export function dateOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const day = /^(\d{4}-\d{2}-\d{2})(?:[Tt ]\d{2}:\d{2}.*)?$/.exec(value.trim())?.[1];
  return day !== undefined && isOnCalendar(day) ? day : undefined;
}

/** `THH:MM:SS`, `HH:MM:SS` or `HH:MM` → `HH:MM:SS`; undefined for anything else, `24:00` included. */
export function timeOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const [, hour, minute, second = '00'] =
    /^[Tt]?([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?$/.exec(value.trim()) ?? [];
  return hour === undefined ? undefined : `${hour}:${minute}:${second}`;
}

/** A period with the members `start` and `end`. */
export const period = asSent<Period>((stored) =>
  isObject(stored) ? periodOf(member(stored, 'start'), member(stored, 'end')) : UNREADABLE,
);

/** A period from its two stored bounds; an absent or empty bound is open, none at all means no period. */
export function periodOf(start: unknown, end: unknown): Period | null | typeof UNREADABLE {
  const from = date.decode(start) ?? undefined;
  const to = date.decode(end) ?? undefined;
  if (from === UNREADABLE || to === UNREADABLE) return UNREADABLE;
  if (from === undefined && to === undefined) return null;
  return { ...(from !== undefined && { start: from }), ...(to !== undefined && { end: to }) };
}
