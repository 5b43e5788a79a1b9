/** Vitalis' errors: what its Spanish sentences mean, in either of the two shapes that its validation answers in. */
import { type AdapterErrors, isObject, listOf, member, textIn, type VendorIssue } from '../../src/adapter';
import { FIELD_MESSAGES, PLAIN_MESSAGES } from './messages';

/** Members of a day of hours; the week is one field. */
const HOURS = ['dayOfWeek', 'startTime', 'endTime'];

/** `{errors: [{param, msg}]}` of the document, `{errors: {errors: [{path, msg}]}}` of the code, or `{msg}`. */
function issues(body: unknown): VendorIssue[] {
  const outer = member(body, 'errors');
  const list = Array.isArray(outer) ? outer : member(outer, 'errors');
  return listOf(list ?? body).flatMap((item) => {
    const text = member(item, 'msg');
    const key = textIn(item, 'path') ?? textIn(item, 'param');
    return typeof text === 'string' ? [{ key: HOURS.includes(key ?? '') ? 'schedules' : key, text }] : [];
  });
}

export const errors: AdapterErrors = {
  rules: [
    // Express' own HTML pages: malformed JSON, a path that this system does not know (contract sections 1 and 2).
    { status: 400, when: (body) => !isObject(body), kind: 'unexpected_response' },
    { status: 404, when: (body) => !isObject(body), kind: 'unexpected_response' },
    // A day that was added since the hours were read (contract section 4).
    { status: 409, when: (body) => /horario/.test(textIn(body, 'msg') ?? ''), kind: 'outdated' },
  ],
  issues,
  issueRules: [...FIELD_MESSAGES, ...PLAIN_MESSAGES],
};
