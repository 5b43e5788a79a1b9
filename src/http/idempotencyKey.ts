/** The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header). */
import type { Request } from 'express';
import { parseItem } from 'structured-headers';
import { Problem } from '../problem';

/** What most clients send: the key without quotes, to the letter. A comma would be two headers in one. */
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/;
const LONGEST = 255;

/** The key, the same with and without quotes. @throws Problem `malformed_request` */
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
