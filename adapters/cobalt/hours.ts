/**
 * Weekly hours: canonical blocks, each for several days, from and to Cobalt's list of days, each with its shifts
 * (contract sections 2 and 3). What is written as `set_recur` is read as `recurrence`, with its amount as text.
 */

import { type CodeTable, codeList, field, periodOf, readPresent, timeOf } from '../../src/adapter/codecs';
import { type Decoded, type MappedField, type Refuse, UNREADABLE } from '../../src/adapter/contract';
import { isObject, member } from '../../src/lib/json';
import {
  type AvailableTime,
  DAYS,
  type Day,
  RECURRENCE_UNITS,
  type Recurrence,
  type RecurrenceUnit,
} from '../../src/staff/fields';
import { sortBlocks } from '../../src/staff/normalise';

/** Cobalt's word for each unit; only `days` is documented. */
export type RecurrenceUnits = Readonly<Partial<Record<RecurrenceUnit, string>>>;

interface HoursSettings {
  locations: CodeTable | undefined;
  units: RecurrenceUnits;
  /** True where stored data that an update deletes need not be looked for. */
  protect: boolean;
}

const DAY_NAMES: Readonly<Record<Day, string>> = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
};

/** The document writes facility ids with hyphens, the list of locations without (contract section 4). */
const foldFacility = (id: string) => id.replaceAll('-', '').toLowerCase();

/**
 * A UUID with or without hyphens or, since the contract leaves open which of the two ids is wanted, the number that the
 * clinic's system gives a location (contract section 4). What is neither would be refused without a word on which field.
 */
const FACILITY_ID = /^(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\d{1,20})$/i;

export function hoursField({ locations, units, protect }: HoursSettings): MappedField<AvailableTime[]> {
  const facilities = codeList(locations, {
    fold: foldFacility,
    own: FACILITY_ID,
    unmapped: { at: '', detail: 'This is neither a configured location nor a facility id of Cobalt’s form.' },
  });
  const facilityOf = (locationId: string, refuse: Refuse = () => undefined) =>
    facilities.encode(locationId, refuse);
  const decode = (stored: unknown) => decodeHours(stored, units, facilities.decode);

  /** Everything that can be read back, day by day, so that grouping, order and spelling make no difference. */
  const perDay = (blocks: readonly AvailableTime[]) =>
    blocks
      .flatMap(({ daysOfWeek, availableStartTime, availableEndTime, locationId, period, recurrence }) => {
        const facility = locationId === undefined ? null : foldFacility(String(facilityOf(locationId)));
        const { interval, unit, start, description } = recurrence ?? {};
        const shift = [availableStartTime, availableEndTime, facility, period?.start, period?.end];
        return daysOfWeek.map((day) => JSON.stringify([day, ...shift, interval, unit, start, description]));
      })
      .sort()
      .join();

  return field(
    'hours',
    { encode: (blocks, refuse) => encodeHours(blocks, units, facilityOf, refuse), decode },
    {
      cleared: { wire: [] },
      needsCurrent: protect,
      note: noteOf(locations, units),
      holds: ({ hours }, blocks) => {
        const stored = decode(hours);
        return Array.isArray(stored) && perDay(stored) === perDay(blocks);
      },
      // Where such updates are refused there is nothing to warn of.
      loses: ({ hours }) =>
        !protect && carriesForeignData(hours)
          ? 'Stored shifts carry visit type rules or a description. An update of the hours deletes them.'
          : undefined,
      unconfirmable: (blocks) =>
        blocks.some((block) => block.recurrence !== undefined)
          ? 'Cobalt does not show whether and when a recurrence ends, so that cannot be confirmed.'
          : undefined,
    },
  );
}

/** What holds for the members of a block here: the units and places that this connection can express. */
function noteOf(locations: CodeTable = {}, units: RecurrenceUnits): string {
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``);
  const unitNames = quoted(RECURRENCE_UNITS.filter((unit) => units[unit] !== undefined));
  return [
    'Replaces the whole week. The end of a recurrence cannot be read back.',
    `\`recurrence.unit\`: ${unitNames.join(', ')}.`,
    `\`locationId\`: ${[...quoted(Object.keys(locations)), 'a facility id of Cobalt’s'].join(', ')}.`,
  ].join(' ');
}

/** True where a stored shift carries what only the clinic's own system sets, and what a PATCH cannot send back. */
export function carriesForeignData(hours: unknown): boolean {
  return listOf(hours)
    .flatMap((entry) => listOf(member(entry, 'shifts')))
    .some((shift) => {
      const description = member(shift, 'set_description');
      return (
        listOf(member(shift, 'visit_type_rules')).length > 0 ||
        (typeof description === 'string' && description.trim() !== '')
      );
    });
}

function encodeHours(
  blocks: readonly AvailableTime[],
  units: RecurrenceUnits,
  facilityOf: (locationId: string, refuse: Refuse) => unknown,
  refuse: Refuse,
) {
  const shifts = blocks.map((block, index) => {
    const { availableStartTime, availableEndTime, locationId, period, recurrence } = block;
    if (recurrence && units[recurrence.unit] === undefined) {
      refuse(
        `/${index}/recurrence/unit`,
        'unsupported_field',
        'No Cobalt word for this recurrence unit is documented or configured.',
      );
    }
    return {
      start: `T${availableStartTime}`,
      end: `T${availableEndTime}`,
      ...(locationId !== undefined && {
        facility_id: facilityOf(locationId, (_, code, detail) =>
          refuse(`/${index}/locationId`, code, detail),
        ),
      }),
      ...(period?.start !== undefined && { set_start_date: midnight(period.start) }),
      ...(period?.end !== undefined && { set_end_date: midnight(period.end) }),
      ...(recurrence && { set_recur: encodeRecurrence(recurrence, units) }),
    };
  });
  return DAYS.flatMap((day) => {
    const ofDay = shifts.filter((_, index) => blocks[index]?.daysOfWeek.includes(day));
    if (ofDay.length === 0) return [];
    return [{ day: DAY_NAMES[day], shifts: ofDay.sort((a, b) => a.start.localeCompare(b.start)) }];
  });
}

function encodeRecurrence({ interval, unit, start, end, description }: Recurrence, units: RecurrenceUnits) {
  return {
    ...(start !== undefined && { rec_start_date: midnight(start) }),
    ...(end !== undefined && { rec_end_date: midnight(end) }),
    recur_interval_type: units[unit],
    recur_interval_amount: interval,
    ...(description !== undefined && { recur_interval_description: description }),
  };
}

const midnight = (day: string) => `${day}T00:00:00`;

type Shift = Omit<AvailableTime, 'daysOfWeek'>;

function decodeHours(
  stored: unknown,
  units: RecurrenceUnits,
  locationOf: (stored: unknown) => Decoded<string>,
): Decoded<AvailableTime[]> {
  return readPresent(stored, (hours) => {
    if (!Array.isArray(hours)) return UNREADABLE;
    const days = new Map<string, { shift: Shift; days: Set<Day> }>();
    for (const entry of hours) {
      const day = DAYS.find((candidate) => DAY_NAMES[candidate] === member(entry, 'day'));
      const shifts = member(entry, 'shifts') ?? [];
      if (day === undefined || !Array.isArray(shifts)) return UNREADABLE;
      for (const item of shifts) {
        const shift = decodeShift(item, units, locationOf);
        if (shift === undefined) return UNREADABLE;
        const key = JSON.stringify(shift);
        const seen = days.get(key) ?? { shift, days: new Set() };
        days.set(key, { shift, days: seen.days.add(day) });
      }
    }
    const blocks = [...days.values()].map((group) => ({
      daysOfWeek: DAYS.filter((day) => group.days.has(day)),
      ...group.shift,
    }));
    return blocks.length === 0 ? null : sortBlocks(blocks);
  });
}

/** Undefined where the shift says something that has no canonical meaning, such as an end past midnight. */
function decodeShift(
  stored: unknown,
  units: RecurrenceUnits,
  locationOf: (stored: unknown) => Decoded<string>,
): Shift | undefined {
  const availableStartTime = timeOf(member(stored, 'start'));
  const availableEndTime = timeOf(member(stored, 'end'));
  const locationId = locationOf(member(stored, 'facility_id')) ?? undefined;
  const period = periodOf(member(stored, 'set_start_date'), member(stored, 'set_end_date'));
  const recurrence = decodeRecurrence(member(stored, 'recurrence') ?? member(stored, 'set_recur'), units);
  if (availableStartTime === undefined || availableEndTime === undefined) return undefined;
  if (availableEndTime <= availableStartTime) return undefined;
  if (locationId === UNREADABLE || period === UNREADABLE || recurrence === UNREADABLE) return undefined;
  return {
    availableStartTime,
    availableEndTime,
    ...(locationId !== undefined && { locationId }),
    ...(period && { period }),
    ...(recurrence && { recurrence }),
  };
}

function decodeRecurrence(stored: unknown, units: RecurrenceUnits): Recurrence | null | typeof UNREADABLE {
  const says = isObject(stored)
    ? Object.values(stored).filter((value) => value !== null && value !== '')
    : [stored];
  if (stored === undefined || stored === null || says.length === 0) return null;
  const word = member(stored, 'recur_interval_type');
  const unit = RECURRENCE_UNITS.find(
    (candidate) => units[candidate]?.toLowerCase() === String(word).toLowerCase(),
  );
  const amount = member(stored, 'recur_interval_amount');
  // A number when written, text when read (contract section 7).
  const interval = /^[1-9]\d{0,3}$/.test(String(amount)) ? Number(amount) : undefined;
  const bounds = periodOf(member(stored, 'rec_start_date'), member(stored, 'rec_end_date'));
  const description = member(stored, 'recur_interval_description');
  if (unit === undefined || interval === undefined || bounds === UNREADABLE) return UNREADABLE;
  return {
    interval,
    unit,
    ...bounds,
    ...(typeof description === 'string' && description !== '' && { description }),
  };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
