/**
 * Weekly hours: canonical blocks, each for several days, from and to Cobalt's list of days, each with its shifts
 * (contract sections 2 and 3). What is written as `set_recur` is read as `recurrence`, with its amount as text.
 */

import {
  type AvailableTime,
  type Codec,
  type CodeTable,
  codeList,
  DAYS,
  type Day,
  type Decoded,
  enumeration,
  field,
  isObject,
  listOf,
  type MappedField,
  member,
  periodOf,
  RECURRENCE_UNITS,
  type Recurrence,
  type RecurrenceUnit,
  type Refuse,
  readPresent,
  type Shift,
  textIn,
  timesOf,
  UNREADABLE,
  weekOf,
} from '../../src/adapter';

/** Cobalt's word for each unit; only `days` is documented. */
export type RecurrenceUnits = Readonly<Partial<Record<RecurrenceUnit, string>>>;

/** What of a block is translated word by word: the units and places that this connection can express. */
interface Words {
  units: Codec<RecurrenceUnit>;
  facilities: Codec<string>;
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
export const foldFacility = (id: string) => id.replaceAll('-', '').toLowerCase();

/**
 * A UUID with or without hyphens or, since the contract leaves open which of the two ids is wanted, the number that the
 * clinic's system gives a location (contract section 4). What is neither would be refused without a word on which field.
 */
const FACILITY_ID = /^(?:[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\d{1,20})$/i;

const UNKNOWN_UNIT = {
  code: 'unsupported_field',
  detail: 'No Cobalt word for this recurrence unit is documented or configured.',
} as const;

/** @param protect whether an update that would delete stored data is refused */
export function hoursField(
  locations: CodeTable = {},
  units: RecurrenceUnits = { day: 'days' },
  protect = false,
): MappedField<AvailableTime[]> {
  const words: Words = {
    units: enumeration(RECURRENCE_UNITS, units, UNKNOWN_UNIT, (word) => String(word).toLowerCase()),
    facilities: codeList(locations, {
      fold: foldFacility,
      own: FACILITY_ID,
      unmapped: {
        at: '',
        detail: 'This is neither a configured location nor a facility id of Cobalt’s form.',
      },
    }),
  };
  const decode = (stored: unknown) => decodeHours(stored, words);
  const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``);
  return field(
    'hours',
    { encode: (blocks, refuse) => encodeHours(blocks, words, refuse), decode },
    {
      cleared: { wire: [] },
      needsCurrent: protect ? 'merge' : 'look',
      note: [
        'Replaces the whole week. The end of a recurrence cannot be read back.',
        `\`recurrence.unit\`: ${quoted(words.units.values ?? []).join(', ')}.`,
        `\`locationId\`: ${[...quoted(Object.keys(locations)), 'a facility id of Cobalt’s'].join(', ')}.`,
      ].join(' '),
      holds: ({ hours }, blocks) => {
        const stored = decode(hours);
        return Array.isArray(stored) && perDay(stored, words) === perDay(blocks, words);
      },
      // If such updates are refused there is nothing to warn of.
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

/** Everything that can be read back, day by day, so that grouping, order and spelling make no difference. */
function perDay(blocks: readonly AvailableTime[], { facilities }: Words): string {
  return blocks
    .flatMap(({ daysOfWeek, availableStartTime, availableEndTime, locationId, period, recurrence }) => {
      const facility =
        locationId !== undefined && foldFacility(String(facilities.encode(locationId, () => undefined)));
      const { interval, unit, start, description } = recurrence ?? {};
      const shift = [availableStartTime, availableEndTime, facility, period?.start, period?.end];
      return daysOfWeek.map((day) => JSON.stringify([day, ...shift, interval, unit, start, description]));
    })
    .sort()
    .join();
}

/** True where a stored shift carries what only the clinic's own system sets, and what a PATCH cannot send back. */
export function carriesForeignData(hours: unknown): boolean {
  return listOf(hours)
    .flatMap((entry) => listOf(member(entry, 'shifts')))
    .some(
      (shift) =>
        listOf(member(shift, 'visit_type_rules')).length > 0 || textIn(shift, 'set_description')?.trim(),
    );
}

function encodeHours(blocks: readonly AvailableTime[], words: Words, refuse: Refuse) {
  const shifts = blocks.map((block, index) => {
    const { availableStartTime, availableEndTime, locationId, period, recurrence } = block;
    const refuseAt =
      (at: string): Refuse =>
      (_, code, detail) =>
        refuse(`/${index}/${at}`, code, detail);
    const unit = recurrence && words.units.encode(recurrence.unit, refuseAt('recurrence/unit'));
    return {
      start: `T${availableStartTime}`,
      end: `T${availableEndTime}`,
      ...(locationId !== undefined && {
        facility_id: words.facilities.encode(locationId, refuseAt('locationId')),
      }),
      ...(period?.start !== undefined && { set_start_date: midnight(period.start) }),
      ...(period?.end !== undefined && { set_end_date: midnight(period.end) }),
      ...(recurrence && { set_recur: encodeRecurrence(recurrence, unit) }),
    };
  });
  return DAYS.flatMap((day) => {
    const ofDay = shifts.filter((_, index) => blocks[index]?.daysOfWeek.includes(day));
    if (ofDay.length === 0) return [];
    return [{ day: DAY_NAMES[day], shifts: ofDay.sort((a, b) => a.start.localeCompare(b.start)) }];
  });
}

function encodeRecurrence({ interval, start, end, description }: Recurrence, unit: unknown) {
  return {
    ...(start !== undefined && { rec_start_date: midnight(start) }),
    ...(end !== undefined && { rec_end_date: midnight(end) }),
    recur_interval_type: unit,
    recur_interval_amount: interval,
    ...(description !== undefined && { recur_interval_description: description }),
  };
}

const midnight = (day: string) => `${day}T00:00:00`;

function decodeHours(stored: unknown, words: Words): Decoded<AvailableTime[]> {
  return readPresent(stored, (hours) => {
    if (!Array.isArray(hours)) return UNREADABLE;
    const week: { day: Day; shift: Shift }[] = [];
    for (const entry of hours) {
      const day = DAYS.find((candidate) => DAY_NAMES[candidate] === member(entry, 'day'));
      const shifts = member(entry, 'shifts') ?? [];
      if (day === undefined || !Array.isArray(shifts)) return UNREADABLE;
      for (const item of shifts) {
        const shift = decodeShift(item, words);
        if (shift === undefined) return UNREADABLE;
        week.push({ day, shift });
      }
    }
    return weekOf(week);
  });
}

/** Undefined if the shift says something that has no canonical meaning, such as an end past midnight. */
function decodeShift(stored: unknown, { units, facilities }: Words): Shift | undefined {
  const times = timesOf(member(stored, 'start'), member(stored, 'end'));
  const locationId = facilities.decode(member(stored, 'facility_id')) ?? undefined;
  const period = periodOf(member(stored, 'set_start_date'), member(stored, 'set_end_date'));
  const recurrence = decodeRecurrence(member(stored, 'recurrence') ?? member(stored, 'set_recur'), units);
  if (times === undefined) return undefined;
  if (locationId === UNREADABLE || period === UNREADABLE || recurrence === UNREADABLE) return undefined;
  return {
    ...times,
    ...(locationId !== undefined && { locationId }),
    ...(period && { period }),
    ...(recurrence && { recurrence }),
  };
}

function decodeRecurrence(stored: unknown, units: Codec<RecurrenceUnit>) {
  const says = isObject(stored)
    ? Object.values(stored).filter((value) => value !== null && value !== '')
    : stored;
  if (says === undefined || says === null || (Array.isArray(says) && says.length === 0)) return null;
  const unit = units.decode(member(stored, 'recur_interval_type'));
  // A number when written, text when read (contract section 7).
  const amount = String(member(stored, 'recur_interval_amount'));
  const bounds = periodOf(member(stored, 'rec_start_date'), member(stored, 'rec_end_date'));
  const description = textIn(stored, 'recur_interval_description');
  if (typeof unit !== 'string' || !/^[1-9]\d{0,3}$/.test(amount) || bounds === UNREADABLE) return UNREADABLE;
  const recurrence: Recurrence = { interval: Number(amount), unit, ...bounds };
  return description === undefined ? recurrence : { ...recurrence, description };
}
