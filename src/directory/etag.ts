import { hash } from 'node:crypto';
import { canonicalJson } from '../lib/json';

/** A strong entity tag (RFC 9110 section 8.8.3) over the canonical record, whatever the order of its members. */
export function etagOf(record: unknown): string {
  return `"${hash('sha256', canonicalJson(record), 'base64url').slice(0, 27)}"`;
}

/** The conditions of a request: field values as they came, several of one name joined by a comma. */
export interface Preconditions {
  ifMatch?: string | undefined;
  ifNoneMatch?: string | undefined;
}

/**
 * Whether an update may be made to the record with this entity tag (RFC 9110 section 13.2.2): `If-Match` names it and
 * `If-None-Match` does not.
 */
export function preconditionHolds({ ifMatch, ifNoneMatch }: Preconditions, etag: string): boolean {
  if (ifMatch !== undefined && !matches(ifMatch, etag)) return false;
  return ifNoneMatch === undefined || !matchesWeakly(ifNoneMatch, etag);
}

/**
 * Does an `If-Match` value admit this entity tag? Strong comparison: a weak tag never matches; `*` matches any record.
 */
export function matches(ifMatch: string, etag: string): boolean {
  return entityTags(ifMatch).some((tag) => tag === '*' || tag === etag);
}

/** Does an `If-None-Match` value name this entity tag? Weak comparison: of the same tag both forms match. */
export function matchesWeakly(ifNoneMatch: string, etag: string): boolean {
  return entityTags(ifNoneMatch).some((tag) => tag === '*' || opaque(tag) === opaque(etag));
}

/** Whether a value is `*`, or a list of entity tags. */
export function isEntityTagList(value: string): boolean {
  return entityTags(value).every((tag) => tag === '*' || TAG.test(tag));
}

/** RFC 9110 section 8.8.3: a comma may be part of it, and there are no escapes. */
const TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"$/;

/** The members of the list, malformed ones too, which equal no entity tag. */
function entityTags(list: string): string[] {
  return (list.match(/(?:"[^"]*"?|[^,"])+/g) ?? []).map((part) => part.trim()).filter((part) => part !== '');
}

function opaque(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
