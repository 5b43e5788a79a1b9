/** What ClinikAPI's errors mean (contract section 5). The status decides; the code only tells the two kinds of 429 apart. */

import { SERVER_FAILURES } from '../../src/adapter/codecs';
import type { AdapterErrors, ErrorRule, VendorIssue } from '../../src/adapter/contract';
import {
  isoTimeHeader,
  retryAfterHeader,
  secondsHeader,
  secondsUntilNextMonth,
} from '../../src/adapter/retryAfter';
import { member } from '../../src/lib/json';

const OUR_REQUEST_WAS_MALFORMED = /^(INVALID_JSON|METHOD_OVERRIDE_REJECTED)$/i;
const QUOTA = /QUOTA_EXCEEDED$/i;

const coded = (pattern: RegExp) => (body: unknown) => pattern.test(codeIn(body) ?? '');

const rules: readonly ErrorRule[] = [
  { status: 400, when: coded(OUR_REQUEST_WAS_MALFORMED), kind: 'unexpected_response' },
  { status: 400, kind: 'rejected' },
  { status: 401, kind: 'credentials_rejected' },
  { status: 403, kind: 'credentials_rejected' },
  { status: 404, kind: 'record_not_found' },
  { status: 405, kind: 'unexpected_response' },
  { status: 409, kind: 'conflict' },
  { status: 422, kind: 'rejected' },
  {
    // A month's quota is reset on the first (contract section 6): nothing that a retry could help.
    status: 429,
    when: coded(QUOTA),
    kind: 'quota_exhausted',
    retryAfter: (headers, now) => isoTimeHeader(headers, 'x-quota-reset', now) ?? secondsUntilNextMonth(now),
  },
  {
    status: 429,
    kind: 'rate_limited',
    retryAfter: (headers, now) =>
      retryAfterHeader(headers, now) ?? secondsHeader(headers, 'x-ratelimit-reset'),
  },
  ...SERVER_FAILURES,
];

/** `diagnostics` is `<field>: <constraint>` (contract section 5); the field may be a path into the body. */
const DIAGNOSTICS = /^([A-Za-z]\w{0,60})(?:[.[][\w.[\]]{0,120})?: (.+)$/s;

function issues(body: unknown): VendorIssue[] {
  // The SDK reads `issue`, the documentation says `issues`.
  const list = member(body, 'issues') ?? member(body, 'issue');
  return (Array.isArray(list) ? list : []).flatMap((item) => {
    const diagnostics = member(item, 'diagnostics');
    if (typeof diagnostics !== 'string') return [];
    const [, key, constraint] = DIAGNOSTICS.exec(diagnostics) ?? [];
    return key === undefined || constraint === undefined
      ? [{ text: diagnostics }]
      : [{ key, text: constraint }];
  });
}

function codeIn(body: unknown): string | undefined {
  const code = member(body, 'code');
  return typeof code === 'string' && /^[A-Za-z_]{1,60}$/.test(code) ? code : undefined;
}

export const errors: AdapterErrors = {
  rules,
  issues,
  code: codeIn,
  // Only texts that end where the pattern ends are safe: some constraints go on to quote the value that was received.
  issueRules: [
    { text: /^Required$/, code: 'required', detail: 'ClinikAPI requires a value here.', safe: true },
    {
      text: /^(Expected|Invalid input: expected) (string|number|boolean|object|array), received (string|number|boolean|object|array|null|undefined|nan)$/i,
      code: 'wrong_type',
      detail: 'ClinikAPI wants a value of another type here.',
      safe: true,
    },
    {
      text: /^String must contain at most \d{1,6} character\(s\)$/,
      code: 'too_long',
      detail: 'The value is longer than ClinikAPI allows.',
      safe: true,
    },
    {
      text: /^String must contain at least \d{1,6} character\(s\)$/,
      code: 'too_short',
      detail: 'The value is shorter than ClinikAPI allows.',
      safe: true,
    },
    { text: /^Too big\b/, code: 'too_long', detail: 'The value is longer or larger than ClinikAPI allows.' },
    {
      text: /^Too small\b/,
      code: 'too_short',
      detail: 'The value is shorter or smaller than ClinikAPI allows.',
    },
    {
      text: /^Invalid (date|datetime|email|phone|string)$/i,
      code: 'invalid_format',
      detail: 'The value does not have the form that ClinikAPI wants.',
      safe: true,
    },
    {
      text: /^Invalid (enum value|option|literal value)\b/,
      code: 'not_allowed',
      detail: 'The value is not in ClinikAPI’s list of allowed values.',
    },
    {
      text: /\b(not found|does not exist|unknown)\b/i,
      code: 'unknown_code',
      detail: 'ClinikAPI does not know what the value refers to.',
    },
  ],
};
