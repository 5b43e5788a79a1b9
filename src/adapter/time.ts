/** Dates, times of day, periods and weekly hours. */
import { canonicalJson, isObject, member } from '../lib/json';
import { isOnCalendar } from '../staff/calendar';
import { type AvailableTime, DAYS, type Day, type Period } from '../staff/fields';
import { sortBlocks } from '../staff/normalise';
import { asSent, type Codec, listOf, readPresent } from './codecs';
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

/** What a block says of each of its days. */
export type Shift = Omit<AvailableTime, 'daysOfWeek'>;

/** The times of a shift from two stored ones; undefined if one is no time, or the end is not after the start. */
export function timesOf(start: unknown, end: unknown): Shift | undefined {
  const [availableStartTime, availableEndTime] = [timeOf(start), timeOf(end)];
  if (availableStartTime === undefined || availableEndTime === undefined) return undefined;
  return availableStartTime < availableEndTime ? { availableStartTime, availableEndTime } : undefined;
}

/** The week of shifts that were read day by day: equal ones are one block; null if there are none. */
export function weekOf(shifts: readonly { day: Day; shift: Shift }[]): AvailableTime[] | null {
  const groups = new Map<string, { shift: Shift; days: Set<Day> }>();
  for (const { day, shift } of shifts) {
    const key = JSON.stringify(shift);
    const group = groups.get(key) ?? { shift, days: new Set() };
    groups.set(key, { shift, days: group.days.add(day) });
  }
  const blocks = [...groups.values()].map(({ shift, days }) => ({
    daysOfWeek: DAYS.filter((day) => days.has(day)),
    ...shift,
  }));
  return blocks.length === 0 ? null : sortBlocks(blocks);
}

/** Blocks of the canonical form, for vendors that hold days and times and nothing else of a block. */
export function plainHours(vendor: string): Codec<AvailableTime[]> {
  return {
    encode: (blocks, refuse) =>
      blocks.map(({ daysOfWeek, availableStartTime, availableEndTime, ...rest }, index) => {
        for (const part of Object.keys(rest)) {
          const detail = `${vendor} hours hold days and times only, no ${part}.`;
          refuse(`/${index}/${part}`, 'unsupported_field', detail);
        }
        return { daysOfWeek, availableStartTime, availableEndTime };
      }),
    decode: (stored) =>
      readPresent(stored, (value) => {
        const blocks = listOf(value).map(blockIn);
        const readable = blocks.filter((block) => block !== undefined);
        if (readable.length < blocks.length) return UNREADABLE;
        return readable.length === 0 ? null : sortBlocks(readable);
      }),
  };
}

/** The blocks of a week as vendors of plain hours take them; those that are stored already, in the spelling in which they are. */
export function asStoredBlocks(blocks: readonly AvailableTime[], stored: unknown): unknown[] {
  const kept = new Map<string, unknown>();
  for (const item of listOf(stored)) {
    const block = blockIn(item);
    if (block && isObject(item)) {
      const named = Object.entries(item).filter(([name]) => PLAIN.includes(name));
      kept.set(canonicalJson(block), Object.fromEntries(named));
    }
  }
  return blocks.map((block) => kept.get(canonicalJson(block)) ?? block);
}

/** What such a block is written with. */
const PLAIN = ['daysOfWeek', 'allDay', 'availableStartTime', 'availableEndTime'];

/** One block; undefined if it says more, or less, than days and times (`allDay`, an unknown day). */
function blockIn(stored: unknown): AvailableTime | undefined {
  const names = listOf(member(stored, 'daysOfWeek'));
  const daysOfWeek = DAYS.filter((day) => names.includes(day));
  const times = timesOf(member(stored, 'availableStartTime'), member(stored, 'availableEndTime'));
  if (times === undefined || daysOfWeek.length === 0) return undefined;
  return daysOfWeek.length < new Set(names).size ? undefined : { daysOfWeek, ...times };
}
