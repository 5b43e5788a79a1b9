/**
 * What went wrong in a vendor call: one class, made in one place, so that what nothing matches always becomes the same
 * kind. A failure never carries a body, a credential or a value of the update.
 */
import type { AdapterErrors, FailureKind, IssueRule, VendorIssue } from './contract';

/** A vendor's complaint in our words. `key` is the vendor's body member. */
export interface Complaint {
  key?: string;
  code: string;
  detail: string;
  /** The vendor's own sentence, only where it is known to carry no personal data. */
  text?: string;
}

/**
 * What is known about a write that failed. `not_sent`: it never left. `refused`: the vendor answered that it will not.
 * `unknown`: it may have been applied.
 */
export type Fate = 'not_sent' | 'refused' | 'unknown';

interface FailureFacts {
  kind: FailureKind;
  fate: Fate;
  status?: number;
  vendorCode?: string;
  complaints?: readonly Complaint[];
  /** Seconds until it makes sense to try again. */
  retryAfter?: number;
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
  readonly reason: string;

  constructor(facts: FailureFacts) {
    super(`${facts.kind}: ${facts.reason}`);
    this.kind = facts.kind;
    this.fate = facts.fate;
    this.status = facts.status;
    this.vendorCode = facts.vendorCode;
    this.complaints = facts.complaints ?? [];
    this.retryAfter = facts.retryAfter;
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

/** A complete HTTP answer with its body parsed: JSON, or undefined where it was none. */
export interface VendorAnswer {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: unknown;
}

/** Decides whether an answer is a failure, by the adapter's rules first and by the status class for the rest. */
export function failureIn(answer: VendorAnswer, errors: AdapterErrors): VendorFailure | undefined {
  const { status, body } = answer;
  const rule = errors.rules.find(
    (candidate) => candidate.status === status && (candidate.when?.(body) ?? true),
  );
  if (rule === undefined && status >= 200 && status < 300) return undefined;
  const complaints =
    body === undefined ? [] : errors.issues(body).map((issue) => complaint(issue, errors.issueRules));
  const kind = complaints.find((item) => item.kind !== undefined)?.kind ?? rule?.kind ?? kindOf(status);
  const vendorCode = errors.code?.(body);
  const retryAfter = rule?.retryAfter?.(answer.headers, new Date());
  return new VendorFailure({
    kind,
    fate: kind === 'unavailable' || kind === 'unexpected_response' ? 'unknown' : 'refused',
    status,
    complaints: complaints.map(({ kind: _, ...rest }) => rest),
    reason: `The vendor answered with status ${status}.`,
    ...(vendorCode !== undefined && { vendorCode }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

function kindOf(status: number): FailureKind {
  if (status >= 500) return 'unavailable';
  if (status === 401 || status === 403) return 'credentials_rejected';
  if (status === 404 || status === 410) return 'record_not_found';
  if (status === 409 || status === 412) return 'conflict';
  if (status === 429) return 'rate_limited';
  if (status === 400 || status === 422) return 'rejected';
  return 'unexpected_response';
}

function complaint(issue: VendorIssue, rules: readonly IssueRule[]): Complaint & { kind?: FailureKind } {
  const rule = rules.find(
    (candidate) =>
      (candidate.key === undefined || candidate.key === issue.key) && candidate.text.test(issue.text),
  );
  return {
    code: rule?.code ?? 'rejected_by_vendor',
    detail: rule?.detail ?? 'The vendor does not accept this value.',
    ...(issue.key !== undefined && { key: issue.key }),
    ...(rule?.safe && { text: issue.text }),
    ...(rule?.kind && { kind: rule.kind }),
  };
}

/** Codes of errors that occur before the first byte of a request has left. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'EPROTO',
]);

/** Turns an error of the transport into a failure. */
export function transportFailure(error: unknown): VendorFailure {
  if (error instanceof VendorFailure) return error;
  const code = errorCode(error);
  if (code !== undefined && (BEFORE_SENDING.has(code) || code.startsWith('ERR_SSL'))) {
    return new VendorFailure({
      kind: 'unavailable',
      fate: 'not_sent',
      reason: 'No connection to the vendor could be made; nothing was sent.',
    });
  }
  if (code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    return unexpectedResponse('The vendor’s answer is too large.');
  if (
    code?.startsWith('HPE_') ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ||
    code === 'UND_ERR_HEADERS_OVERFLOW'
  ) {
    return unexpectedResponse('The vendor’s answer is not valid HTTP.');
  }
  return new VendorFailure({
    kind: 'timeout',
    fate: 'unknown',
    reason: isAbort(error)
      ? 'The vendor did not answer in time.'
      : 'The connection broke before the answer was complete.',
  });
}

function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  // Several addresses were tried, none connected: the first cause speaks for all.
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : errorCode(error.cause);
}

function isAbort(error: unknown): boolean {
  const names = ['AbortError', 'TimeoutError', 'HeadersTimeoutError', 'BodyTimeoutError', 'CanceledError'];
  return error instanceof Error && names.includes(error.name);
}
