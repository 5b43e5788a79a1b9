/** What the journal keeps of an update that has ended, and what becomes of its idempotency key. Pure. */
import { randomUUID } from 'node:crypto';
import type { Problem } from '../problem';
import type { Location } from '../runtime/locate';
import { pointerOf } from '../staff/fields';
import type { CanonicalPatch } from '../staff/patch';
import type { Attempt } from '../store/attempts';
import type { Change, ChangeOutcome, FieldResult } from '../store/changes';
import type { KeyVerdict, StoredAnswer } from '../store/idempotency';
import type { FinalAnswer, UpdateIntake } from './execute';
import type { UpdateAnswer } from './receipt';

/** How an update ended. A defect is one of ours. */
export type Ended = { answer: UpdateAnswer } | { problem: Problem } | { defect: unknown };

export interface Facts {
  intake: UpdateIntake;
  ended: Ended;
  /** The vendor record, where the update was about to be sent; from then on it may have reached the vendor. */
  sentTo: string | undefined;
  durationMs: number;
}

/** Past the deadline nothing is sent any more; this much later nobody can still be at it. Also covers unequal clocks. */
const LEASE_MARGIN_MS = 2_000;

/** For how long an update, and the key that it came with, belongs to the process that runs it. */
export function leaseMs(location: Pick<Location, 'connection'>): number {
  return location.connection.config.timeoutMs + LEASE_MARGIN_MS;
}

/** What has to be known to find out, should this process end here, what became of the update. */
export function attemptFor(intake: UpdateIntake, location: Location): Attempt {
  return {
    id: randomUUID(),
    requestId: intake.requestId,
    clinic: intake.clinic.name,
    caller: intake.caller,
    staffId: intake.staffId,
    vendor: location.connection.name,
    vendorRecordId: location.recordId,
    patch: intake.patch,
    lenient: intake.lenient,
    createdAt: new Date().toISOString(),
  };
}

export function changeFor(facts: Facts): Change {
  const { intake, ended, sentTo, durationMs } = facts;
  const recordId = 'answer' in ended ? ended.answer.meta.vendorRecordId : sentTo;
  const { status, code } = answered(ended);
  return {
    at: new Date().toISOString(),
    requestId: intake.requestId,
    clinic: intake.clinic.name,
    caller: intake.caller,
    staffId: intake.staffId,
    vendor: intake.clinic.connection.name,
    vendorRecordId: recordId ?? null,
    outcome: outcomeOf(facts),
    status,
    code,
    durationMs: Math.round(durationMs),
    fields: fieldResults(facts),
    values: valuesOf(intake.patch),
  };
}

function answered(ended: Ended): { status: number; code: string | null } {
  if ('answer' in ended) return { status: 200, code: null };
  return 'problem' in ended
    ? { status: ended.problem.status, code: ended.problem.code }
    : { status: 500, code: 'internal_error' };
}

/** What happened to the vendor's record, as far as is known. */
function outcomeOf({ ended, sentTo }: Facts): ChangeOutcome {
  if ('answer' in ended) return 'success';
  if ('defect' in ended) return sentTo === undefined ? 'failed' : 'unknown';
  const { status, code, extras } = ended.problem;
  if (sentTo === undefined) return status < 500 ? 'refused' : 'failed';
  if (extras.outcome === 'applied') return 'success';
  if (extras.outcome === 'unknown') return 'unknown';
  if (status < 500) return 'refused';
  return extras.outcome === 'not_applied' || code === 'write_not_confirmed' ? 'failed' : 'unknown';
}

function fieldResults(facts: Facts): Record<string, FieldResult> {
  const { ended, intake } = facts;
  const rows = 'answer' in ended ? ended.answer.meta.receipt : receiptIn(ended);
  const rest = resultWithoutRow(facts);
  const results: Record<string, FieldResult> = {};
  for (const name of intake.patch.members) {
    const at = `/${name}`;
    results[at] = rows.find(({ pointer }) => pointer === at)?.outcome ?? rest;
  }
  return results;
}

function receiptIn(ended: { problem: Problem } | { defect: unknown }) {
  return 'problem' in ended ? (ended.problem.extras.receipt ?? []) : [];
}

function resultWithoutRow(facts: Facts): FieldResult {
  const { ended } = facts;
  if ('problem' in ended && ended.problem.code === 'write_not_confirmed') return 'not_confirmed';
  const outcome = outcomeOf(facts);
  return outcome === 'success' ? 'verified' : outcome === 'unknown' ? 'unknown' : 'not_applied';
}

/** The sent values by pointer, as normalised. */
export function valuesOf(patch: CanonicalPatch): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const { field, value } of patch.changes) values[pointerOf(field)] = value;
  return values;
}

/**
 * A key is kept with the answer once the update has had its effect, or was judged by the vendor. Where nothing was sent
 * it is set free: the same request is then judged anew. Where nobody knows, the next request with it has to find out.
 */
export function keyVerdict({ intake, ended, sentTo }: Facts, answer: FinalAnswer | undefined): KeyVerdict {
  const stored = answer && storedAnswer(answer);
  if ('answer' in ended && stored) return { state: 'done', answer: stored };
  if (sentTo === undefined || ('problem' in ended && didNothing(ended.problem))) {
    return { state: intake.settleFirst ? 'unsettled' : 'free' };
  }
  return stored && stored.status < 500 ? { state: 'done', answer: stored } : { state: 'unsettled' };
}

/** The client left before anything was sent, or the vendor could not be reached. */
function didNothing({ code, status, extras }: Problem): boolean {
  return code === 'malformed_request' || (status === 503 && extras.outcome === 'not_applied');
}

function storedAnswer({ status, headers, body }: FinalAnswer): StoredAnswer {
  return { status, headers, body };
}
