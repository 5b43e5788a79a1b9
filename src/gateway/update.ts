/**
 * One update, from top to bottom: canonical patch → locate → admit → read → plan → write → confirm → receipt → answer.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type FieldError, Problem, type WriteOutcome } from '../problem';
import { pointerOf, topLevelOf } from '../staff/fields';
import { sameJson } from '../staff/json';
import type { CanonicalPatch } from '../staff/patch';
import { type FieldOutcome, type ReceiptRow, receiptRow, type Warning } from '../staff/receipt';
import type { ShownRequest, VendorConnection } from '../vendor/connection';
import type { VendorRecord } from '../vendor/contract';
import { Deadline } from '../vendor/deadline';
import { VendorFailure } from '../vendor/failure';
import { type Admitted, admit } from './admit';
import { etagOf, matches } from './etag';
import { problemFrom } from './failures';
import { type Clinic, type FindLink, type Location, locate } from './locate';
import type { Locks } from './locks';
import { holds, makePlan, needsCurrent, type Plan, type Target } from './plan';
import type { ReadMeta, StaffAnswer } from './read';
import { type Shown, showRecord, staffRecord, tableOf } from './record';

export interface UpdateParts {
  links: FindLink;
  locks: Locks;
}

export interface UpdateRequest {
  clinic: Clinic;
  staffId: string;
  requestId: string;
  patch: CanonicalPatch;
  /** `Prefer: handling=lenient`: drop what the vendor cannot hold instead of refusing. */
  lenient: boolean;
  dryRun: boolean;
  ifMatch?: string;
  /** Aborted when the client has gone; cancels only what was not yet sent. */
  gone: AbortSignal;
}

export interface UpdateMeta extends ReadMeta {
  receipt: readonly ReceiptRow[];
  /** Dry run only: nothing was sent; this is what would have been, or null where nothing would change. */
  dryRun?: true;
  vendorRequest?: ShownRequest | null;
}

export type UpdateAnswer = StaffAnswer<UpdateMeta>;

/** What the vendor showed last, and when it could not be shown, why. */
interface Confirmation {
  record: VendorRecord | undefined;
  /** For outcomes that are only `accepted`: why nothing could be read. */
  detail?: string;
  /** The story behind a success that was not a plain one. */
  warning?: Warning;
}

/** @throws Problem for everything that is not a success */
export async function updateStaff(parts: UpdateParts, request: UpdateRequest): Promise<UpdateAnswer> {
  const location = await locate(parts.links, request.clinic, request.staffId);
  const { connection } = location;
  const admitted = admit(request.patch, tableOf(connection.adapter), request.lenient, connection.title);
  const deadline = new Deadline(connection.config.timeoutMs);
  const readFirst = request.ifMatch !== undefined || needsCurrent(connection.adapter, admitted.changes);
  // A change merged on a read must not meet another one halfway.
  return parts.locks.hold(`${connection.name} ${location.recordId}`, deadline.remaining(), async () => {
    const current = readFirst ? await read(connection, location.recordId, deadline) : undefined;
    if (request.ifMatch !== undefined)
      checkPrecondition(request.ifMatch, current, request.staffId, connection);
    const plan = makePlan(connection.adapter, tableOf(connection.adapter), admitted.changes, current);
    if (request.dryRun) return answerDryRun(request, location, admitted, plan, current);
    if (plan.body === undefined)
      return answer(request, location, admitted, plan, current, { record: current });
    const fresh = await recheck(connection, location.recordId, admitted, plan, current, deadline);
    if (request.gone.aborted) throw clientGone();
    const confirmation = await writeAndConfirm(connection, location.recordId, fresh.plan, deadline);
    return answer(request, location, admitted, fresh.plan, fresh.current, confirmation);
  });
}

async function read(
  connection: VendorConnection,
  recordId: string,
  deadline: Deadline,
): Promise<VendorRecord> {
  return connection.read(recordId, deadline).catch((error) => {
    throw error instanceof VendorFailure ? problemFrom(error, connection, 'not_applied') : error;
  });
}

function checkPrecondition(
  ifMatch: string,
  current: VendorRecord | undefined,
  staffId: string,
  connection: VendorConnection,
): void {
  if (current === undefined) return;
  const etag = etagOf(staffRecord(staffId, showRecord(tableOf(connection.adapter), current).fields));
  if (!matches(ifMatch, etag)) {
    throw new Problem('precondition_failed', 'The record is not the one that If-Match names.', {
      headers: { etag },
    });
  }
}

/**
 * Compares the record right before writing with the one that was merged on. A change from outside to a field of this
 * update is a conflict; a change elsewhere is taken over by merging again.
 */
async function recheck(
  connection: VendorConnection,
  recordId: string,
  admitted: Admitted,
  plan: Plan,
  current: VendorRecord | undefined,
  deadline: Deadline,
): Promise<{ plan: Plan; current: VendorRecord | undefined }> {
  const { adapter } = connection;
  if (current === undefined) return { plan, current };
  const now = await read(connection, recordId, deadline);
  const revision = adapter.revision?.(now);
  const same = revision === undefined ? sameJson(now, current) : revision === adapter.revision?.(current);
  if (same) return { plan, current };
  const changed = admitted.changes.filter(
    ({ mapping }) => !sameJson(comparable(mapping.decode(current)), comparable(mapping.decode(now))),
  );
  if (changed.length > 0) {
    throw new Problem(
      'conflict',
      'The record was changed outside the gateway while this update was under way. Nothing was sent.',
      {
        errors: changed.map(({ field }) => ({
          pointer: pointerOf(field),
          code: 'changed_meanwhile',
          detail: 'This field was changed by somebody else meanwhile.',
        })),
        outcome: 'not_applied',
      },
    );
  }
  return { plan: makePlan(adapter, tableOf(adapter), admitted.changes, now), current: now };
}

/** JSON has no symbols; an unreadable value compares as its description. */
function comparable(value: unknown): unknown {
  return typeof value === 'symbol' ? value.description : value;
}

function clientGone(): Problem {
  return new Problem('malformed_request', 'The client closed the connection before anything was sent.', {
    outcome: 'not_applied',
  });
}

/** How long is kept back from the write so that an unclear answer can be settled by reading. */
function reserve(deadline: Deadline): number {
  return Math.min(2000, deadline.remaining() / 4);
}

async function writeAndConfirm(
  connection: VendorConnection,
  recordId: string,
  plan: Plan,
  deadline: Deadline,
): Promise<Confirmation> {
  if (plan.body === undefined) return { record: undefined };
  let returned: VendorRecord | undefined;
  try {
    returned = await connection.write(recordId, plan.body, deadline.reserving(reserve(deadline)));
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    return settle(error, connection, recordId, plan, deadline);
  }
  if (connection.config.verify === 'returned' && returned !== undefined) return { record: returned };
  return readBack(connection, recordId, plan, deadline);
}

/** Pauses between reads where the vendor's reading lags behind its writing, in milliseconds. */
const READ_BACK_PAUSES = [0, 100, 400] as const;

/** Reads after the write until the record shows it. A failed read leaves the vendor's acknowledgement. */
async function readBack(
  connection: VendorConnection,
  recordId: string,
  plan: Plan,
  deadline: Deadline,
): Promise<Confirmation> {
  let record: VendorRecord | undefined;
  for (const pause of READ_BACK_PAUSES) {
    if (pause > 0 && pause >= deadline.remaining()) break;
    if (pause > 0) await sleep(pause);
    try {
      record = await connection.read(recordId, deadline);
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      return { record, detail: 'The vendor acknowledged the update; reading it back failed.' };
    }
    if (plan.targets.every((target) => lands(target, record) !== 'missing')) break;
  }
  return { record };
}

/** After a failed write: what is true now? Reads back where the failure leaves it open, and never writes again. */
async function settle(
  failure: VendorFailure,
  connection: VendorConnection,
  recordId: string,
  plan: Plan,
  deadline: Deadline,
): Promise<Confirmation> {
  if (failure.fate !== 'unknown') throw problemFrom(failure, connection, 'not_applied');
  const record = await connection.read(recordId, deadline).catch((error) => {
    if (error instanceof VendorFailure) return undefined;
    throw error;
  });
  const outcome = outcomeShownBy(record, plan);
  // An answer that breaks the contract is reported even where the update has landed: someone has to look at it.
  if (outcome !== 'applied' || failure.kind === 'unexpected_response')
    throw problemFrom(failure, connection, outcome);
  return {
    record,
    warning: {
      code: 'settled_by_reading',
      detail: `${failure.reason} A read shows that the update was applied.`,
    },
  };
}

function outcomeShownBy(record: VendorRecord | undefined, plan: Plan): WriteOutcome {
  if (record === undefined) return 'unknown';
  const states = plan.targets.filter((target) => !target.unchanged).map((target) => lands(target, record));
  if (states.every((state) => state === 'landed')) return 'applied';
  return states.every((state) => state === 'missing') ? 'not_applied' : 'unknown';
}

/** `hidden`: the record does not show the field. */
function lands(target: Target, record: VendorRecord | undefined): 'landed' | 'missing' | 'hidden' {
  if (record === undefined || target.mapping.decode(record) === undefined) return 'hidden';
  return holds(target.mapping, record, target.value) ? 'landed' : 'missing';
}

function answer(
  request: UpdateRequest,
  location: Location,
  admitted: Admitted,
  plan: Plan,
  current: VendorRecord | undefined,
  confirmation: Confirmation,
): UpdateAnswer {
  const outcomes = plan.targets.map((target) => outcomeOf(target, confirmation));
  const failed = plan.targets.filter((_, index) => outcomes[index] === undefined);
  const receipt = receiptOf(
    request.patch,
    admitted,
    outcomes.filter((row) => row !== undefined),
    failed.map(({ field }) => topLevelOf(field)),
  );
  if (failed.length > 0) throw notConfirmed(failed, receipt, location.connection);
  const table = tableOf(location.connection.adapter);
  const before = current && showRecord(table, current);
  const after = confirmation.record && showRecord(table, confirmation.record);
  const data = staffRecord(request.staffId, {
    ...before?.fields,
    ...acceptedFields(plan, outcomes),
    ...after?.fields,
  });
  const certain = outcomes.every((row) => row?.outcome !== 'accepted');
  const known = after !== undefined && (after.complete || before !== undefined);
  return {
    data,
    meta: metaOf(request, location, receipt, [
      ...(confirmation.warning ? [confirmation.warning] : []),
      ...admitted.warnings,
      ...(after ?? before ?? noWarnings).warnings,
    ]),
    ...(certain && known && { etag: etagOf(data) }),
  };
}

const noWarnings: Pick<Shown, 'warnings'> = { warnings: [] };

/** Accepted values are not shown by the vendor; what was sent is not passed off as the vendor's record. */
function acceptedFields(
  plan: Plan,
  outcomes: readonly (FieldOutcome | undefined)[],
): Record<string, undefined> {
  const hidden = plan.targets.filter((_, index) => outcomes[index]?.outcome === 'accepted');
  return Object.fromEntries(hidden.map(({ field }) => [field, undefined]));
}

function outcomeOf(target: Target, { record, detail }: Confirmation): FieldOutcome | undefined {
  const { field, mapping, value, unchanged } = target;
  if (unchanged) return { field, outcome: 'unchanged' };
  const state = lands(target, record);
  if (state === 'missing') return undefined;
  const unsure =
    state === 'hidden'
      ? (detail ?? mapping.missingFromAnswer ?? 'The vendor’s answer does not show this field.')
      : value === null
        ? undefined
        : mapping.unconfirmable?.(value);
  return unsure === undefined
    ? { field, outcome: 'verified' }
    : { field, outcome: 'accepted', detail: unsure };
}

/** One row for each sent top-level member, in the order of the record. */
function receiptOf(
  patch: CanonicalPatch,
  admitted: Admitted,
  outcomes: readonly FieldOutcome[],
  withoutRow: readonly string[],
): ReceiptRow[] {
  const dropped = admitted.dropped.map(({ change, detail }) => ({
    field: change.field,
    outcome: 'dropped' as const,
    detail,
  }));
  const all: FieldOutcome[] = [...outcomes, ...dropped];
  return patch.members
    .filter((name) => !withoutRow.includes(name))
    .map((name) =>
      receiptRow(
        name,
        all.filter((row) => row.field === name || row.field.startsWith(`${name}.`)),
      ),
    );
}

function notConfirmed(
  failed: readonly Target[],
  receipt: readonly ReceiptRow[],
  connection: VendorConnection,
): Problem {
  const errors: FieldError[] = failed.map(({ field }) => ({
    pointer: pointerOf(field),
    code: 'write_not_confirmed',
    detail: 'The vendor’s record does not hold the value that was sent.',
  }));
  return new Problem(
    'write_not_confirmed',
    `${connection.title} reported success, but its record shows other values.`,
    {
      errors,
      receipt,
      vendor: { name: connection.name },
    },
  );
}

function answerDryRun(
  request: UpdateRequest,
  location: Location,
  admitted: Admitted,
  plan: Plan,
  current: VendorRecord | undefined,
): UpdateAnswer {
  const { connection, recordId } = location;
  const outcomes = plan.targets.map((target): FieldOutcome => {
    if (target.unchanged) return { field: target.field, outcome: 'unchanged' };
    const hidden = connection.config.verify === 'returned' ? target.mapping.missingFromAnswer : undefined;
    const unsure =
      hidden ?? (target.value === null ? undefined : target.mapping.unconfirmable?.(target.value));
    return unsure === undefined
      ? { field: target.field, outcome: 'verified' }
      : { field: target.field, outcome: 'accepted', detail: unsure };
  });
  const before = current && showRecord(tableOf(connection.adapter), current);
  const wanted = Object.fromEntries(plan.targets.map(({ field, value }) => [field, value]));
  const receipt = receiptOf(request.patch, admitted, outcomes, []);
  return {
    data: staffRecord(request.staffId, { ...before?.fields, ...wanted }),
    meta: {
      ...metaOf(request, location, receipt, [...admitted.warnings, ...(before?.warnings ?? [])]),
      dryRun: true,
      vendorRequest: plan.body === undefined ? null : connection.show(recordId, plan.body),
    },
  };
}

function metaOf(
  request: UpdateRequest,
  { clinic, connection, recordId }: Location,
  receipt: readonly ReceiptRow[],
  warnings: readonly Warning[],
): UpdateMeta {
  return {
    requestId: request.requestId,
    clinic: clinic.name,
    vendor: connection.name,
    vendorRecordId: recordId,
    receipt,
    warnings,
  };
}
