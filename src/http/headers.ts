/** What requests say in headers: their values as they came, `Prefer` and `Idempotency-Key`. */
import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { parseItem } from 'structured-headers';
import { Problem } from '../problem';
import { fieldMembers } from './fields';

/**
 * All values of a header as they came, in their order: `req.headers` shows the first of some of them.
 * @param name in lower case
 */
export function headerValues({ rawHeaders }: IncomingMessage, name: string): readonly string[] {
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === name) values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
}

/** `Prefer` (RFC 7240): what a caller would like, and what of it is honoured. */
export interface Preferences {
  lenient: boolean;
  minimal: boolean;
  /** Named in `Preference-Applied` only by the answer that honours it. */
  respondAsync: boolean;
  /** The value of `Preference-Applied`, or undefined if no preference applies. */
  applied: string | undefined;
}

const NONE: Preferences = { lenient: false, minimal: false, respondAsync: false, applied: undefined };

/** Unknown and malformed preferences are ignored, as the RFC wants; of a repeated one the first counts. */
export function parsePrefer(header: string | string[] | undefined): Preferences {
  if (header === undefined) return NONE;
  const asked = new Map<string, string>();
  for (const { name, value } of fieldMembers([header].flat().join(','))) {
    if (!asked.has(name)) asked.set(name, value.toLowerCase());
  }
  const handling = asked.get('handling');
  const returns = asked.get('return');
  const applied = [
    ...(handling === 'strict' || handling === 'lenient' ? [`handling=${handling}`] : []),
    ...(returns === 'minimal' || returns === 'representation' ? [`return=${returns}`] : []),
  ];
  return {
    lenient: handling === 'lenient',
    minimal: returns === 'minimal',
    respondAsync: asked.has('respond-async'),
    applied: applied.length > 0 ? applied.join(', ') : undefined,
  };
}

/** What most clients send: the key without quotes, to the letter. A comma would be two headers in one. */
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/;
const LONGEST = 255;

/**
 * `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): the key, the same with and without quotes.
 * @throws Problem `malformed_request`
 */
export function idempotencyKeyOf(req: Request): string | undefined {
  const header = req.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const text = Array.isArray(header) ? header.join(', ') : header;
  const key = text.startsWith('"') ? quotedKey(text) : BARE.test(text) ? text : '';
  if (key.length > 0 && key.length <= LONGEST) return key;
  throw new Problem(
    'malformed_request',
    `Idempotency-Key is one string of 1 to ${LONGEST} printable characters, such as "8e03978e-40d5-43dd-bc93-6894a57f9324".`,
  );
}

/** The string of a structured-field item (RFC 8941 section 3.3.3), whose parameters have no meaning here; empty if malformed. */
function quotedKey(text: string): string {
  try {
    const [key] = parseItem(text);
    return typeof key === 'string' ? key : '';
  } catch {
    return '';
  }
}
