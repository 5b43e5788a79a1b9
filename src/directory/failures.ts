/** From a vendor's failure to the problem that the caller sees, with pointers to the caller's own fields. */

import type { FailureKind, RecordAccess } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { type FieldError, Problem, type ProblemCode, type VendorDetail, type WriteOutcome } from '../problem';
import { FIELDS, pointerOf } from '../staff/fields';
import { tableOf } from './record';

const CODES: Readonly<Record<FailureKind, ProblemCode>> = {
  record_not_found: 'staff_not_found',
  credentials_rejected: 'vendor_credentials_rejected',
  session_expired: 'vendor_credentials_rejected',
  conflict: 'conflict',
  outdated: 'conflict',
  rejected: 'vendor_rejected',
  rate_limited: 'vendor_rate_limited',
  quota_exhausted: 'vendor_rate_limited',
  unavailable: 'vendor_unavailable',
  timeout: 'vendor_timeout',
  unexpected_response: 'vendor_unexpected_response',
};

/** Seconds for `Retry-After` if the vendor gave none. */
const DEFAULT_RETRY_AFTER = 5;

/**
 * @param outcome what is known about the write; absent for a failed read, which has no outcome
 * @param about `resource`: the one that it was about; `changed`: the body members that the update changed, if it had to send
 * others as well
 */
export function problemFrom(
  failure: VendorFailure,
  connection: VendorConnection,
  outcome?: WriteOutcome,
  { resource, changed }: { resource?: string | undefined; changed?: readonly string[] | undefined } = {},
): Problem {
  const stored = changed && blamesOnlyStored(failure, changed);
  const code = stored ? 'stored_value_invalid' : CODES[failure.kind];
  // An unknown sentence counts as a judgement of the update only if the vendor did judge it.
  const judged = code === 'vendor_rejected' || code === 'conflict' || stored === true;
  const errors = failure.complaints
    .filter((complaint) => judged || complaint.key !== undefined || complaint.code !== 'rejected_by_vendor')
    .map((complaint) => fieldError(stored ? { ...complaint, code } : complaint, connection, resource));
  const isBusy = code === 'vendor_unavailable' || code === 'vendor_rate_limited';
  const problem = new Problem(code, detailOf(failure, connection.title), {
    ...(errors.length > 0 && { errors: distinct(errors) }),
    vendor: vendorDetail(failure, connection),
    ...(outcome && { outcome }),
    ...(isBusy && {
      headers: { 'retry-after': String(Math.ceil(failure.retryAfter ?? DEFAULT_RETRY_AFTER)) },
    }),
  });
  problem.cause = failure;
  return problem;
}

/**
 * A refusal that names nothing can only be about the one member that was sent. Not so if the vendor wants whole
 * records: it may be a stored value that it refuses.
 * @param sent the top-level members that were sent to be changed
 */
export function blamingTheOnly(
  sent: readonly string[],
  problem: Problem,
  { writes }: Pick<RecordAccess, 'writes'>,
): Problem {
  const { cause } = problem;
  const isAlone = sent.length === 1 && writes === 'changes';
  if (!isAlone || problem.code !== 'vendor_rejected' || !(cause instanceof VendorFailure)) return problem;
  if (cause.complaints.some(({ key }) => key !== undefined)) return problem;
  const said = problem.extras.errors ?? [
    { pointer: '', code: 'rejected_by_vendor', detail: 'The vendor does not accept this value.' },
  ];
  const errors = said.map((error) => ({ ...error, pointer: `/${sent[0]}` }));
  return new Problem(problem.code, problem.detail, { ...problem.extras, errors });
}

/** True if the vendor complains about values that were only sent because it wants the whole record. */
function blamesOnlyStored({ kind, complaints }: VendorFailure, changed: readonly string[]): boolean {
  if (kind !== 'rejected' && kind !== 'conflict') return false;
  return complaints.length > 0 && complaints.every(({ key }) => key !== undefined && !changed.includes(key));
}

function detailOf(failure: VendorFailure, title: string): string {
  if (failure.kind === 'record_not_found') return `${title} has no such record.`;
  if (failure.kind === 'quota_exhausted') return `The quota at ${title} is used up. ${failure.reason}`;
  return `${title}: ${failure.reason}`;
}

function vendorDetail(failure: VendorFailure, connection: VendorConnection): VendorDetail {
  const text = failure.complaints.find((complaint) => complaint.text !== undefined)?.text;
  return {
    name: connection.name,
    ...(failure.status !== undefined && { status: failure.status }),
    ...(failure.vendorCode !== undefined && { code: failure.vendorCode }),
    ...(text !== undefined && { message: text }),
  };
}

function fieldError(
  complaint: { key?: string; code: string; detail: string },
  connection: VendorConnection,
  resource: string | undefined,
): FieldError {
  const table = tableOf(connection.adapter);
  const [key = '', ...rest] = (complaint.key ?? '').split('.');
  const field = FIELDS.find((name) => {
    const mapping = table[name];
    return mapping.supported && mapping.resource === resource && mapping.key === key;
  });
  // A complaint about a member of a composite keeps the member; one about nothing we know points at the whole.
  const inner =
    field !== undefined && (field === 'specialty' || field === 'period')
      ? rest.map((part) => `/${part}`).join('')
      : '';
  const pointer = field === undefined ? '' : pointerOf(field) + inner;
  return { pointer, code: complaint.code, detail: complaint.detail };
}

function distinct(errors: readonly FieldError[]): FieldError[] {
  const seen = new Set<string>();
  return errors.filter(({ pointer, code }) => {
    const key = `${pointer} ${code}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
