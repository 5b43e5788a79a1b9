/** The `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header). */
import type { Request } from 'express';
import { Problem } from '../problem';

/** A structured-field string: printable ASCII in quotes, `\"` and `\\` escaped. */
const QUOTED = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])+)"$/;
/** What most clients send: the key without quotes. A comma would be two headers in one. */
const BARE = /^[\x21\x23-\x2b\x2d-\x7e]+$/;
const LONGEST = 255;

/** The key, the same with and without quotes. @throws Problem `malformed_request` */
export function idempotencyKeyOf(req: Request): string | undefined {
  const header = req.headers['idempotency-key'];
  if (header === undefined) return undefined;
  const text = Array.isArray(header) ? header.join(', ') : header;
  const key = QUOTED.exec(text)?.[1]?.replaceAll(/\\(["\\])/g, '$1') ?? (BARE.test(text) ? text : undefined);
  if (key !== undefined && key.length <= LONGEST) return key;
  throw new Problem(
    'malformed_request',
    `Idempotency-Key is one string of 1 to ${LONGEST} printable characters, such as "8e03978e-40d5-43dd-bc93-6894a57f9324".`,
  );
}
