/**
 * Problem details (RFC 9457) and the closed list of codes. Every answer that is not a success is one of these.
 */
import type { ReceiptRow } from './receipt';

/** One complaint about one place in what the caller sent. `code` is stable; `detail` is ours and free of values. */
export interface FieldError {
  /** RFC 6901 pointer into the request body. */
  pointer: string;
  code: string;
  detail: string;
}

/** What is known about a write that has failed. `partial`: a part of the update was applied, and the receipt says which. */
export type WriteOutcome = 'applied' | 'partial' | 'not_applied' | 'unknown';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** For people: what happened and what to do, in a sentence or two. */
  readonly meaning: string;
}

/** The error table. Documentation and OpenAPI are generated from it. */
export const PROBLEMS = {
  malformed_request: {
    status: 400,
    title: 'The request cannot be read',
    meaning: 'The body is not valid JSON, or a header or the URL is malformed. Correct the request.',
  },
  unauthenticated: {
    status: 401,
    title: 'The caller is not known',
    meaning: 'Send `Authorization: Bearer <key>` with a key that is in the configuration.',
  },
  forbidden: {
    status: 403,
    title: 'This caller may not do this',
    meaning:
      'Who calls is known, but may not do this: `detail` says what is missing, for example a scope, which the operator can give.',
  },
  staff_not_found: {
    status: 404,
    title: 'No such staff member',
    meaning: 'No link leads from this id to the clinic’s vendor, or the vendor no longer has the record.',
  },
  not_found: { status: 404, title: 'No such resource', meaning: 'The URL names nothing that this API has.' },
  method_not_allowed: {
    status: 405,
    title: 'The method is not allowed here',
    meaning: 'Use one of the methods in the `Allow` header.',
  },
  conflict: {
    status: 409,
    title: 'The update conflicts with what is stored',
    meaning:
      'For example the national id belongs to someone else, or the record was changed in the meantime. Read, then decide.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'The first request with this key is still under way',
    meaning: 'Repeat the request after `Retry-After` seconds: it is then answered as the first one was.',
  },
  cursor_expired: {
    status: 410,
    title: 'The list that the cursor belongs to is gone',
    meaning:
      'A cursor is good for five minutes, and for the process that gave it. Begin again without `cursor`.',
  },
  payload_too_large: {
    status: 413,
    title: 'The body is too large',
    meaning: 'A staff update is far smaller than the limit. Send less.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'The media type is not supported',
    meaning: 'Send JSON as `application/merge-patch+json` or `application/json`, uncompressed, in UTF-8.',
  },
  precondition_failed: {
    status: 412,
    title: 'The record is not the one you know',
    meaning:
      'It has changed since you read it; the current entity tag is in `ETag`. Read again, then decide.',
  },
  precondition_required: {
    status: 428,
    title: 'If-Match is missing',
    meaning: 'This clinic takes conditional updates only. Read the record and send its `ETag` as `If-Match`.',
  },
  validation_failed: {
    status: 422,
    title: 'The update is not valid',
    meaning:
      'Each entry of `errors` names a field by pointer and says what is wrong with it. Nothing was sent.',
  },
  unsupported_field: {
    status: 422,
    title: 'The clinic’s vendor cannot hold a field',
    meaning:
      'Strict handling refuses the whole update, nothing was sent. Leave the named fields out, or send `Prefer: handling=lenient` to have them dropped.',
  },
  unmapped_code: {
    status: 422,
    title: 'A code has no counterpart at the vendor',
    meaning: 'The operator can add the code to `codes` of the vendor connection. Nothing was sent.',
  },
  not_clearable: {
    status: 422,
    title: 'A field cannot be cleared',
    meaning:
      'The vendor has no way to empty the field, or the rest of its field needs it. Send a new value, or leave it out. Nothing was sent.',
  },
  stored_value_invalid: {
    status: 422,
    title: 'A stored value blocks the update',
    meaning:
      'The vendor wants the whole record and would refuse a value that it already stores: send a valid value for each named field together with your change. Or it has no record in which it keeps the named fields: put that right at the vendor.',
  },
  vendor_rejected: {
    status: 422,
    title: 'The vendor refused the update',
    meaning:
      'The vendor checked the values and refused; `errors` points at your fields. Nothing was changed.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'The idempotency key belongs to another request',
    meaning:
      'The key was sent before with another body, `Prefer` or `If-Match`. Use a new key for a new update.',
  },
  rate_limited: {
    status: 429,
    title: 'The caller sends too many requests',
    meaning:
      'The limit of this caller is in `RateLimit-Policy`, what is left of it in `RateLimit`. Try again after `Retry-After` seconds.',
  },
  vendor_credentials_rejected: {
    status: 502,
    title: 'The vendor refused the gateway’s credentials',
    meaning:
      'An operator has to act: the gateway’s key, token or link at the vendor is not valid. Not the caller’s fault.',
  },
  vendor_unexpected_response: {
    status: 502,
    title: 'The vendor’s answer cannot be understood',
    meaning:
      'The answer does not follow the vendor’s contract. `outcome` says whether the update was applied, if known.',
  },
  write_not_confirmed: {
    status: 502,
    title: 'The vendor reported success but its record shows otherwise',
    meaning: 'The fields in `errors` do not hold the values that were sent, although the vendor said so.',
  },
  vendor_unavailable: {
    status: 503,
    title: 'The vendor is not available',
    meaning: 'The vendor cannot be reached or says that it failed. Try again after `Retry-After` seconds.',
  },
  vendor_rate_limited: {
    status: 503,
    title: 'The vendor’s limit is reached',
    meaning: 'The gateway’s allowance at the vendor is used up. Try again after `Retry-After` seconds.',
  },
  gateway_unavailable: {
    status: 503,
    title: 'The gateway cannot work now',
    meaning:
      'Too much is under way, or it could not record what it was about to do. Nothing was sent; try again after `Retry-After` seconds.',
  },
  clinic_is_moving: {
    status: 503,
    title: 'The clinic is moving to another vendor',
    meaning:
      'The part of the gateway that was asked does not have the clinic where its updates go now. Nothing was sent; try again after `Retry-After` seconds.',
  },
  vendor_timeout: {
    status: 504,
    title: 'The vendor did not answer in time',
    meaning:
      '`outcome` says what a later read showed: `applied`, `not_applied`, or `unknown`. Read the record before sending again.',
  },
  internal_error: {
    status: 500,
    title: 'The gateway failed',
    meaning: 'A defect or a missing resource of the gateway. Report it with the `requestId`.',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What a vendor said, as far as it may be shown. `message` only if it cannot carry personal data. */
export interface VendorDetail {
  name: string;
  status?: number;
  code?: string;
  message?: string;
}

export interface ProblemExtras {
  errors?: readonly FieldError[];
  vendor?: VendorDetail;
  outcome?: WriteOutcome;
  receipt?: readonly ReceiptRow[];
  /** Response headers that belong to this answer, such as `Retry-After` or `Allow`. */
  headers?: Readonly<Record<string, string>>;
}

/** The one error that ends a request. `detail` is English, ours, and free of values. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly detail: string;
  readonly extras: ProblemExtras;

  constructor(code: ProblemCode, detail: string, extras: ProblemExtras = {}) {
    super(`${code}: ${detail}`);
    this.code = code;
    this.detail = detail;
    this.extras = extras;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }
}

/** The body of a problem answer. */
export function problemBody(problem: Problem, requestId: string): Record<string, unknown> {
  const { title, status } = PROBLEMS[problem.code];
  const { errors, vendor, outcome, receipt } = problem.extras;
  return {
    type: `/problems/${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.detail,
    requestId,
    ...(errors && { errors }),
    ...(vendor && { vendor }),
    ...(outcome && { outcome }),
    ...(receipt && { receipt }),
  };
}
