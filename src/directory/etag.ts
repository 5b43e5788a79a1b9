import { hash } from 'node:crypto';
import { canonicalJson } from '../lib/json';

/** A strong entity tag (RFC 9110 section 8.8.3) over the canonical record, whatever the order of its members. */
export function etagOf(record: unknown): string {
  return `"${hash('sha256', canonicalJson(record), 'base64url').slice(0, 27)}"`;
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
