/** Vitalis' errors: what its Spanish sentences mean, in either of the two shapes that its validation answers in. */

import { SERVER_FAILURES } from '../../src/adapter/codecs';
import type { AdapterErrors, ErrorRule, IssueRule, VendorIssue } from '../../src/adapter/contract';
import { isObject, member } from '../../src/lib/json';
import { FIELD_MESSAGES, PLAIN_MESSAGES } from './messages';

const says = (text: RegExp) => (body: unknown) => {
  const message = member(body, 'msg');
  return typeof message === 'string' && text.test(message);
};

const rules: readonly ErrorRule[] = [
  ...PLAIN_MESSAGES.map(({ status, text, kind }) => ({ status, when: says(text), kind })),
  { status: 401, kind: 'credentials_rejected' },
  { status: 403, kind: 'credentials_rejected' },
  // Express' own HTML pages: malformed JSON, a path that this system does not know (contract sections 1 and 2).
  { status: 400, when: (body) => !isObject(body), kind: 'unexpected_response' },
  { status: 404, when: (body) => !isObject(body), kind: 'unexpected_response' },
  ...SERVER_FAILURES,
];

const plainMessages: readonly IssueRule[] = PLAIN_MESSAGES.map(({ text, kind, code, detail }) => ({
  text,
  kind,
  code,
  detail,
  safe: true,
}));

/** `{errors: [{param, msg}]}` of the document, `{errors: {errors: [{path, msg}]}}` of the code, or `{msg}`. */
function issues(body: unknown): VendorIssue[] {
  const outer = member(body, 'errors');
  const list = Array.isArray(outer) ? outer : member(outer, 'errors');
  return (Array.isArray(list) ? list : [body]).flatMap((item) => {
    const text = member(item, 'msg');
    const key = member(item, 'path') ?? member(item, 'param');
    if (typeof text !== 'string') return [];
    return [{ text, ...(typeof key === 'string' && { key }) }];
  });
}

export const errors: AdapterErrors = { rules, issues, issueRules: [...FIELD_MESSAGES, ...plainMessages] };
