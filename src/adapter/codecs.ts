/**
 * Codecs translate one value both ways, whichever key it has. A stored value that cannot be read is reported as
 * `UNREADABLE`, never guessed. Below them are tolerant readers of what vendors answer.
 */
import { member, sameJson } from '../lib/json';
import { type Decoded, type Refuse, UNREADABLE } from './contract';

export interface Codec<V> {
  /** The canonical values that can be expressed, if they are a closed list. */
  readonly values?: readonly string[];
  encode(value: V, refuse: Refuse): unknown;
  decode(stored: unknown): Decoded<V>;
}

/** Reads a stored value that is there: a missing one stays undefined, `null` and blank text are empty. */
export function readPresent<V>(stored: unknown, read: (value: unknown) => Decoded<V>): Decoded<V> {
  if (stored === undefined) return undefined;
  if (stored === null || (typeof stored === 'string' && stored.trim() === '')) return null;
  return read(stored);
}

/** A codec of values that are sent as they are; `read` is given stored values that are there. */
export function asSent<V>(read: (stored: unknown) => Decoded<V>): Codec<V> {
  return { encode: (value) => value, decode: (stored) => readPresent(stored, read) };
}

/** Text that is stored as it is sent. */
export const text = asSent<string>((stored) => (typeof stored === 'string' ? stored : UNREADABLE));

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

/** The ids of the rows of a list, under any of these members; undefined if it is no list. */
export function idsIn(rows: unknown, ...keys: readonly string[]): string[] | undefined {
  if (!Array.isArray(rows)) return undefined;
  return rows
    .flatMap((row) => keys.map((key) => member(row, key)))
    .filter((id) => typeof id === 'string' || typeof id === 'number')
    .map(String);
}
