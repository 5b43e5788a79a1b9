/** JSON values and the few questions that are asked of them everywhere. */
import { stringify } from 'safe-stable-stringify';

/** True for a JSON object: not null, not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an object's own member, or undefined; never an inherited one, so `__proto__` is harmless. */
export function member(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

/** Deep equality of JSON values. The order of object members does not matter, that of array items does. */
export { isDeepStrictEqual as sameJson } from 'node:util';

/**
 * JSON text that is the same for equal values, whatever the order of their members. Not by a library for RFC 8785, which refuses half
 * of a surrogate pair: a vendor may have stored one.
 */
export function canonicalJson(value: unknown): string {
  return stringify(value) ?? 'null';
}

/** One reference token of a JSON pointer, escaped as RFC 6901 section 3 wants it. */
export function pointerToken(key: string | number): string {
  return String(key).replaceAll('~', '~0').replaceAll('/', '~1');
}
