/** Cobalt's errors. Of its own texts only the status codes are documented (contract section 2), so little is read from them. */
import { type AdapterErrors, member, textIn, type VendorIssue } from '../../src/adapter';

const failed = (body: unknown) => member(body, 'success') === false;
const acknowledges = (body: unknown) =>
  member(body, 'success') === true || Array.isArray(member(body, 'providers'));
/** The link to the clinic's system has expired; a person has to link it again (contract section 1). */
const unlinked = (body: unknown) => member(body, 'error') === 'login_required';

/** The texts that other Cobalt endpoints are known to use (contract section 2), with the member that they name. */
const NAMED_MEMBER = /^(?:'([a-z_]{1,40})' is required\.?|Invalid '([a-z_]{1,40})' format\b.*)$/s;

function issues(body: unknown): VendorIssue[] {
  const text = member(body, 'message');
  if (typeof text !== 'string') return [];
  const [, missing, malformed] = NAMED_MEMBER.exec(text) ?? [];
  const key = missing ?? malformed;
  // Everything that a body can hold besides the status is a part of the hours.
  const isOfHours = key !== undefined && !['status', 'provider_id', 'id'].includes(key);
  return [{ text, key: isOfHours ? 'hours' : key }];
}

export const errors: AdapterErrors = {
  rules: [
    { status: 200, when: (body) => failed(body) && unlinked(body), kind: 'credentials_rejected' },
    { status: 200, when: failed, kind: 'rejected' },
    // Neither an acknowledgement nor the list of providers: nothing says that the update was taken.
    { status: 200, when: (body) => !acknowledges(body), kind: 'unexpected_response' },
    { status: 400, when: unlinked, kind: 'credentials_rejected' },
  ],
  issues,
  issueRules: [
    { text: /^'[a-z_]{1,40}' is required\.?$/, code: 'required', safe: true },
    {
      text: /^Invalid '[a-z_]{1,40}' format\.( Please provide a valid UUID\.)?$/,
      code: 'invalid_format',
      safe: true,
    },
    { text: /^Invalid '[a-z_]{1,40}' format\b/, code: 'invalid_format' },
    {
      text: /^Account link expired\. Please go through the integration setup again\.$/,
      code: 'login_required',
      detail: 'The link between Cobalt and the clinic’s system has expired; someone has to link it again.',
      kind: 'credentials_rejected',
      safe: true,
    },
  ],
  code: (body) => textIn(body, 'error'),
};
