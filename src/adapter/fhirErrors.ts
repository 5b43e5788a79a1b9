/** Refusals of FHIR servers: OperationOutcomes. */
import { member } from '../lib/json';
import { listOf, textIn } from './codecs';
import type { ErrorRule, IssueRule, VendorIssue } from './contract';

/** The element that a server complains of, as `name[index].rest`. */
export interface BlamedElement {
  name: string;
  index: number;
  rest: string;
}

/**
 * The issues of an OperationOutcome. Their text here is their code, out of the standard's closed list: what a server says in its own
 * words may repeat what it was sent.
 * @param keyOf the key of the field that an element belongs to
 */
export function outcomeIssues(
  body: unknown,
  keyOf: (blamed: BlamedElement) => string | undefined,
): readonly VendorIssue[] {
  return listOf(member(body, 'issue'))
    .filter((issue) => ['error', 'fatal'].includes(textIn(issue, 'severity') ?? 'error'))
    .map((issue) => ({
      key: keyIn(issue, keyOf),
      text: isUnknownTarget(issue) ? 'not-found' : (textIn(issue, 'code') ?? 'unknown'),
    }))
    .filter(({ key, text }) => key !== undefined || !SAID_BY_STATUS.has(text));
}

/** Codes that say of the whole what the status says. */
const SAID_BY_STATUS: ReadonlySet<string> = new Set([
  ...[
    'not-found',
    'deleted',
    'conflict',
    'login',
    'unknown',
    'expired',
    'forbidden',
    'suppressed',
    'security',
  ],
  ...['throttled', 'too-costly', 'exception', 'timeout', 'transient', 'lock-error', 'no-store', 'incomplete'],
]);

function keyIn(issue: unknown, keyOf: (blamed: BlamedElement) => string | undefined): string | undefined {
  const path = listOf(member(issue, 'expression'))[0] ?? PATH.exec(textIn(issue, 'diagnostics') ?? '')?.[1];
  if (typeof path !== 'string') return undefined;
  const [, name, index = '0', rest = ''] = /^[A-Z]\w*\.(\w+)(?:\[(\d+)\])?\.?(.*)$/.exec(path) ?? [];
  return name === undefined ? undefined : keyOf({ name, index: Number(index), rest });
}

/** Some servers name the element, and that a reference leads nowhere, in their own words only. */
const PATH = /specified in path: ([\w.[\]]+)/;

function isUnknownTarget(issue: unknown): boolean {
  return PATH.test(textIn(issue, 'diagnostics') ?? '');
}

/** What the standard's codes mean. */
export const OUTCOME_RULES: readonly IssueRule[] = [
  { text: /^required$/, code: 'required' },
  { text: /^(structure|value|invalid)$/, code: 'invalid_format' },
  { text: /^too-long$/, code: 'too_long' },
  { text: /^code-invalid$/, code: 'not_allowed' },
  { text: /^not-found$/, code: 'unknown_code' },
  { text: /^duplicate$/, code: 'already_taken', kind: 'conflict' },
  {
    text: /^not-supported$/,
    code: 'not_supported',
    detail: 'The server does not take such an update.',
  },
  {
    text: /^(invariant|business-rule)$/,
    code: 'rule_violated',
    detail: 'The record would break a rule of the server.',
  },
];

/**
 * What the statuses mean that have a meaning of their own.
 * @param hasLogin whether a new access token may help
 */
export function outcomeStatuses(hasLogin: boolean): readonly ErrorRule[] {
  return [
    ...(hasLogin ? [{ status: 401, kind: 'session_expired' } as const] : []),
    { status: 405, kind: 'rejected' },
    { status: 412, kind: 'outdated' },
    // Some servers say so that the version is an old one; what is taken has an issue that says that.
    { status: 409, kind: 'outdated' },
  ];
}
