/** What the journal keeps of an update: that it begins, and how it has ended. Pure. */
import { randomUUID } from 'node:crypto';
import type { Problem } from '../problem';
import type { ReceiptRow } from '../receipt';
import type { Location } from '../runtime/locate';
import { pointerOf } from '../staff/fields';
import type { CanonicalPatch } from '../staff/patch';
import type { AsLeft } from '../store/asLeft';
import type { Attempt } from '../store/attempts';
import type { Change, ChangeOutcome, FieldResult } from '../store/changes';
import type { UpdateResult } from './receipt';
import type { UpdateRequest } from './request';

/**
 * How an update ended. A defect is one of ours. `attempt` is there once the update was about to be sent: from then on it may
 * have reached the vendor. `asLeft`: what a repetition is held against, if it came with a condition and has not ended well.
 */
export type Ending = { attempt?: Attempt; asLeft?: AsLeft | undefined } & (
  | { result: UpdateResult }
  | { problem: Problem }
  | { defect: unknown }
);

/** Past the deadline nothing is sent any more; this much later no process can still be at work. Also covers unequal clocks. */
const LEASE_MARGIN_MS = 2_000;

/** For how long an update, and the key that it came with, belongs to the process that runs it. */
export function leaseMs(location: Pick<Location, 'connection'>): number {
  return location.connection.config.timeoutMs + LEASE_MARGIN_MS;
}

/** What has to be known to find out, should this process end here, what became of the update. */
export function attemptFor(request: UpdateRequest, location: Location): Attempt {
  return {
    id: randomUUID(),
    requestId: request.requestId,
    clinic: request.clinic.name,
    caller: request.caller,
    staffId: request.staffId,
    vendor: location.connection.name,
    vendorRecordId: location.recordId,
    patch: request.patch,
    lenient: request.lenient,
    kind: request.kind ?? 'update',
    createdAt: new Date().toISOString(),
  };
}

/** @param durationMs from the caller's request to the answer */
export function auditRow(request: UpdateRequest, ended: Ending, durationMs: number): Change {
  const recordId = 'result' in ended ? ended.result.meta.vendorRecordId : ended.attempt?.vendorRecordId;
  return {
    kind: request.dryRun ? 'dry_run' : (request.kind ?? 'update'),
    at: new Date().toISOString(),
    requestId: request.requestId,
    clinic: request.clinic.name,
    caller: request.caller,
    staffId: request.staffId,
    vendor: request.clinic.connection.name,
    vendorRecordId: recordId ?? null,
    outcome: request.dryRun && 'result' in ended ? 'not_sent' : outcomeOf(ended),
    ...answered(ended),
    durationMs: Math.round(durationMs),
    fields: request.dryRun ? notApplied(request.patch) : fieldResults(request.patch, ended),
    values: valuesOf(request.patch),
  };
}

function answered(ended: Ending): { status: number; code: string | null } {
  if ('result' in ended) return { status: 200, code: null };
  return 'problem' in ended
    ? { status: ended.problem.status, code: ended.problem.code }
    : { status: 500, code: 'internal_error' };
}

/** What happened to the vendor's record, as far as is known. */
function outcomeOf(ended: Ending): ChangeOutcome {
  const sent = ended.attempt !== undefined;
  if ('result' in ended) return 'success';
  if ('defect' in ended) return sent ? 'unknown' : 'failed';
  const { status, code, extras } = ended.problem;
  if (!sent) return status < 500 ? 'refused' : 'failed';
  if (extras.outcome === 'applied') return 'success';
  if (extras.outcome === 'partial') return 'partial';
  if (extras.outcome === 'unknown') return 'unknown';
  if (status < 500) return 'refused';
  return extras.outcome === 'not_applied' || code === 'write_not_confirmed' ? 'failed' : 'unknown';
}

function fieldResults({ members }: CanonicalPatch, ended: Ending): Record<string, FieldResult> {
  const rows = receiptOf(ended);
  const rest = resultWithoutRow(ended);
  const results: Record<string, FieldResult> = {};
  for (const name of members) {
    const at = `/${name}`;
    results[at] = rows.find(({ pointer }) => pointer === at)?.outcome ?? rest;
  }
  return results;
}

/** A dry run tells what would be; in the audit stands what was. */
function notApplied({ members }: CanonicalPatch): Record<string, FieldResult> {
  return Object.fromEntries(members.map((name) => [`/${name}`, 'not_applied']));
}

function receiptOf(ended: Ending): readonly ReceiptRow[] {
  if ('result' in ended) return ended.result.meta.receipt;
  return 'problem' in ended ? (ended.problem.extras.receipt ?? []) : [];
}

function resultWithoutRow(ended: Ending): FieldResult {
  if ('problem' in ended && ended.problem.code === 'write_not_confirmed') return 'not_confirmed';
  const outcome = outcomeOf(ended);
  if (outcome === 'success') return 'verified';
  return outcome === 'unknown' || outcome === 'partial' ? 'unknown' : 'not_applied';
}

/** The sent values by pointer, as normalised. */
export function valuesOf(patch: CanonicalPatch): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { field, value } of patch.changes) values[pointerOf(field)] = value;
  return values;
}
