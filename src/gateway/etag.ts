import { createHash } from 'node:crypto';
import { isObject } from '../staff/json';

/** A strong entity tag (RFC 9110 section 8.8.3) over the canonical record, whatever the order of its members. */
export function etagOf(record: unknown): string {
  return `"${createHash('sha256').update(stable(record)).digest('base64url').slice(0, 27)}"`;
}

/**
 * Does an `If-Match` value admit this entity tag? Strong comparison: a weak tag never matches; `*` matches any record.
 */
export function matches(ifMatch: string, etag: string): boolean {
  return ifMatch
    .split(',')
    .map((part) => part.trim())
    .some((part) => part === '*' || part === etag);
}

function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  const members = Object.keys(value).sort();
  return `{${members.map((key) => `${JSON.stringify(key)}:${stable(value[key])}`).join(',')}}`;
}
