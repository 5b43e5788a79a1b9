/**
 * Normalisation of what a caller sent: spelling only, never meaning. It accepts any JSON value, changes what it
 * recognises and leaves the rest to the schema, so that an error can point at what the caller really wrote.
 * Normalising twice gives the same as once.
 */

import { isObject } from '../lib/json';
import { type AvailableTime, DAYS, type Day } from './fields';
import { withoutSeparators } from './nationalId';
import { plainSigns, plainText, withoutUnseen } from './spelling';

type Rule = (value: unknown) => unknown;

/** Three parts to a letter in the longest text that the schema takes. Composing far longer ones takes seconds. */
const LONGEST_COMPOSED = 1500;

const text: Rule = (value) =>
  typeof value === 'string' && value.length <= LONGEST_COMPOSED ? plainText(value) : value;
const lower: Rule = (value) => onText(value, (word) => word.toLowerCase());

/** A date-time becomes the date that it states; its offset is not applied, since a date here has no zone. */
const date: Rule = (value) => onText(value, (word) => DATE_TIME.exec(word)?.[1] ?? word);
const DATE_TIME =
  /^(\d{4}-\d{2}-\d{2})[Tt ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2})?$/;

const nationalId: Rule = (value) => onText(value, (word) => withoutSeparators(word) ?? word);

/** Spelling only: what was copied from a page or an address book looks as if it were typed. */
const phone: Rule = (value) =>
  onText(value, (word) => plainSigns(withoutUnseen(word)).replaceAll(/ {2,}/g, ' '));

/** Codes are compared, so one kind of space is enough for them. */
const code: Rule = (value) => onText(value, (word) => word.replaceAll(/\p{Zs}+/gu, ' '));

/** `9:00`, `09:00`, `T09:00:00` → `09:00:00`; anything else is left as it is. */
const time: Rule = (value) =>
  onText(value, (word) => {
    const [, hour, minute, second = '00'] = /^[Tt]?(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(word) ?? [];
    return hour === undefined ? word : `${hour.padStart(2, '0')}:${minute}:${second}`;
  });

const DAY_NAMES = new Map<string, Day>(
  ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'].flatMap((name, index) => {
    const day = DAYS[index];
    return day === undefined ? [] : [[name, day] as const, [day, day] as const];
  }),
);

/** Day names in any case, short or long; known ones in week order and once each. */
const days: Rule = (value) => {
  if (!Array.isArray(value)) return value;
  const named = value.map((item) => onText(item, (word) => DAY_NAMES.get(word.toLowerCase()) ?? word));
  const isKnown = (item: unknown) => DAYS.some((day) => day === item);
  return named.every(isKnown) ? DAYS.filter((day) => named.includes(day)) : named;
};

const period: Rule = members({ start: date, end: date });

const block: Rule = members({
  daysOfWeek: days,
  availableStartTime: time,
  availableEndTime: time,
  locationId: code,
  period,
  recurrence: members({ unit: lower, start: date, end: date, description: text }),
});

const record: Rule = members({
  status: lower,
  name: members({ given: text, family: text }),
  nationalId,
  birthDate: date,
  gender: lower,
  address: members({ text }),
  phone,
  email: text,
  role: code,
  specialty: members({ code, display: text, system: text }),
  organizationId: code,
  locationId: code,
  period,
  availableTime: (value) => (Array.isArray(value) ? value.map(block) : value),
});

/** Normalises a patch or a record. Unknown members pass through untouched. */
export function normalise(value: unknown): unknown {
  return record(value);
}

/** Blocks in a fixed order: by first day, then times, then place. Only for blocks that passed the schema. */
export function sortBlocks(blocks: readonly AvailableTime[]): AvailableTime[] {
  const key = (item: AvailableTime) =>
    [
      item.daysOfWeek.map((day) => DAYS.indexOf(day)).join(''),
      item.availableStartTime,
      item.availableEndTime,
      item.locationId ?? '',
      item.period?.start ?? '',
    ].join(' ');
  return [...blocks].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function onText(value: unknown, change: (word: string) => string): unknown {
  const trimmed = text(value);
  // A change may leave text that composes further: a lower-case letter has forms that the upper-case one lacks.
  return typeof trimmed === 'string' ? text(change(trimmed)) : value;
}

function members(rules: Readonly<Record<string, Rule>>): Rule {
  return (value) => {
    if (!isObject(value)) return value;
    // fromEntries defines its members, so a member named __proto__ stays data and meets the schema.
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        const rule = Object.hasOwn(rules, key) ? rules[key] : undefined;
        return [key, rule === undefined ? item : rule(item)];
      }),
    );
  };
}
