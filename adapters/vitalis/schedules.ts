/**
 * The weekly hours of a professional, which are rows of their own: one block a day, no dates, no place, and no way to delete one
 * (contract section 4).
 */
import {
  type AvailableTime,
  DAYS,
  type Day,
  field,
  inResource,
  isObject,
  listIn,
  listOf,
  type MappedField,
  member,
  path,
  plainHours,
  type Resource,
  type Shift,
  timesOf,
  UNREADABLE,
  type VendorRecord,
  type VendorRequest,
  weekOf,
} from '../../src/adapter';
import { TITLE } from './fields';

const NAME = 'schedules';

/** By the vendor's number of a day. */
const WEEKDAYS: readonly Day[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** What is sent for one day. */
interface DayRow {
  dayOfWeek: number;
  startTime: string;
  endTime: string;
}

const plain = plainHours(TITLE);

export const availableTime: MappedField<AvailableTime[]> = inResource(
  NAME,
  field('schedules', plain, {
    notClearable: `${TITLE} has no way to take a day out of the weekly hours`,
    note: 'One block a day: no `locationId`, `period` or `recurrence`. A day can be added and changed, not taken away.',
    encode: (blocks, refuse, current) => {
      plain.encode(blocks, refuse);
      const taken = new Set<Day>();
      for (const [index, { daysOfWeek }] of blocks.entries()) {
        if (daysOfWeek.some((day) => taken.has(day))) {
          refuse(`/${index}`, 'not_expressible', `${TITLE} holds one block of hours a day.`);
        }
        for (const day of daysOfWeek) taken.add(day);
      }
      const missing = daysIn(current).filter((day) => !taken.has(day));
      if (missing.length > 0) {
        const detail = `${TITLE} cannot take a day out of the weekly hours, and these are stored: ${missing.join(', ')}.`;
        refuse('', 'not_clearable', detail);
      }
      return blocks.flatMap(rowsOf);
    },
    decode: ({ schedules }) => {
      const shifts = shiftsIn(schedules);
      return shifts === undefined ? UNREADABLE : weekOf(shifts);
    },
    holds: ({ schedules }, blocks) => {
      const stored = shiftsIn(schedules);
      const wanted = shiftsIn(blocks.flatMap(rowsOf));
      return stored !== undefined && wanted !== undefined && isSameWeek(stored, wanted);
    },
  }),
);

function rowsOf({ daysOfWeek, availableStartTime, availableEndTime }: AvailableTime): DayRow[] {
  const [startTime, endTime] = [shortest(availableStartTime), shortest(availableEndTime)];
  return daysOfWeek.map((day) => ({ dayOfWeek: WEEKDAYS.indexOf(day), startTime, endTime }));
}

/** `HH:mm` where there are no seconds. Compared as text by the vendor, so the hour always has two digits. */
function shortest(time: string): string {
  return time.replace(/^(\d\d:\d\d):00$/, '$1');
}

type DayShift = { day: Day; shift: Shift };

/** Undefined if a row says something else than a day and its times. */
function shiftsIn(schedules: unknown): DayShift[] | undefined {
  const rows = listOf(schedules).map((row) => {
    const day = dayOf(row);
    const shift = timesOf(padded(member(row, 'startTime')), padded(member(row, 'endTime')));
    return day !== undefined && shift !== undefined ? { day, shift } : undefined;
  });
  const readable = rows.filter((row) => row !== undefined);
  return readable.length === rows.length ? readable : undefined;
}

/** The vendor stores `9:00` as it was sent. */
function padded(time: unknown): unknown {
  return typeof time === 'string' ? time.replace(/^\d:/, '0$&') : time;
}

function dayOf(row: unknown): Day | undefined {
  const number = member(row, 'dayOfWeek');
  return typeof number === 'number' ? WEEKDAYS[number] : undefined;
}

function daysIn(record: VendorRecord | undefined): Day[] {
  const stored = listOf(record?.schedules).map(dayOf);
  return DAYS.filter((day) => stored.includes(day));
}

function isSameWeek(one: readonly DayShift[], other: readonly DayShift[]): boolean {
  const keysOf = (week: readonly DayShift[]) =>
    week.map(({ day, shift }) => `${day} ${shift.availableStartTime} ${shift.availableEndTime}`).sort();
  return keysOf(one).join() === keysOf(other).join();
}

/** @param basePath before the paths of the vendor */
export function schedulesResource(
  basePath: string,
  idOf: (professional: VendorRecord) => string | undefined,
): Resource {
  return {
    name: NAME,
    // The number of the professional is that of the hours.
    idIn: idOf,
    writes: 'merged',
    // A day is a request, so only a read shows the week.
    answers: 'acknowledgement',
    read: (id) => ({ method: 'GET', path: basePath + path`/work_schedules?professionalID=${id}` }),
    // "No hours" is a 404 (contract section 4).
    absent: { schedules: [] },
    record: (body, id) => {
      const rows = listIn(member(body, 'schedules'));
      return rows && { id, schedules: rows.filter((row) => ownerOf(row) === id).map(relevant) };
    },
    idOf: ({ id }) => (typeof id === 'string' ? id : undefined),
    write: (id, { schedules }, current) => requestsFor(basePath, id, schedules, current),
    list: {
      first: { method: 'GET', path: `${basePath}/work_schedules` },
      rows: (body) => {
        const rows = listIn(member(body, 'schedules'));
        return rows && byOwner(rows);
      },
    },
  };
}

function ownerOf(row: unknown): string {
  return String(member(row, 'professionalID'));
}

/** Of a row what the week is made of: it is compared as a whole. */
function relevant(row: unknown): VendorRecord {
  return Object.fromEntries(
    ['id', 'dayOfWeek', 'startTime', 'endTime'].map((name) => [name, member(row, name)]),
  );
}

function byOwner(rows: readonly unknown[]): VendorRecord[] {
  const weeks = new Map<string, VendorRecord[]>();
  for (const row of rows) {
    if (!isObject(row)) continue;
    const week = weeks.get(ownerOf(row)) ?? [];
    weeks.set(ownerOf(row), [...week, relevant(row)]);
  }
  return [...weeks].map(([id, schedules]) => ({ id, schedules }));
}

/** One for each day that is new or has other times. */
function requestsFor(
  basePath: string,
  professionalId: string,
  wanted: unknown,
  current: VendorRecord | undefined,
): VendorRequest[] {
  return listOf(wanted).flatMap((row): VendorRequest | [] => {
    if (!isObject(row)) return [];
    const stored = listOf(current?.schedules).find((item) => dayOf(item) === dayOf(row));
    if (stored === undefined) {
      const body = { professionalID: Number(professionalId), ...row };
      return { method: 'POST', path: `${basePath}/work_schedules`, body };
    }
    if (isSameWeek(shiftsIn([stored]) ?? [], shiftsIn([row]) ?? [])) return [];
    return {
      method: 'PATCH',
      path: basePath + path`/work_schedules/${String(member(stored, 'id'))}`,
      body: row,
    };
  });
}
