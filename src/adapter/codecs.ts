/**
 * Codecs translate one value both ways, whichever key it has. A stored value that cannot be read is reported as
 * `UNREADABLE`, never guessed. Below them are tolerant readers of what vendors answer.
 */
import { member, sameJson } from '../lib/json';
import { withoutSeparators } from '../staff/nationalId';
import { trimmed } from '../staff/spelling';
import { type Decoded, type ReferenceEntry, type Refuse, UNREADABLE } from './contract';

export interface Codec<V> {
  /** The canonical values that can be expressed, if they are a closed list. */
  readonly values?: readonly string[];
  encode(value: V, refuse: Refuse): unknown;
  decode(stored: unknown): Decoded<V>;
}

/**
 * Reads a stored value that is there: a missing one stays undefined, `null` and the empty text are empty. Blank text is
 * neither empty nor anything to read.
 */
export function readPresent<V>(stored: unknown, read: (value: unknown) => Decoded<V>): Decoded<V> {
  if (stored === undefined) return undefined;
  if (stored === null || stored === '') return null;
  return isBlank(stored) ? UNREADABLE : read(stored);
}

/** True for text in which nobody sees anything. */
export function isBlank(stored: unknown): boolean {
  return typeof stored === 'string' && trimmed(stored) === '';
}

/** A codec of values that are sent as they are; `read` is given stored values that are there. */
export function asSent<V>(read: (stored: unknown) => Decoded<V>): Codec<V> {
  return { encode: (value) => value, decode: (stored) => readPresent(stored, read) };
}

/** Text that is stored as it is sent. */
export const text = asSent<string>((stored) => (typeof stored === 'string' ? stored : UNREADABLE));

/** A national id that the vendor keeps as people write it, in groups with signs between them. */
export const writtenNationalId = asSent<string>((stored) =>
  typeof stored === 'string' ? (withoutSeparators(stored) ?? stored) : UNREADABLE,
);

/** The one item of a list; null if it is empty, unreadable if it holds several that differ. */
export function onlyOne<V>(items: readonly Decoded<V>[]): Decoded<V> {
  const [first = null, ...others] = items;
  return others.every((item) => sameJson(item, first)) ? first : UNREADABLE;
}

/** A list as it is, nothing as an empty list, a single value as a list of one. */
export function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

/** The text of a member; undefined if there is none, or an empty one. */
export function textIn(value: unknown, key: string): string | undefined {
  const found = member(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** A list as it is; undefined for anything else. */
export function listIn(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/**
 * The rows of a list of things with a `name`, as `doctor` wants them; undefined if it is no list.
 * @param ids members that hold an id; a row without any is left out, and one with several is listed under each
 * @param inactive whether a row shows that it is not in use
 */
export function entriesIn(
  rows: unknown,
  ids: readonly string[],
  inactive: (row: unknown) => boolean,
): ReferenceEntry[] | undefined {
  if (!Array.isArray(rows)) return undefined;
  return rows.flatMap((row) => {
    const name = textIn(row, 'name');
    return ids
      .map((key) => member(row, key))
      .filter((id) => typeof id === 'string' || typeof id === 'number')
      .map((id) => ({ code: String(id), ...(name !== undefined && { name }), inactive: inactive(row) }));
  });
}
