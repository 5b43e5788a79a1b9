/** Tolerant readers of vendor answers. */
import { member } from '../lib/json';

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
