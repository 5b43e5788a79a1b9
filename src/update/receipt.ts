/** What an update has come to: one receipt row for each sent member, and the record as far as the vendor shows it. */
import type { VendorRecord } from '../adapter/contract';
import { partOf } from '../adapter/resources';
import type { ShownRequest, VendorConnection } from '../connection/connection';
import { etagOf } from '../directory/etag';
import type { ReadMeta, StaffResult } from '../directory/read';
import { type Shown, type ShownFields, showRecord, staffRecord, tableOf } from '../directory/record';
import { type FieldError, Problem } from '../problem';
import { type FieldOutcome, type ReceiptRow, receiptRow, type Warning } from '../receipt';
import type { Location } from '../runtime/locate';
import { FIELDS, pointerOf, topLevelOf } from '../staff/fields';
import type { CanonicalPatch } from '../staff/patch';
import type { Admitted } from './admit';
import type { Planned } from './current';
import type { Plan, Target } from './plan';
import type { UpdateRequest } from './request';
import { visibleRequest } from './visible';
import type { Confirmation, Fate } from './write';

export interface UpdateMeta extends ReadMeta {
  receipt: readonly ReceiptRow[];
  /** Dry run only: nothing was sent; these requests would have been, in this order. */
  dryRun?: true;
  vendorRequests?: readonly ShownRequest[];
  /** The one request, or null if nothing would change; absent if there would be several. */
  vendorRequest?: ShownRequest | null;
}

export type UpdateResult = StaffResult<UpdateMeta>;

/**
 * @throws Problem of a write that failed; `write_not_confirmed` if the vendor's record shows other values than were sent. With
 * `outcome: "partial"` and a whole receipt if another part of the update was applied
 */
export function updateResult(
  request: UpdateRequest,
  location: Location,
  admitted: Admitted,
  { plan, current }: Planned,
  confirmation: Confirmation,
): UpdateResult {
  const outcomes = plan.targets.map((target, index) =>
    outcomeOf(target, confirmation.states[index], confirmation.detail, request.settleFirst ?? false),
  );
  const failed = plan.targets.filter((_, index) => outcomes[index] === undefined);
  if (confirmation.problem || failed.length > 0) {
    throw failedUpdate(request, location, admitted, { plan, failed, outcomes, confirmation });
  }
  const receipt = receiptOf(
    request.patch,
    admitted,
    outcomes.filter((row) => row !== undefined),
    [],
  );
  const { before, after } = shownBy(location, current, confirmation.record);
  const data = staffRecord(request.staffId, fieldsAfter(before, after, plan, outcomes));
  const certain = outcomes.every((row) => row?.outcome !== 'accepted');
  const ofRecord = (after ?? before)?.warnings ?? [];
  const { whole } = confirmation;
  const all = whole === undefined ? { before, after } : shownBy(location, current, whole);
  const known =
    all.after !== undefined &&
    (all.after.complete || (all.before !== undefined && isWhole(location, whole ?? current)));
  const tagged =
    whole === undefined
      ? data
      : staffRecord(request.staffId, fieldsAfter(all.before, all.after, plan, outcomes));
  return {
    data,
    meta: metaOf(request, location, receipt, [
      ...(confirmation.warnings ?? []),
      ...admitted.warnings,
      ...lost(plan, current),
      ...ofRecord,
    ]),
    etag: certain && known ? etagOf(tagged) : undefined,
  };
}

/** True if all parts of the record were read. */
function isWhole({ connection }: Location, record: VendorRecord | undefined): boolean {
  return connection.resources.every((name) => partOf(record, name) !== undefined);
}

/** The problem of an update of which not all has landed. */
function failedUpdate(
  request: UpdateRequest,
  { connection }: Location,
  admitted: Admitted,
  {
    plan,
    failed,
    outcomes,
    confirmation: { problem, states },
  }: {
    plan: Plan;
    failed: readonly Target[];
    outcomes: readonly (FieldOutcome | undefined)[];
    confirmation: Confirmation;
  },
): Problem {
  const isOpen = (state: Fate | undefined) =>
    state === 'unsent' || state === 'unclear' || state === 'missing';
  // After an unclear attempt, what the record holds may well be that attempt's doing.
  const changing = states.filter((_, index) => request.settleFirst || !plan.targets[index]?.unchanged);
  const isOverSeveral = plan.writes.length > 1 || (request.settleFirst && isSpread(plan.targets));
  const isMixed = isOverSeveral && changing.some(isOpen) && !changing.every(isOpen);
  const isPartial = isMixed || problem?.extras.outcome === 'partial';
  if (isPartial || plan.writes.length > 1) {
    const rows = plan.targets.map(
      ({ field }, index): FieldOutcome => outcomes[index] ?? { field, outcome: 'not_applied' },
    );
    const receipt = receiptOf(request.patch, admitted, rows, []);
    const { code, detail, extras, cause } = problem ?? notConfirmed(failed, receipt, connection);
    const whole = new Problem(code, isPartial ? `${detail} ${PARTLY}` : detail, {
      ...extras,
      receipt,
      ...(isPartial && { outcome: 'partial' }),
    });
    whole.cause = cause;
    return whole;
  }
  if (problem) return problem;
  const receipt = receiptOf(
    request.patch,
    admitted,
    outcomes.filter((row) => row !== undefined),
    failed.map(({ field }) => topLevelOf(field)),
  );
  return notConfirmed(failed, receipt, connection);
}

/** Whether several resources hold them. */
function isSpread(targets: readonly Target[]): boolean {
  return new Set(targets.map(({ mapping }) => mapping.resource)).size > 1;
}

const PARTLY = 'A part of the update was applied; the receipt says which.';

/** What a complete record shows, an older one need not tell. */
function shownBy(
  { connection }: Location,
  current: VendorRecord | undefined,
  record: VendorRecord | undefined,
): { before: Shown | undefined; after: Shown | undefined } {
  const table = tableOf(connection.adapter);
  const after = record && showRecord(table, record);
  const before = current && !after?.complete ? showRecord(table, current) : undefined;
  return { before, after };
}

/** What the vendor showed last of each field. */
function fieldsAfter(
  before: Shown | undefined,
  after: Shown | undefined,
  plan: Plan,
  outcomes: readonly (FieldOutcome | undefined)[],
): ShownFields {
  const fields: ShownFields = { ...before?.fields };
  for (const [index, { field }] of plan.targets.entries()) {
    // Accepted values are not shown by the vendor; what was sent is not passed off as the vendor's record.
    if (outcomes[index]?.outcome === 'accepted') fields[field] = undefined;
  }
  for (const field of FIELDS) {
    const shown = after?.fields[field];
    if (shown !== undefined || after?.unreadable.includes(field)) fields[field] = shown;
  }
  return fields;
}

/** @returns undefined if the record does not hold the value that was sent */
function outcomeOf(
  { field, mapping, value, unchanged }: Target,
  state: Fate | undefined,
  detail: string | undefined,
  settling: boolean,
): FieldOutcome | undefined {
  // After an unclear attempt, what the record holds may well be that attempt's doing.
  if (unchanged) return { field, outcome: settling ? 'verified' : 'unchanged' };
  if (state === 'missing') return undefined;
  if (state === 'unsent') return { field, outcome: 'not_applied' };
  if (state === 'unclear') return { field, outcome: 'unknown' };
  if (state === 'landed') return confirmable({ field, mapping, value });
  return { field, outcome: 'accepted', detail: detail ?? 'The vendor does not show this field.' };
}

function confirmable({ field, mapping, value }: Pick<Target, 'field' | 'mapping' | 'value'>): FieldOutcome {
  const unsure = value === null ? undefined : mapping.unconfirmable?.(value);
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

/** What the update would do; nothing was written. */
export function dryRunResult(
  request: UpdateRequest,
  location: Location,
  admitted: Admitted,
  { plan, current }: Planned,
): UpdateResult {
  const { connection } = location;
  const vendorRequests = plan.writes.flatMap(({ resource, body }) =>
    shownWrite(location, resource, body, current).map((shown) =>
      visibleRequest(request, shown, plan, resource),
    ),
  );
  const [vendorRequest = null, ...others] = vendorRequests;
  const outcomes = plan.targets.map(
    (target): FieldOutcome =>
      target.unchanged ? { field: target.field, outcome: 'unchanged' } : confirmable(target),
  );
  const before = current && showRecord(tableOf(connection.adapter), current);
  const wanted = Object.fromEntries(plan.targets.map(({ field, value }) => [field, value]));
  const receipt = receiptOf(request.patch, admitted, outcomes, []);
  return {
    data: staffRecord(request.staffId, { ...before?.fields, ...wanted }),
    meta: {
      ...metaOf(request, location, receipt, [
        ...admitted.warnings,
        ...lost(plan, current),
        ...(before?.warnings ?? []),
      ]),
      dryRun: true,
      vendorRequests,
      ...(others.length === 0 && { vendorRequest }),
    },
  };
}

function shownWrite(
  { connection, recordId }: Location,
  resource: string | undefined,
  body: VendorRecord,
  current: VendorRecord | undefined,
): ShownRequest[] {
  const id = resource === undefined ? recordId : current && connection.idOfPart(resource, current);
  if (id === undefined) throw new TypeError(`it was not looked up where ${resource} is`);
  return connection.show({ resource, id, body, current: partOf(current, resource) });
}

/** What was stored with the changed fields, and is not any more. */
function lost({ targets }: Plan, current: VendorRecord | undefined): Warning[] {
  return targets.flatMap(({ field, mapping, unchanged, replaces }) => {
    if (unchanged || current === undefined) return [];
    const detail = replaces
      ? 'A stored value that cannot be read is replaced by this update.'
      : mapping.loses?.(current);
    return detail === undefined ? [] : [{ pointer: pointerOf(field), code: 'lost_on_update', detail }];
  });
}

/** The same said twice is said once: of the record before, and of what the update does to it. */
function distinct(warnings: readonly Warning[]): Warning[] {
  const seen = new Set<string>();
  return warnings.filter(({ pointer, code }) => {
    const key = `${code} ${pointer}`;
    return pointer === undefined || (!seen.has(key) && seen.add(key));
  });
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
    warnings: distinct(warnings),
  };
}
