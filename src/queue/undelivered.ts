/** What the audit says of a queued update that was turned away before it was an update again. Pure. */
import type { Problem } from '../problem';
import type { CanonicalPatch } from '../staff/patch';
import type { Change, FieldResult } from '../store/changes';
import type { Lease } from '../store/operation';
import { valuesOf } from '../update/auditRow';

const EMPTY: CanonicalPatch = { changes: [], members: [] };

/** @param patch absent if it cannot be read */
export function turnedAway(lease: Lease, { status, code }: Problem, patch: CanonicalPatch = EMPTY): Change {
  const { mirror, target, settle } = lease;
  // An earlier attempt may have reached the vendor; what goes to a mirror is always looked at first.
  const isOpen = settle && mirror === undefined;
  const result: FieldResult = isOpen ? 'unknown' : 'not_applied';
  return {
    kind: mirror === undefined ? 'update' : 'mirror',
    at: new Date().toISOString(),
    requestId: lease.requestId,
    clinic: lease.clinic,
    caller: lease.caller,
    staffId: lease.staffId,
    vendor: mirror ?? target?.vendor ?? '',
    vendorRecordId: target?.vendorRecordId ?? null,
    outcome: isOpen ? 'unknown' : status < 500 ? 'refused' : 'failed',
    status,
    code,
    durationMs: 0,
    fields: Object.fromEntries(patch.members.map((name) => [`/${name}`, result])),
    values: valuesOf(patch),
  };
}
