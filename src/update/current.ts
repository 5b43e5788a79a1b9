/** The stored record that a plan is made on: read, held against `If-Match`, and looked at again right before the write. */
import type { Adapter, VendorRecord } from '../adapter/contract';
import { partOf, primaryOf, withPart } from '../adapter/resources';
import type { VendorConnection } from '../connection/connection';
import { CallCancelled, VendorFailure } from '../connection/failure';
import type { GoneSignal } from '../connection/transport';
import { etagOf, preconditionHolds } from '../directory/etag';
import { problemFrom } from '../directory/failures';
import { type AnyTable, showRecord, staffRecord, tableOf } from '../directory/record';
import type { Deadline } from '../lib/deadline';
import { sameJson } from '../lib/json';
import { Problem, type WriteOutcome } from '../problem';
import type { Location } from '../runtime/locate';
import { pointerOf } from '../staff/fields';
import type { AdmittedChange } from './admit';
import { isAsLeft } from './asLeft';
import { makePlan, needsCurrent, ofResource, type Plan, resourcesOf } from './plan';
import type { UpdateRequest } from './request';

/** A plan, and the record that it was made on, if one was read. */
export interface Planned {
  plan: Plan;
  current: VendorRecord | undefined;
}

/**
 * Which resources are read before, and why: the plan depends on their records, or they tell what is kept and lost. The primary
 * one is also looked at to find the others.
 */
export type Reading = ReadonlyMap<string | undefined, 'merge' | 'look'>;

/** @param whole all that is stored is needed, for an entity tag; `settling`: what the record holds already is not sent */
export function readingFor(
  adapter: Adapter,
  changes: readonly AdmittedChange[],
  { whole, settling }: { whole: boolean; settling: boolean },
): Reading {
  const reading = new Map<string | undefined, 'merge' | 'look'>();
  for (const [resource, access] of resourcesOf(adapter)) {
    const own = ofResource(changes, resource);
    const needs = whole || (settling && own.length > 0) ? 'merge' : needsCurrent(access, own);
    if (needs !== undefined) reading.set(resource, needs);
  }
  const isFound = changes.some(({ mapping }) => mapping.resource !== undefined);
  if (isFound && !reading.has(undefined)) reading.set(undefined, 'look');
  return reading;
}

/** @throws Problem if the primary record cannot be read, or nobody waits any more */
export async function readCurrent(
  { connection, recordId }: Location,
  deadline: Deadline,
  gone: GoneSignal,
): Promise<VendorRecord> {
  return connection.readOne(undefined, recordId, deadline, gone).catch((error) => {
    throw unread(error, connection);
  });
}

/**
 * The record with its further parts that are read before.
 * @throws Problem if one cannot be read, or a part that is to be changed is not there
 */
export async function readFurther(
  { connection }: Location,
  primary: VendorRecord,
  reading: Reading,
  changes: readonly AdmittedChange[],
  deadline: Deadline,
  gone: GoneSignal,
): Promise<VendorRecord> {
  refuseAbsent(changes, (resource) => connection.idOfPart(resource, primary) !== undefined);
  const names = [...reading.keys()].filter((name) => name !== undefined);
  const record = await connection.readParts(primary, names, deadline, gone).catch((error) => {
    throw unread(error, connection);
  });
  refuseAbsent(changes, (name) => !names.includes(name) || partOf(record, name) !== undefined);
  return record;
}

/** @throws Problem `stored_value_invalid` */
function refuseAbsent(changes: readonly AdmittedChange[], isThere: (resource: string) => boolean): void {
  const errors = changes.flatMap(({ field, mapping: { resource } }) =>
    resource === undefined || isThere(resource)
      ? []
      : [
          {
            pointer: pointerOf(field),
            code: 'stored_value_invalid',
            detail: `The stored record leads to no ${resource} that could hold it.`,
          },
        ],
  );
  if (errors.length === 0) return;
  const names = errors.map(({ pointer }) => pointer).join(', ');
  throw new Problem(
    'stored_value_invalid',
    `The vendor has no place yet where it could store: ${names}. Nothing was sent.`,
    { errors, outcome: 'not_applied' },
  );
}

/**
 * The vendor says "not found" of a part that the primary record leads to: the staff member is still there, and what was to be changed
 * has no place any more. Of one that is rows, a row is gone.
 * @param changes of this part
 */
export function partGone(
  failure: VendorFailure,
  connection: VendorConnection,
  resource: string,
  changes: readonly Pick<AdmittedChange, 'field'>[],
  outcome: WriteOutcome,
): Problem {
  const isRows = connection.adapter.also?.some(
    ({ name, absent }) => name === resource && absent !== undefined,
  );
  const pointers = changes.map(({ field }) => pointerOf(field));
  const detail = isRows
    ? 'Someone else changed this field in the meantime.'
    : `The vendor no longer has the ${resource} that holds it.`;
  const problem = new Problem(
    isRows ? 'conflict' : 'stored_value_invalid',
    isRows
      ? CHANGED_OUTSIDE
      : `The vendor has no place any more where it could store: ${pointers.join(', ')}.`,
    {
      errors: pointers.map((pointer) => ({
        pointer,
        code: isRows ? 'changed_meanwhile' : 'stored_value_invalid',
        detail,
      })),
      vendor: { name: connection.name, ...(failure.status !== undefined && { status: failure.status }) },
      outcome,
    },
  );
  problem.cause = failure;
  return problem;
}

function unread(error: unknown, connection: VendorConnection): unknown {
  if (error instanceof CallCancelled) return clientGone();
  return error instanceof VendorFailure ? problemFrom(error, connection, 'not_applied') : error;
}

/**
 * The plan on this record, which is one that the caller's condition holds for. An earlier attempt may have applied it, whole or in
 * part, and the record has not the entity tag any more that the caller knew: then what is missing is judged.
 * @throws Problem `precondition_failed`, and as `makePlan`
 */
export function planOn(
  request: UpdateRequest,
  { adapter }: VendorConnection,
  changes: readonly AdmittedChange[],
  current: VendorRecord | undefined,
): Planned {
  const table = tableOf(adapter);
  if (!request.settleFirst) checkPrecondition(request, table, current);
  const planned = { plan: makePlan(adapter, table, changes, current), current };
  const isDone = planned.plan.writes.length === 0;
  const goesOn = isDone || (request.asLeft !== undefined && isAsLeft(request.asLeft, table, planned));
  if (request.settleFirst && !goesOn) checkPrecondition(request, table, current);
  return planned;
}

/** @throws Problem `precondition_failed` */
function checkPrecondition(
  { ifMatch, ifNoneMatch, staffId }: UpdateRequest,
  table: AnyTable,
  current: VendorRecord | undefined,
): void {
  if (current === undefined || (ifMatch === undefined && ifNoneMatch === undefined)) return;
  const etag = etagOf(staffRecord(staffId, showRecord(table, current).fields));
  if (preconditionHolds({ ifMatch, ifNoneMatch }, etag)) return;
  const named = ifMatch !== undefined && !preconditionHolds({ ifMatch }, etag);
  throw new Problem(
    'precondition_failed',
    named ? 'The record is not the one that If-Match names.' : 'The record is one that If-None-Match names.',
    { headers: { etag } },
  );
}

/** What is looked at again: the records that were merged on, but for those whose write names their version. */
export function mergedOn(reading: Reading, { writes }: Plan, adapter: Adapter): (string | undefined)[] {
  return resourcesOf(adapter).flatMap(([resource, { versioned }]) => {
    const isGuarded = versioned && writes.some((write) => write.resource === resource);
    return reading.get(resource) === 'merge' && !isGuarded ? [resource] : [];
  });
}

/**
 * Compares the records of these resources right before writing with those that were merged on. A change from outside to a field
 * of this update is a conflict; a change elsewhere is taken over by merging again.
 * @throws Problem `conflict`, `precondition_failed`
 */
export async function recheck(
  request: UpdateRequest,
  { connection, recordId }: Location,
  changes: readonly AdmittedChange[],
  { plan, current }: Planned,
  resources: readonly (string | undefined)[],
  deadline: Deadline,
): Promise<Planned> {
  if (current === undefined || resources.length === 0) return { plan, current };
  const now = await readAgain(connection, recordId, { changes, current, resources }, deadline, request.gone);
  const isSame = resources.every((resource) => {
    const { revision } = connection.accessTo(resource);
    const [before, after] = [partOf(current, resource), partOf(now, resource)];
    const version = after && revision?.(after);
    return version === undefined
      ? sameJson(before && primaryOf(before), after && primaryOf(after))
      : version === (before && revision?.(before));
  });
  if (isSame) return { plan, current };
  const planned = planOn(request, connection, changes, now);
  const changed = changes.filter(
    ({ field, mapping }) =>
      !sameJson(comparable(mapping.decode(current)), comparable(mapping.decode(now))) &&
      // Somebody else has set the very value that is wanted.
      !planned.plan.targets.some((target) => target.field === field && target.unchanged),
  );
  if (changed.length > 0) throw changedMeanwhile(changed);
  return planned;
}

/** The record with those of the resources as they are now; the primary record leads to the same parts as before. */
async function readAgain(
  connection: VendorConnection,
  recordId: string,
  {
    changes,
    current,
    resources,
  }: {
    changes: readonly AdmittedChange[];
    current: VendorRecord;
    resources: readonly (string | undefined)[];
  },
  deadline: Deadline,
  gone: GoneSignal,
): Promise<VendorRecord> {
  const read = resources.map(async (resource): Promise<[string | undefined, VendorRecord] | undefined> => {
    // A part that is not there was not merged on: what would change it has been refused.
    const wasThere = partOf(current, resource) !== undefined;
    const id = resource === undefined ? recordId : wasThere && connection.idOfPart(resource, current);
    if (!id) return undefined;
    const part = await connection.readOne(resource, id, deadline, gone).catch((error) => {
      const own = ofResource(changes, resource);
      throw isGone(error) && resource !== undefined && own.length > 0
        ? partGone(error, connection, resource, own, 'not_applied')
        : unread(error, connection);
    });
    return [resource, part];
  });
  const parts = await Promise.all(read);
  return parts.reduce<VendorRecord>((record, part) => (part ? withPart(record, ...part) : record), current);
}

function isGone(error: unknown): error is VendorFailure {
  return error instanceof VendorFailure && error.kind === 'record_not_found';
}

/** JSON has no symbols; an unreadable value compares as its description. */
function comparable(value: unknown): unknown {
  return typeof value === 'symbol' ? value.description : value;
}

const CHANGED_OUTSIDE = 'The record was changed outside the gateway while this update was under way.';

function changedMeanwhile(changes: readonly AdmittedChange[]): Problem {
  return new Problem('conflict', `${CHANGED_OUTSIDE} Nothing was sent.`, {
    errors: changes.map(({ field }) => ({
      pointer: pointerOf(field),
      code: 'changed_meanwhile',
      detail: 'Someone else changed this field in the meantime.',
    })),
    outcome: 'not_applied',
  });
}

export function clientGone(): Problem {
  return new Problem('malformed_request', 'The client closed the connection before anything was sent.', {
    outcome: 'not_applied',
  });
}
