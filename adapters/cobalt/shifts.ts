/** One shift of a day, from and to its canonical form, and in the spelling in which it is stored. */
import {
  type Codec,
  isBlank,
  isObject,
  member,
  periodOf,
  type Recurrence,
  type RecurrenceUnit,
  type Refuse,
  type Shift,
  timesOf,
  UNREADABLE,
  wordIn,
} from '../../src/adapter';

/** What of a block is translated word by word: the units and places that this connection can express. */
export interface Words {
  units: Codec<RecurrenceUnit>;
  facilities: Codec<string>;
}

/** A shift as PATCH takes it. */
export type Sent = Readonly<Record<string, unknown>> & { start: string };

export function encodeShift(shift: Shift, index: number, words: Words, refuse: Refuse): Sent {
  const { availableStartTime, availableEndTime, locationId, period, recurrence } = shift;
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

const TIME = /^T\d{2}:\d{2}:\d{2}$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/;

/** In the stored spelling as far as PATCH takes it (contract section 2), otherwise in ours. */
export function asStored(stored: unknown, shift: Shift, words: Words): Sent {
  const ours = encodeShift(shift, 0, words, () => undefined);
  const start = spelled(stored, 'start', TIME);
  const recurrence = member(stored, 'recurrence') ?? member(stored, 'set_recur');
  return {
    ...ours,
    ...start,
    start: start.start ?? ours.start,
    ...spelled(stored, 'end', TIME),
    ...spelled(stored, 'facility_id', /./),
    ...spelled(stored, 'set_start_date', DATE_TIME),
    ...spelled(stored, 'set_end_date', DATE_TIME),
    ...(isObject(ours.set_recur) && {
      set_recur: {
        ...ours.set_recur,
        ...spelled(recurrence, 'rec_start_date', DATE_TIME),
        ...spelled(recurrence, 'rec_end_date', DATE_TIME),
        ...spelled(recurrence, 'recur_interval_type', /./),
        ...spelled(recurrence, 'recur_interval_description', /^/),
      },
    }),
  };
}

/** The stored text of a member, if it has the form that PATCH takes. */
function spelled(stored: unknown, key: string, form: RegExp): Readonly<Record<string, string>> {
  const value = member(stored, key);
  return typeof value === 'string' && form.test(value) ? { [key]: value } : {};
}

/** Undefined if the shift says something that has no canonical meaning, such as an end past midnight. */
export function decodeShift(stored: unknown, { units, facilities }: Words): Shift | undefined {
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
  const amount = wordIn(member(stored, 'recur_interval_amount'));
  const bounds = periodOf(member(stored, 'rec_start_date'), member(stored, 'rec_end_date'));
  const description = member(stored, 'recur_interval_description') ?? '';
  if (typeof unit !== 'string' || !/^[1-9]\d{0,3}$/.test(amount) || bounds === UNREADABLE) return UNREADABLE;
  if (typeof description !== 'string') return UNREADABLE;
  const recurrence: Recurrence = { interval: Number(amount), unit, ...bounds };
  // A blank one says nothing; it goes back as it is stored.
  return isBlank(description) ? recurrence : { ...recurrence, description };
}
