/** From a row of the table of operations to what workers and callers are given. */
import type { Selectable } from 'kysely';
import type { Cipher } from './cipher';
import type { Attempt, Lease, Operation } from './operation';
import type { Schema } from './schema';

export type OperationRow = Selectable<Schema['operations']>;

/** What a sealed text belongs to. */
export function placeOf(id: string, column: 'patch' | 'answer' | 'as_left'): string {
  return `operation ${id} ${column}`;
}

/** What the worker `owner` is given of the operation that it has taken. */
export function toLease(row: OperationRow, owner: string, cipher: Cipher): Lease {
  const asLeft = row.as_left === null ? undefined : cipher.open(row.as_left, placeOf(row.id, 'as_left'));
  const patch = row.patch === null ? undefined : cipher.open(row.patch, placeOf(row.id, 'patch'));
  return {
    id: row.id,
    owner,
    number: row.attempts,
    counted: row.attempts - row.attempts_before,
    clinic: row.clinic,
    staffId: row.staff_id,
    caller: row.caller,
    requestId: row.request_id,
    ...(patch !== undefined && { patch }),
    lenient: row.lenient === 1,
    settle: row.settle === 1,
    ...(asLeft !== undefined && { asLeft: JSON.parse(asLeft) }),
    ...(row.if_match !== null && { ifMatch: row.if_match }),
    ...(row.if_none_match !== null && { ifNoneMatch: row.if_none_match }),
    ...(row.vendor !== null &&
      row.vendor_record_id !== null && {
        target: { vendor: row.vendor, vendorRecordId: row.vendor_record_id },
      }),
    ...mirrorOf(row),
  };
}

function mirrorOf({ mirrored, vendor }: OperationRow): { mirror?: string } {
  return mirrored === 1 && vendor !== null ? { mirror: vendor } : {};
}

/** What is told of an operation; nothing of what was asked for. */
export function toOperation(row: OperationRow, cipher: Cipher): Operation {
  // What was sealed with a key that is lost is as good as forgotten.
  const answer = row.answer === null ? undefined : cipher.open(row.answer, placeOf(row.id, 'answer'));
  return {
    id: row.id,
    clinic: row.clinic,
    staffId: row.staff_id,
    caller: row.caller,
    requestId: row.request_id,
    ...mirrorOf(row),
    status: row.status,
    attempts: row.attempts,
    createdAt: row.created_at,
    ...(row.finished_at !== null && { finishedAt: row.finished_at }),
    ...(row.status === 'queued' && row.available_at !== null && { nextAttemptAt: row.available_at }),
    ...(row.last_code !== null && { lastError: { code: row.last_code, detail: row.last_detail ?? '' } }),
    ...(answer !== undefined && { answer: JSON.parse(answer) }),
  };
}

export function toAttempt(row: Selectable<Schema['operation_attempts']>): Attempt {
  return {
    number: row.number,
    startedAt: row.started_at,
    ...(row.finished_at !== null && { finishedAt: row.finished_at }),
    ...(row.outcome !== null && { outcome: row.outcome }),
    ...(row.code !== null && { code: row.code }),
    ...(row.detail !== null && { detail: row.detail }),
  };
}
