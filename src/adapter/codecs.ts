/**
 * The building stones of field tables. A codec translates one value both ways; `field` says under which key of the
 * vendor's record it stands. What a stored value does not say is reported as `UNREADABLE`, never guessed.
 */
import joi, { type ObjectSchema, type Schema } from 'joi';
import { member, sameJson } from '../lib/json';
import { isOnCalendar } from '../staff/calendar';
import { type Coding, type Period, SNOMED_CT } from '../staff/fields';
import {
  type Decoded,
  type ErrorRule,
  type MappedField,
  type RefusalCode,
  type Refuse,
  UNREADABLE,
  type UnsupportedField,
} from './contract';
import { retryAfterHeader } from './retryAfter';

/** One value in both directions, whichever key it stands under. */
export interface Codec<V> {
  /** The canonical values that can be expressed, where they are a closed list. */
  readonly values?: readonly string[];
  encode(value: V, refuse: Refuse): unknown;
  decode(stored: unknown): Decoded<V>;
}

type FieldExtras<V> = Partial<Omit<MappedField<V>, 'supported' | 'key'>>;

/** A field that stands under one key, through a codec; `extras` complete or replace what the codec gives. */
export function field<V>(key: string, codec: Codec<V>, extras: FieldExtras<V>): MappedField<V> {
  return {
    supported: true,
    key,
    ...(codec.values && { values: codec.values }),
    encode: (value, refuse) => codec.encode(value, refuse),
    decode: (record) => codec.decode(member(record, key)),
    ...extras,
  };
}

/** A field that the vendor has no place for; `reason` is one sentence for receipts, errors and the capability matrix. */
export function unsupported(reason: string): UnsupportedField {
  return { supported: false, reason };
}

/** Reads a stored value that is there: a missing one stays undefined, `null` and blank text are empty. */
export function readPresent<V>(stored: unknown, read: (value: unknown) => Decoded<V>): Decoded<V> {
  if (stored === undefined) return undefined;
  if (stored === null || (typeof stored === 'string' && stored.trim() === '')) return null;
  return read(stored);
}

/** Text that is stored as it is sent. */
export const text: Codec<string> = {
  encode: (value) => value,
  decode: (stored) => readPresent(stored, (value) => (typeof value === 'string' ? value : UNREADABLE)),
};

/** A date that is sent as `YYYY-MM-DD` and may come back as a date-time. */
export const date: Codec<string> = {
  encode: (value) => value,
  decode: (stored) => readPresent(stored, (value) => dateOf(value) ?? UNREADABLE),
};

/** The date that a date or a date-time states (its offset is not applied), undefined where that is no real date. */
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

/** A period from its two stored bounds; an absent or empty bound is open, none at all means no period. */
export function periodOf(start: unknown, end: unknown): Period | null | typeof UNREADABLE {
  const from = date.decode(start) ?? undefined;
  const to = date.decode(end) ?? undefined;
  if (from === UNREADABLE || to === UNREADABLE) return UNREADABLE;
  if (from === undefined && to === undefined) return null;
  return { ...(from !== undefined && { start: from }), ...(to !== undefined && { end: to }) };
}

/**
 * A closed list of canonical values with the vendor's word for each.
 * @param canonical all canonical values; those without a word are refused
 * @param refusal what a value without a word is refused with
 */
export function enumeration<V extends string>(
  canonical: readonly V[],
  words: Readonly<Partial<Record<V, string | number | boolean>>>,
  refusal: { code: RefusalCode; detail: string },
): Codec<V> {
  return {
    values: canonical.filter((value) => words[value] !== undefined),
    encode: (value, refuse) => {
      if (words[value] === undefined) refuse('', refusal.code, refusal.detail);
      return words[value];
    },
    decode: (stored) =>
      readPresent(stored, (word) => canonical.find((value) => words[value] === word) ?? UNREADABLE),
  };
}

/** The caller's code → the vendor's code. */
export type CodeTable = Readonly<Record<string, string | number>>;

/**
 * Codes that go through a configured list. Where several of the caller's codes mean the same at the vendor, the first
 * in the list is the one that is read.
 * @param unmapped the refusal for a code that is not in the list, with its pointer below the field; without it, such a
 * code is the vendor's own and passes as given, both ways
 * @param own with `unmapped`: the form of the vendor's own codes, which pass as given; a stored code of any form is read
 * @param fold brings two spellings of one vendor code together
 */
export function codeList(
  table: CodeTable = {},
  {
    unmapped,
    own,
    fold = (code) => code,
  }: { unmapped?: { at: string; detail: string }; own?: RegExp; fold?: (code: string) => string } = {},
): Codec<string> {
  const reverse = new Map(
    Object.entries(table)
      .reverse()
      .map(([code, vendorCode]) => [fold(String(vendorCode)), code]),
  );
  return {
    ...(unmapped && !own && { values: Object.keys(table) }),
    encode: (code, refuse) => {
      if (Object.hasOwn(table, code)) return table[code];
      if (!unmapped || own?.test(code)) return code;
      refuse(unmapped.at, 'unmapped_code', unmapped.detail);
      return undefined;
    },
    decode: (stored) =>
      readPresent(stored, (code) => {
        if (typeof code !== 'string' && typeof code !== 'number') return UNREADABLE;
        return reverse.get(fold(String(code))) ?? (unmapped && !own ? UNREADABLE : String(code));
      }),
  };
}

/** Refuses a coded value of a system that the vendor has no place for. */
export function refuseOtherSystem(value: Coding, refuse: Refuse, vendor: string): void {
  if (value.system !== undefined && value.system !== SNOMED_CT) {
    refuse('/system', 'unsupported_field', `${vendor} holds no code system besides SNOMED CT.`);
  }
}

/** The one item of a list; null where it is empty, unreadable where it holds several that differ. */
export function onlyOne<V>(items: readonly Decoded<V>[]): Decoded<V> {
  const [first = null, ...others] = items;
  return others.every((item) => sameJson(item, first)) ? first : UNREADABLE;
}

/** A list of codes in the settings: the caller's code → the vendor's. */
export function codeTable(
  vendorCode: Schema = joi.alternatives(joi.string().max(200), joi.number()),
): ObjectSchema {
  return joi.object().pattern(joi.string().max(200), vendorCode);
}

/** Failures that the vendor admits, with the pause that it asks for where it does. */
export const SERVER_FAILURES: readonly ErrorRule[] = [500, 502, 503, 504].map((status) => ({
  status,
  kind: 'unavailable',
  retryAfter: retryAfterHeader,
}));
