/**
 * One update, from top to bottom: canonical patch → locate → admit → read → plan → write → confirm → receipt → answer.
 */

import type { VendorRecord } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { CallCancelled, VendorFailure } from '../connection/failure';
import type { GoneSignal } from '../connection/transport';
import { etagOf, matches } from '../directory/etag';
import { blamingTheOnly, problemFrom } from '../directory/failures';
import { showRecord, staffRecord, tableOf } from '../directory/record';
import { Deadline } from '../lib/deadline';
import { sameJson } from '../lib/json';
import { Problem } from '../problem';
import { type Clinic, type FindLink, type Location, locate } from '../runtime/locate';
import { pointerOf, topLevelOf } from '../staff/fields';
import type { CanonicalPatch } from '../staff/patch';
import type { Locks } from '../store/locks';
import { type Admitted, admit } from './admit';
import { makePlan, needsCurrent, type Plan } from './plan';
import { answer, answerDryRun, type UpdateAnswer } from './receipt';
import { writeAndConfirm } from './write';

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
  ifMatch?: string | undefined;
  /** Aborted when the client has gone; cancels only what was not yet sent. */
  gone: GoneSignal;
  /**
   * An earlier attempt of this same update may have reached the vendor: read first, and count what the record already
   * holds as verified instead of writing it again.
   */
  settleFirst?: boolean;
}

/** What is asked of the store on the way. Apart from the request, which is data. */
export interface Checks {
  /** Whether earlier updates of the staff member are queued; absent for those that come from the queue themselves. */
  isBehind?: (() => Promise<boolean>) | undefined;
  /** Awaited right before anything is sent to be written; its failure refuses the update. */
  beforeWrite?: (location: Location) => Promise<void>;
}

/** This update may not be run yet: earlier ones of the same staff member are queued. Nothing was sent. */
export class Overtaking extends Error {
  override readonly name = 'Overtaking';
}

/**
 * The queue is looked at where this update would wait for another one or reads first, and by `beforeWrite`.
 * @throws Problem for everything that is not a success; Overtaking
 */
export async function updateStaff(
  parts: UpdateParts,
  request: UpdateRequest,
  checks: Checks = {},
): Promise<UpdateAnswer> {
  const location = await locate(parts.links, request.clinic, request.staffId);
  const { connection } = location;
  const admitted = admit(request.patch, tableOf(connection.adapter), request.lenient, connection.title);
  const deadline = new Deadline(connection.config.timeoutMs);
  const readFirst =
    request.settleFirst ||
    request.ifMatch !== undefined ||
    needsCurrent(connection.adapter, admitted.changes);
  // A change merged on a read must not meet another one halfway, in whichever replica: neither another merge, nor an
  // update that replaces a value which others merge on.
  const merges = readFirst || admitted.changes.some(({ mapping }) => mapping.members !== undefined);
  const reach = merges && !request.dryRun ? 'replicas' : 'process';
  let looked = false;
  const work = async () => {
    // What a read would show is judged when the queue has been delivered.
    if (readFirst) await inTurn(checks);
    const current = readFirst ? await read(location, deadline, request.gone) : undefined;
    looked = true;
    // What an earlier attempt has applied no longer has the entity tag that the caller knew.
    if (!request.settleFirst) checkPrecondition(request, current, connection);
    const plan = makePlan(connection.adapter, tableOf(connection.adapter), admitted.changes, current);
    if (request.dryRun) return answerDryRun(request, location, admitted, plan, current);
    if (plan.body === undefined) {
      return answer(request, location, admitted, plan, current, { record: current });
    }
    if (request.settleFirst) checkPrecondition(request, current, connection);
    await checks.beforeWrite?.(location);
    const fresh = current
      ? await recheck(request, location, admitted, plan, current, deadline)
      : { plan, current };
    if (request.gone.aborted) throw clientGone();
    const confirmation = await writeAndConfirm(connection, location.recordId, fresh.plan, deadline).catch(
      (error) => {
        throw error instanceof Problem ? blamingTheOnly(sentMembers(fresh.plan), error, connection) : error;
      },
    );
    return answer(request, location, admitted, fresh.plan, fresh.current, confirmation);
  };
  const done = await parts.locks
    .hold(`${connection.name} ${location.recordId}`, deadline.remaining(), work, reach, () => inTurn(checks))
    .catch((error) => {
      // That this try did nothing does not tell what became of the earlier one, until the record has been looked at.
      throw request.settleFirst && !looked ? withOutcomeUnknown(error) : error;
    });
  if (!request.dryRun) connection.observer?.answered(connection, done.meta);
  return done;
}

/** @throws Overtaking */
async function inTurn({ isBehind }: Checks): Promise<void> {
  if (await isBehind?.()) throw new Overtaking();
}

/** The top-level members that the plan changes, each once. */
function sentMembers({ targets }: Plan): string[] {
  return [...new Set(targets.filter(({ unchanged }) => !unchanged).map(({ field }) => topLevelOf(field)))];
}

function withOutcomeUnknown(error: unknown): unknown {
  if (!(error instanceof Problem) || error.extras.outcome !== 'not_applied') return error;
  return new Problem(error.code, error.detail, { ...error.extras, outcome: 'unknown' });
}

async function read(
  { connection, recordId }: Location,
  deadline: Deadline,
  gone: GoneSignal,
): Promise<VendorRecord> {
  return connection.read(recordId, deadline, gone).catch((error) => {
    if (error instanceof CallCancelled) throw clientGone();
    throw error instanceof VendorFailure ? problemFrom(error, connection, 'not_applied') : error;
  });
}

function checkPrecondition(
  { ifMatch, staffId }: UpdateRequest,
  current: VendorRecord | undefined,
  connection: VendorConnection,
): void {
  if (ifMatch === undefined || current === undefined) return;
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
  request: UpdateRequest,
  location: Location,
  admitted: Admitted,
  plan: Plan,
  current: VendorRecord,
  deadline: Deadline,
): Promise<{ plan: Plan; current: VendorRecord }> {
  const { connection } = location;
  const { adapter } = connection;
  const now = await read(location, deadline, request.gone);
  const revision = adapter.revision?.(now);
  const same = revision === undefined ? sameJson(now, current) : revision === adapter.revision?.(current);
  if (same) return { plan, current };
  checkPrecondition(request, now, connection);
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
