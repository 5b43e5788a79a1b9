/** Weekly hours. */
import { member } from '../lib/json';
import { type AvailableTime, DAYS, type Day } from '../staff/fields';
import { sortBlocks } from '../staff/normalise';
import { type Codec, readPresent } from './codecs';
import { UNREADABLE } from './contract';
import { timeOf } from './dates';
import { listOf } from './read';

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

/** One block; undefined if it says more, or less, than days and times (`allDay`, an unknown day). */
function blockIn(stored: unknown): AvailableTime | undefined {
  const names = listOf(member(stored, 'daysOfWeek'));
  const daysOfWeek = DAYS.filter((day) => names.includes(day));
  const times = timesOf(member(stored, 'availableStartTime'), member(stored, 'availableEndTime'));
  if (times === undefined || daysOfWeek.length === 0) return undefined;
  return daysOfWeek.length < new Set(names).size ? undefined : { daysOfWeek, ...times };
}
