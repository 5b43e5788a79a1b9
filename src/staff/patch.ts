/**
 * From a JSON body to a canonical patch: normalise, check against the schema, word the complaints, order the blocks.
 */

import { distance } from 'fastest-levenshtein';
import type { ValidationErrorItem } from 'joi';
import { isObject, member, pointerToken, sameJson } from '../lib/json';
import type { FieldError } from '../problem';
import { type AvailableTime, FIELDS, type Field, MEMBERS, STANDS, topLevelOf } from './fields';
import { normalise, sortBlocks } from './normalise';
import { complaintsOf } from './schema';

/** One sent field. `value` is a merge patch: for `specialty` and `period` an object may hold only some members. */
export interface Change {
  field: Field;
  value: unknown;
  /** An empty list was sent: the field is to be empty whatever is stored, even what cannot be read. */
  emptied?: true;
}

export interface CanonicalPatch {
  /** The sent fields in the order of the field list; `name: null` is a change of each of its leaves. */
  changes: readonly Change[];
  /** The sent top-level members, in the same order. Each gets one receipt row. */
  members: readonly string[];
  /** The index that each block of the sorted week had as it was sent. Absent if none has moved. */
  sentAt?: readonly number[];
  /** Values that were sent in another spelling, as they were sent: what is stored in just that spelling is not changed. */
  given?: Readonly<Partial<Record<Field, unknown>>>;
}

export type ParsedPatch = { patch: CanonicalPatch } | { errors: readonly FieldError[] };

/** Every block of the longest week with all of its members fits. Judging far more values would hold up everybody else. */
const MAX_VALUES = 5000;

/** Complaints that are worded; what is beyond them is only counted. */
const MAX_ERRORS = 100;

/** Reads a JSON value as an update. Pure. Errors point into the body as the caller sent it. */
export function parsePatch(body: unknown): ParsedPatch {
  if (countValues(body) > MAX_VALUES) {
    return { errors: [{ pointer: '', code: 'too_long', detail: 'There are too many members and items.' }] };
  }
  const normalised = normalise(body);
  const found = complaintsOf(normalised);
  const errors = [...found.slice(0, MAX_ERRORS).map(fieldError), ...prototypeMembers(body, '')];
  if (errors.length > MAX_ERRORS || found.length > MAX_ERRORS) return { errors: cut(errors) };
  if (errors.length > 0) return { errors };
  const { changes, given } = changesIn(normalised, body);
  const members = [...new Set(changes.map((change) => topLevelOf(change.field)))];
  const sentAt = placesOf(member(normalised, 'availableTime'));
  const moved = sentAt.some((place, index) => place !== index);
  return { patch: { changes, members, ...(moved && { sentAt }), ...(given && { given }) } };
}

/** For each block in order, its place in the list that was sent. */
function placesOf(blocks: unknown): number[] {
  return isBlocks(blocks) ? sortBlocks(blocks).map((block) => blocks.indexOf(block)) : [];
}

/** All members and items, those inside of others too. */
function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const inner = Object.values(value);
  return inner.reduce<number>((sum, item) => sum + countValues(item), inner.length);
}

function cut(errors: readonly FieldError[]): FieldError[] {
  const last = {
    pointer: '',
    code: 'more_errors',
    detail: `Only the first ${MAX_ERRORS} complaints are listed.`,
  };
  return [...errors.slice(0, MAX_ERRORS), last];
}

/** The changes of a normalised body and, by field, what normalisation has changed, as it was sent. */
function changesIn(normalised: unknown, body: unknown): Pick<CanonicalPatch, 'changes' | 'given'> {
  const changes: Change[] = [];
  const given: Partial<Record<Field, unknown>> = {};
  if (!isObject(normalised)) return { changes };
  for (const { field, top, leaf } of STANDS) {
    // Most fields of an update are not there.
    if (!Object.hasOwn(normalised, top)) continue;
    const value = valueAt(normalised[top], leaf);
    if (isBlocks(value)) changes.push(week(field, value));
    else if (value !== undefined) changes.push({ field, value });
    const sent = valueAt(member(body, top), leaf);
    if (sent !== value && !sameJson(sent, value)) given[field] = sent;
  }
  return { changes, ...(Object.keys(given).length > 0 && { given }) };
}

/** The value of a field in its top-level member; `null` there clears all of its fields. */
function valueAt(sent: unknown, leaf: string | undefined): unknown {
  return leaf === undefined || sent === null ? sent : member(sent, leaf);
}

/** A week without blocks is an empty field: it reads as null, and is refused if that cannot be cleared. */
function week(field: Field, blocks: readonly AvailableTime[]): Change {
  return blocks.length === 0 ? { field, value: null, emptied: true } : { field, value: sortBlocks(blocks) };
}

/** The schema has checked the items; only the field that holds blocks holds an array. */
function isBlocks(value: unknown): value is AvailableTime[] {
  return Array.isArray(value);
}

const MESSAGES: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  'any.required': ['required', 'This member is required.'],
  'any.only': ['invalid_value', 'The value is not one of the allowed ones.'],
  'string.base': ['wrong_type', 'A string is expected.'],
  'number.base': ['wrong_type', 'A number is expected.'],
  'number.unsafe': ['invalid_value', 'The number is out of range.'],
  'number.integer': ['invalid_value', 'A whole number is expected.'],
  'number.min': ['invalid_value', 'The number is out of range.'],
  'number.max': ['invalid_value', 'The number is out of range.'],
  'object.base': ['wrong_type', 'An object is expected.'],
  'object.min': ['empty', 'At least one member is expected.'],
  'array.base': ['wrong_type', 'An array is expected.'],
  'array.min': ['empty', 'At least one item is expected.'],
  'array.max': ['too_long', 'There are too many items.'],
  'string.empty': ['too_short', 'The text is empty. To clear a field, send null.'],
  'text.control': ['invalid_format', 'The text holds a control character.'],
  'text.surrogate': ['invalid_format', 'The text holds half of a character (a lone surrogate).'],
  'string.min': ['too_short', 'The text is too short.'],
  'string.max': ['too_long', 'The text is too long.'],
  'string.pattern.base': ['invalid_format', 'The text does not have the expected form.'],
  'string.email': ['invalid_format', 'An e-mail address is expected.'],
  'string.uri': ['invalid_format', 'A URI is expected.'],
  'date.real': ['invalid_format', 'The calendar has no such date.'],
  'date.early': ['out_of_range', 'A date in 1850 or later is expected.'],
  'specialty.system': [
    'required',
    'This is a code of the NUCC provider taxonomy, not of SNOMED CT: send its system with it.',
  ],
  'date.past': ['not_in_past', 'A date in the past is expected.'],
  'period.order': ['end_before_start', 'The end is before the start.'],
  'time.order': [
    'end_before_start',
    'A block ends after it starts, on the same day; an overnight shift is two blocks.',
  ],
  'time.overlap': ['overlap', 'The block overlaps another one of the same day.'],
};

/** What the pattern of a member asks for, by the last named member of the path. */
const FORMS: Readonly<Record<string, string>> = {
  nationalId:
    '7 to 20 letters and digits are expected, in groups with dots, spaces or hyphens between them or not, and nothing else.',
  phone:
    '3 to 30 digits, spaces and the signs - + ( ) . are expected, at least 3 of them digits, then an extension (x23, ext. 23) or none.',
  birthDate: 'A date, YYYY-MM-DD, is expected.',
  start: 'A date, YYYY-MM-DD, is expected.',
  end: 'A date, YYYY-MM-DD, is expected.',
  availableStartTime: 'A time from 00:00:00 to 23:59:59 is expected.',
  availableEndTime: 'A time from 00:00:00 to 23:59:59 is expected; an overnight shift is two blocks.',
};

/**
 * Members that the rest of their field needs, whichever vendor holds it. Their `null` means to clear, as everywhere in a
 * merge patch, and is no value of a wrong type.
 */
const NEEDED: Readonly<Record<string, string>> = {
  '/specialty/code': 'A specialty always has a code. To clear the specialty, send null for the whole of it.',
};

function fieldError(item: ValidationErrorItem): FieldError {
  const path = [...item.path, ...(Array.isArray(item.context?.at) ? item.context.at : [])];
  const pointer = path.map((key) => `/${pointerToken(key)}`).join('');
  if (item.type === 'object.unknown') return unknownMember(path, pointer);
  const needed = NEEDED[pointer];
  if (needed !== undefined && item.context?.value === null)
    return { pointer, code: 'not_clearable', detail: needed };
  if (item.type === 'any.only') {
    const valid: unknown[] = Array.isArray(item.context?.valids) ? item.context.valids : [];
    const allowed = valid.filter((value) => value !== null).join(', ');
    return { pointer, code: 'invalid_value', detail: `One of these is expected: ${allowed}.` };
  }
  if (item.type === 'text.unseen') {
    const detail = `The text holds a character that nobody sees: ${item.context?.character}. Send it without.`;
    return { pointer, code: 'invalid_format', detail };
  }
  const [code, detail] = MESSAGES[item.type] ?? ['invalid_value', 'The value is not valid.'];
  const form = item.type === 'string.pattern.base' ? FORMS[String(path.at(-1))] : undefined;
  return { pointer, code, detail: form ?? detail };
}

/** All places of the record, dotted, for suggestions. */
const PLACES = [
  ...FIELDS,
  'name',
  'address',
  ...Object.entries(MEMBERS).flatMap(([field, members]) => members.map((name) => `${field}.${name}`)),
  ...['daysOfWeek', 'availableStartTime', 'availableEndTime', 'locationId', 'period', 'recurrence'].map(
    (name) => `availableTime.${name}`,
  ),
  ...['start', 'end'].map((name) => `availableTime.period.${name}`),
  ...['interval', 'unit', 'start', 'end', 'description'].map((name) => `availableTime.recurrence.${name}`),
];

const NAMES: ReadonlySet<string> = new Set(PLACES.flatMap((place) => place.split('.')));

function unknownMember(path: readonly (string | number)[], pointer: string): FieldError {
  if (pointer === '/id') return { pointer, code: 'read_only', detail: 'The id cannot be changed.' };
  const near = nearest(path.filter((key) => typeof key === 'string'));
  const hint = near === undefined ? '' : ` Did you mean ${near}?`;
  return { pointer, code: 'unknown_field', detail: `There is no such member.${hint}` };
}

/** The known place that is spelled most alike: one beside the unknown member, or else any; undefined if none is near. */
function nearest(path: readonly string[]): string | undefined {
  const place = path.slice(0, -1).join('.');
  const beside = PLACES.filter((known) => known.slice(0, Math.max(0, known.lastIndexOf('.'))) === place);
  const here = mostAlike(path.at(-1) ?? '', beside, 0);
  // Inside of an object only its own members help.
  return here !== undefined || path.length > 1 ? here : mostAlike(path.join('.'), PLACES, 0.5);
}

/** @param apart what the last part of a place counts for less than the whole of it */
function mostAlike(unknown: string, places: readonly string[], apart: number): string | undefined {
  // A caller's name is compared, never repeated in the answer; cut, since comparing costs the product of the lengths.
  const wanted = unknown.slice(-60).toLowerCase().replaceAll(/[_-]/g, '');
  const score = (place: string) => {
    const whole = place.toLowerCase();
    return Math.min(
      distance(wanted, whole),
      distance(wanted, whole.slice(whole.lastIndexOf('.') + 1)) + apart,
    );
  };
  const best = places.map((place) => ({ place, score: score(place) })).sort((a, b) => a.score - b.score)[0];
  const allowed = Math.max(1, Math.floor(wanted.length / 3));
  return best !== undefined && best.score <= allowed ? best.place : undefined;
}

/**
 * The schema library cannot see a member named `__proto__`, so it would vanish silently; found here by hand. What stands
 * inside of an unknown member is refused with it.
 */
function prototypeMembers(value: unknown, pointer: string): FieldError[] {
  if (Array.isArray(value))
    return value.flatMap((item, index) => prototypeMembers(item, `${pointer}/${index}`));
  if (!isObject(value)) return [];
  const found: FieldError[] = [];
  for (const key of Object.keys(value)) {
    // None of these names has a character that a pointer would have to escape.
    const at = `${pointer}/${key}`;
    if (key === '__proto__') found.push(unknownMember([key], at));
    else if (NAMES.has(key)) found.push(...prototypeMembers(value[key], at));
  }
  return found;
}
