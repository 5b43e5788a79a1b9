/**
 * What went wrong in a vendor call: one class, made in one place, so that what nothing matches always becomes the same
 * kind. A failure never carries a body, a credential or a value of the update.
 */

import { isCancel } from 'axios';
import type { AdapterErrors, FailureKind, IssueRule, VendorIssue, VendorRequest } from '../adapter/contract';
import { detailOf } from '../adapter/issues';
import { retryAfterHeader } from '../adapter/retryAfter';

/** A vendor's complaint in our words. `key` is the vendor's body member. */
export interface Complaint {
  key?: string;
  code: string;
  detail: string;
  /** The vendor's own sentence, only if it is known to carry no personal data. */
  text?: string;
}

/**
 * What is known about a write that failed. `not_sent`: it never left. `refused`: the vendor answered that it will not.
 * `half_done`: it takes several requests; the first ones were applied, and one after them failed, in whatever way.
 * `unknown`: it may have been applied.
 */
export type Fate = 'not_sent' | 'refused' | 'half_done' | 'unknown';

interface FailureFacts {
  kind: FailureKind;
  fate: Fate;
  status?: number;
  vendorCode?: string;
  complaints?: readonly Complaint[];
  /** Seconds until it makes sense to try again. */
  retryAfter?: number;
  /** True if time ran out while the vendor may still have been at work. */
  late?: boolean;
  /** True if the answer was longer than any that is read. */
  tooLarge?: boolean;
  /** One English sentence of ours about the cause, free of values, hosts and secrets. */
  reason: string;
}

export class VendorFailure extends Error {
  override readonly name = 'VendorFailure';
  readonly kind: FailureKind;
  readonly fate: Fate;
  readonly status: number | undefined;
  readonly vendorCode: string | undefined;
  readonly complaints: readonly Complaint[];
  readonly retryAfter: number | undefined;
  readonly late: boolean;
  readonly tooLarge: boolean;
  readonly reason: string;

  constructor(facts: FailureFacts) {
    super(`${facts.kind}: ${facts.reason}`);
    this.kind = facts.kind;
    this.fate = facts.fate;
    this.status = facts.status;
    this.vendorCode = facts.vendorCode;
    this.complaints = facts.complaints ?? [];
    this.retryAfter = facts.retryAfter;
    this.late = facts.late ?? false;
    this.tooLarge = facts.tooLarge ?? false;
    this.reason = facts.reason;
  }
}

export function unexpectedResponse(reason: string, status?: number): VendorFailure {
  return new VendorFailure({
    kind: 'unexpected_response',
    fate: 'unknown',
    reason,
    ...(status !== undefined && { status }),
  });
}

/** A complete HTTP answer with its body parsed: JSON, or undefined if it was not JSON. */
export interface VendorAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: unknown;
  /** True if there was no body at all. */
  isEmpty?: boolean;
}

/**
 * Decides whether an answer is a failure, by the adapter's rules first and by the status for the rest.
 * @param vendor the vendor's title, for sentences
 * @param request what was answered
 */
export function failureIn(
  answer: VendorAnswer,
  errors: AdapterErrors,
  vendor: string,
  request?: VendorRequest,
): VendorFailure | undefined {
  const { status, body } = answer;
  const rule = errors.rules?.find(
    (candidate) => candidate.status === status && (candidate.when?.(body) ?? true),
  );
  // 202, 204 and the like say less than most contracts promise: they are no proof that anything was done.
  const isGood = status === 200 || status === 201 || (status === 204 && request?.mayAnswerNothing === 204);
  if (rule === undefined && isGood) return undefined;
  const issues = body === undefined ? [] : errors.issues(body, request?.body);
  const complaints = issues.map((issue) => complaint(issue, errors.issueRules, vendor));
  const kind = complaints.find((item) => item.kind !== undefined)?.kind ?? rule?.kind ?? kindOf(status);
  const vendorCode = machineCode(errors.code?.(body));
  const pause = rule?.retryAfter ?? (WAITING_HELPS.has(kind) ? retryAfterHeader : undefined);
  const retryAfter = pause?.(answer.headers, new Date());
  return new VendorFailure({
    kind,
    fate: UNCLEAR.has(kind) ? 'unknown' : 'refused',
    status,
    complaints: complaints.map(({ kind: _, ...rest }) => rest),
    reason: `The vendor answered with status ${status}.`,
    ...(vendorCode !== undefined && { vendorCode }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

/** Only then is a pause asked for. */
const WAITING_HELPS: ReadonlySet<FailureKind> = new Set(['unavailable', 'rate_limited']);

/** Answers after which a write may still have been applied. */
const UNCLEAR: ReadonlySet<FailureKind> = new Set(['unavailable', 'timeout', 'unexpected_response']);

/**
 * What is plainly a code: `RATE_LIMITED`, `login_required`. Anything else in its place may be a text, or somebody's data;
 * digits may be somebody's number.
 */
function machineCode(code: string | undefined): string | undefined {
  const isCode = code !== undefined && /^(?=.{2,60}$)([A-Z]+(_[A-Z]+)*|[a-z]+(_[a-z]+)+)$/.test(code);
  return isCode ? code : undefined;
}

function kindOf(status: number): FailureKind {
  if (status === 408) return 'timeout';
  if (status >= 500) return 'unavailable';
  if (status === 401 || status === 403) return 'credentials_rejected';
  if (status === 404 || status === 410) return 'record_not_found';
  if (status === 409 || status === 412) return 'conflict';
  if (status === 429) return 'rate_limited';
  if (status === 400 || status === 422) return 'rejected';
  return 'unexpected_response';
}

function complaint(
  issue: VendorIssue,
  rules: readonly IssueRule[],
  vendor: string,
): Complaint & { kind?: FailureKind } {
  const rule = rules.find(
    (candidate) =>
      (candidate.key === undefined || candidate.key === issue.key) && candidate.text.test(issue.text),
  );
  return {
    code: rule?.code ?? 'rejected_by_vendor',
    detail: rule ? detailOf(rule, vendor) : 'The vendor does not accept this value.',
    ...(issue.key !== undefined && { key: issue.key }),
    ...(rule?.safe && { text: issue.text }),
    ...(rule?.kind && { kind: rule.kind }),
  };
}

/** What the transport reports instead of an answer. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
  /** False if it is certain that no byte of the request was handed to a socket. */
  readonly sent: boolean;
  /** True if the time for the call was over. */
  readonly late: boolean;

  constructor(cause: unknown, { sent, late }: { sent: boolean; late: boolean }) {
    super('no answer', { cause });
    this.sent = sent;
    this.late = late;
  }
}

/** The call was cancelled because no caller waits for its answer any more. */
export class CallCancelled extends Error {
  override readonly name = 'CallCancelled';
}

/** Turns an error of the transport into a failure. */
export function transportFailure(error: unknown): VendorFailure | CallCancelled {
  if (error instanceof VendorFailure) return error;
  if (isCancel(error) || (error instanceof TransportError && isCancel(error.cause))) {
    return new CallCancelled('no caller waits for the answer');
  }
  const code = errorCode(error);
  if (code === 'UND_ERR_INVALID_ARG') {
    // Paths are encoded and other headers are constants, so only a credential can be what HTTP has no way to carry.
    return new VendorFailure({
      kind: 'credentials_rejected',
      fate: 'not_sent',
      reason: 'The credentials hold characters that no HTTP header can carry; nothing was sent.',
    });
  }
  if (error instanceof TransportError && !error.sent) {
    return new VendorFailure({
      kind: 'unavailable',
      fate: 'not_sent',
      reason: 'No connection to the vendor could be made; nothing was sent.',
    });
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') {
    const reason = 'The vendor’s answer is too large.';
    return new VendorFailure({ kind: 'unexpected_response', fate: 'unknown', tooLarge: true, reason });
  }
  if (isBadHttp(error) || (code !== undefined && NOT_HTTP.has(code))) {
    return unexpectedResponse('The vendor’s answer is not valid HTTP.');
  }
  const late = error instanceof TransportError && error.late;
  return new VendorFailure({
    kind: 'timeout',
    fate: 'unknown',
    late,
    reason: late
      ? 'The vendor did not answer in time.'
      : 'The connection broke before the answer was complete.',
  });
}

const NOT_HTTP = new Set([
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_BAD_RESPONSE',
]);

/** undici's parser errors have a code only sometimes. */
function isBadHttp(error: unknown): boolean {
  return error instanceof Error && (error.name === 'HTTPParserError' || isBadHttp(error.cause));
}

function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : errorCode(error.cause);
}

export function isNotFound(error: unknown): boolean {
  return error instanceof VendorFailure && error.kind === 'record_not_found';
}
