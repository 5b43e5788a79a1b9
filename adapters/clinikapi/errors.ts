/** What ClinikAPI's errors mean beyond their status (contract section 5): the code tells the two kinds of 429 apart. */
import {
  type AdapterErrors,
  isoTimeHeader,
  listOf,
  member,
  retryAfterHeader,
  secondsHeader,
  secondsUntilNextMonth,
  textIn,
  type VendorIssue,
} from '../../src/adapter';

const OUR_REQUEST_WAS_MALFORMED = /^(INVALID_JSON|METHOD_OVERRIDE_REJECTED)$/i;
const QUOTA = /QUOTA_EXCEEDED$/i;

const code = (body: unknown) => textIn(body, 'code');
const coded = (pattern: RegExp) => (body: unknown) => pattern.test(code(body) ?? '');

/** `diagnostics` is `<field>: <constraint>` (contract section 5); the field may be a path into the body. */
const DIAGNOSTICS = /^([A-Za-z]\w{0,60})(?:[.[][\w.[\]]{0,120})?: (.+)$/s;

function issues(body: unknown): VendorIssue[] {
  // The SDK reads `issue`, the documentation says `issues`.
  return listOf(member(body, 'issues') ?? member(body, 'issue')).flatMap((item) => {
    const diagnostics = member(item, 'diagnostics');
    if (typeof diagnostics !== 'string') return [];
    const [, key, text = diagnostics] = DIAGNOSTICS.exec(diagnostics) ?? [];
    return [{ key, text }];
  });
}

export const errors: AdapterErrors = {
  rules: [
    { status: 400, when: coded(OUR_REQUEST_WAS_MALFORMED), kind: 'unexpected_response' },
    {
      // A month's quota is reset on the first (contract section 6): nothing that a retry could help.
      status: 429,
      when: coded(QUOTA),
      kind: 'quota_exhausted',
      retryAfter: (headers, now) =>
        isoTimeHeader(headers, 'x-quota-reset', now) ?? secondsUntilNextMonth(now),
    },
    {
      status: 429,
      kind: 'rate_limited',
      retryAfter: (headers, now) =>
        retryAfterHeader(headers, now) ?? secondsHeader(headers, 'x-ratelimit-reset'),
    },
  ],
  issues,
  code,
  // Only texts that end with the pattern are safe: some constraints go on to quote the value that was received.
  issueRules: [
    { text: /^Required$/, code: 'required', safe: true },
    {
      text: /^(Expected|Invalid input: expected) (string|number|boolean|object|array), received (string|number|boolean|object|array|null|undefined|nan)$/i,
      code: 'wrong_type',
      safe: true,
    },
    { text: /^String must contain at most \d{1,6} character\(s\)$/, code: 'too_long', safe: true },
    { text: /^String must contain at least \d{1,6} character\(s\)$/, code: 'too_short', safe: true },
    { text: /^Too big\b/, code: 'too_long', detail: 'The value is longer or larger than ClinikAPI allows.' },
    {
      text: /^Too small\b/,
      code: 'too_short',
      detail: 'The value is shorter or smaller than ClinikAPI allows.',
    },
    { text: /^Invalid (date|datetime|email|phone|string)$/i, code: 'invalid_format', safe: true },
    { text: /^Invalid (enum value|option|literal value)\b/, code: 'not_allowed' },
    { text: /\b(not found|does not exist|unknown)\b/i, code: 'unknown_code' },
  ],
};
