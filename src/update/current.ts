/** The stored record that a plan is made on: read, held against `If-Match`, and looked at again right before the write. */
import type { VendorRecord } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { CallCancelled, VendorFailure } from '../connection/failure';
import type { GoneSignal } from '../connection/transport';
import { etagOf, preconditionHolds } from '../directory/etag';
import { problemFrom } from '../directory/failures';
import { showRecord, staffRecord, tableOf } from '../directory/record';
import type { Deadline } from '../lib/deadline';
import { sameJson } from '../lib/json';
import { Problem } from '../problem';
import type { Location } from '../runtime/locate';
import { pointerOf } from '../staff/fields';
import type { AdmittedChange } from './admit';
import { makePlan, type Plan } from './plan';
import type { UpdateRequest } from './request';

/** A plan, and the record that it was made on, if one was read. */
export interface Planned {
  plan: Plan;
  current: VendorRecord | undefined;
}

/** @throws Problem if the record cannot be read, or nobody waits any more */
export async function readCurrent(
  { connection, recordId }: Location,
  deadline: Deadline,
  gone: GoneSignal,
): Promise<VendorRecord> {
  return connection.read(recordId, deadline, gone).catch((error) => {
    if (error instanceof CallCancelled) throw clientGone();
    throw error instanceof VendorFailure ? problemFrom(error, connection, 'not_applied') : error;
  });
}

/** @throws Problem `precondition_failed` */
export function checkPrecondition(
  { ifMatch, ifNoneMatch, staffId }: UpdateRequest,
  current: VendorRecord | undefined,
  connection: VendorConnection,
): void {
  if (current === undefined || (ifMatch === undefined && ifNoneMatch === undefined)) return;
  const etag = etagOf(staffRecord(staffId, showRecord(tableOf(connection.adapter), current).fields));
  if (preconditionHolds({ ifMatch, ifNoneMatch }, etag)) return;
  const named = ifMatch !== undefined && !preconditionHolds({ ifMatch }, etag);
  throw new Problem(
    'precondition_failed',
    named ? 'The record is not the one that If-Match names.' : 'The record is one that If-None-Match names.',
    { headers: { etag } },
  );
}

/**
 * Compares the record right before writing with the one that was merged on. A change from outside to a field of this
 * update is a conflict; a change elsewhere is taken over by merging again.
 * @throws Problem `conflict`, `precondition_failed`
 */
export async function recheck(
  request: UpdateRequest,
  location: Location,
  changes: readonly AdmittedChange[],
  { plan, current }: Planned,
  deadline: Deadline,
): Promise<Planned> {
  if (current === undefined) return { plan, current };
  const { connection } = location;
  const { adapter } = connection;
  const now = await readCurrent(location, deadline, request.gone);
  const revision = adapter.revision?.(now);
  const same = revision === undefined ? sameJson(now, current) : revision === adapter.revision?.(current);
  if (same) return { plan, current };
  checkPrecondition(request, now, connection);
  const planned = { plan: makePlan(adapter, tableOf(adapter), changes, now), current: now };
  const changed = changes.filter(
    ({ field, mapping }) =>
      !sameJson(comparable(mapping.decode(current)), comparable(mapping.decode(now))) &&
      // Somebody else has set the very value that is wanted.
      !planned.plan.targets.some((target) => target.field === field && target.unchanged),
  );
  if (changed.length > 0) throw changedMeanwhile(changed);
  return planned;
}

/** JSON has no symbols; an unreadable value compares as its description. */
function comparable(value: unknown): unknown {
  return typeof value === 'symbol' ? value.description : value;
}

function changedMeanwhile(changes: readonly AdmittedChange[]): Problem {
  return new Problem(
    'conflict',
    'The record was changed outside the gateway while this update was under way. Nothing was sent.',
    {
      errors: changes.map(({ field }) => ({
        pointer: pointerOf(field),
        code: 'changed_meanwhile',
        detail: 'Someone else changed this field in the meantime.',
      })),
      outcome: 'not_applied',
    },
  );
}

export function clientGone(): Problem {
  return new Problem('malformed_request', 'The client closed the connection before anything was sent.', {
    outcome: 'not_applied',
  });
}
