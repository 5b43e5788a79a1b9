/**
 * Weekly hours: canonical blocks, each for several days, from and to Cobalt's list of days, each with its shifts
 * (contract sections 2 and 3). What is written as `set_recur` is read as `recurrence`, with its amount as text.
 */

import {
  type AvailableTime,
  type CodeTable,
  canonicalJson,
  codeList,
  DAYS,
  type Day,
  type Decoded,
  enumeration,
  field,
  listOf,
  type MappedField,
  member,
  plainText,
  RECURRENCE_UNITS,
  type RecurrenceUnit,
  type Refuse,
  readPresent,
  type Shift,
  textIn,
  UNREADABLE,
  type VendorRecord,
  weekOf,
  wordIn,
} from '../../src/adapter';
import { asStored, decodeShift, encodeShift, type Sent, type Words } from './shifts';

/** The document writes facility ids with hyphens, the list of locations without (contract section 4). */
export const foldFacility = (id: string) => id.replaceAll('-', '').toLowerCase();

/** Cobalt's word for each unit; only `days` is documented. */
export type RecurrenceUnits = Readonly<Partial<Record<RecurrenceUnit, string>>>;

const DAY_NAMES: Readonly<Record<Day, string>> = {
  mon: 'Monday',
  tue: 'Tuesday',
  wed: 'Wednesday',
  thu: 'Thursday',
  fri: 'Friday',
  sat: 'Saturday',
  sun: 'Sunday',
};

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
    units: enumeration(RECURRENCE_UNITS, units, UNKNOWN_UNIT, (word) => wordIn(word).toLowerCase()),
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
    { encode: (blocks, refuse) => encodeHours(blocks, words, refuse, undefined), decode },
    {
      encode: (blocks, refuse, current) => encodeHours(blocks, words, refuse, current),
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
      loses: ({ hours }) => lostOnUpdate(hours, protect),
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
      return daysOfWeek.map((day) =>
        JSON.stringify([day, ...shift, interval, unit, start, plain(description)]),
      );
    })
    .sort()
    .join();
}

/** True if a stored shift carries what only the clinic's own system sets, and what a PATCH cannot send back. */
export function carriesForeignData(hours: unknown): boolean {
  return shiftsIn(hours).some(
    (shift) =>
      listOf(member(shift, 'visit_type_rules')).length > 0 || textIn(shift, 'set_description')?.trim(),
  );
}

function shiftsIn(hours: unknown): unknown[] {
  return listOf(hours).flatMap((entry) => listOf(member(entry, 'shifts')));
}

/** Per day and block, in the form in which blocks are compared, the stored shifts as they can be sent back. */
type StoredShifts = Map<string, Sent[]>;

function encodeHours(
  blocks: readonly AvailableTime[],
  words: Words,
  refuse: Refuse,
  current: VendorRecord | undefined,
) {
  const kept = storedShifts(current?.hours, words);
  return DAYS.flatMap((day) => {
    const shifts = blocks.flatMap(({ daysOfWeek, ...shift }, index) => {
      if (!daysOfWeek.includes(day)) return [];
      return [kept.get(shiftKey(day, shift))?.shift() ?? encodeShift(shift, index, words, refuse)];
    });
    if (shifts.length === 0) return [];
    return [{ day: DAY_NAMES[day], shifts: shifts.sort((a, b) => a.start.localeCompare(b.start)) }];
  });
}

/** What an update leaves alone goes back as it is stored, the time of a bound and the spelling of an id included. */
function storedShifts(hours: unknown, words: Words): StoredShifts {
  const kept: StoredShifts = new Map();
  for (const entry of listOf(hours)) {
    const day = dayOf(entry);
    for (const stored of listOf(member(entry, 'shifts'))) {
      const shift = decodeShift(stored, words);
      if (day === undefined || shift === undefined) continue;
      const key = shiftKey(day, shift);
      kept.set(key, [...(kept.get(key) ?? []), asStored(stored, shift, words)]);
    }
  }
  return kept;
}

/** Equal for a stored shift and a block that says the same, whatever the spelling of the description. */
function shiftKey(day: Day, { recurrence, ...shift }: Shift): string {
  const { description, ...rule } = recurrence ?? {};
  return canonicalJson([day, shift, rule, plain(description)]);
}

/** As updates are normalised. */
const plain = (description: string | undefined) =>
  description === undefined ? undefined : plainText(description);

function dayOf(entry: unknown): Day | undefined {
  return DAYS.find((day) => DAY_NAMES[day] === member(entry, 'day'));
}

/** @param protect whether an update that would delete foreign data is refused, so that there is nothing to warn of */
function lostOnUpdate(hours: unknown, protect: boolean): string | undefined {
  if (protect && carriesForeignData(hours)) return undefined;
  const sentences = [
    ...(carriesForeignData(hours)
      ? ['Stored shifts carry visit type rules or a description. An update of the hours deletes them.']
      : []),
    ...(hidesEnds(hours)
      ? [
          'Cobalt does not show when stored recurrences end. An update of the hours lets them go on unless it names the end.',
        ]
      : []),
  ];
  return sentences.length > 0 ? sentences.join(' ') : undefined;
}

/** True if a shift repeats and no end is shown; there may be one (contract section 7). */
function hidesEnds(hours: unknown): boolean {
  return shiftsIn(hours).some((shift) => {
    const recurrence = member(shift, 'recurrence') ?? member(shift, 'set_recur');
    return textIn(recurrence, 'recur_interval_type') !== undefined && !textIn(recurrence, 'rec_end_date');
  });
}

function decodeHours(stored: unknown, words: Words): Decoded<AvailableTime[]> {
  return readPresent(stored, (hours) => {
    if (!Array.isArray(hours)) return UNREADABLE;
    const week: { day: Day; shift: Shift }[] = [];
    for (const entry of hours) {
      const day = dayOf(entry);
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
