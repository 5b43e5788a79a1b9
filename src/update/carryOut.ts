/**
 * The middle of an update: locate → admit → turn → read → plan → journal begins → write → confirm. What comes before and after is in
 * `update.ts`.
 */
import type { VendorRecord } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { problemFrom } from '../directory/failures';
import { tableOf } from '../directory/record';
import { Deadline } from '../lib/deadline';
import { Problem } from '../problem';
import { type FindLink, type Location, locate } from '../runtime/locate';
import type { Presence } from '../runtime/presence';
import type { AsLeft } from '../store/asLeft';
import type { Attempt } from '../store/attempts';
import type { Journal } from '../store/journal';
import type { Locks, Release, Turn } from '../store/locks';
import type { Operations } from '../store/operations';
import { StoreUnavailable } from '../store/unavailable';
import { type Admitted, admit } from './admit';
import { completed, sharedWarnings, unreadParts } from './answerReads';
import { leftBehind } from './asLeft';
import { attemptFor, type Ending, leaseMs } from './auditRow';
import {
  clientGone,
  mergedOn,
  type Planned,
  planOn,
  type Reading,
  readCurrent,
  readFurther,
  readingFor,
  recheck,
} from './current';
import { isMirrored, isPatient } from './mirror';
import { ofResource } from './plan';
import { dryRunResult, type UpdateResult, updateResult } from './receipt';
import { gatewayUnavailable, type UpdateRequest } from './request';
import { writeAndConfirm } from './write';

export interface CarryParts {
  links: FindLink;
  locks: Locks;
  journal: Journal;
  operations: Operations;
  presence: Presence;
}

/** What is known of an update once it is admitted. */
interface Admission {
  request: UpdateRequest;
  location: Location;
  admitted: Admitted;
  deadline: Deadline;
  /** Which stored records are read before, and why. */
  reading: Reading;
}

/**
 * `behind`: earlier updates of the staff member are queued, so this one may not run yet. `away`: the clinic is at another
 * connection than this update was about to be sent to. Nothing was sent.
 */
export type Ended = Ending | 'behind' | 'away';

/** `release` ends the turn of one whose record is its own until it is written down. */
export interface Carried {
  ended: Ended;
  release: Release;
}

const nothing = () => {};

/** Throws nothing: however it ends is written down. */
export async function carryOut(parts: CarryParts, request: UpdateRequest): Promise<Carried> {
  let release: Release = nothing;
  let ended: Ended;
  try {
    if (isBound(request) && parts.presence.isAway(request.clinic.name))
      return { ended: 'away', release: nothing };
    const location = await locate(parts.links, request.clinic, request.staffId);
    const { connection } = location;
    if (isElsewhere(request, location)) throw linkMoved();
    const admitted = admit(request.patch, tableOf(connection.adapter), request.lenient, connection.title);
    const deadline = new Deadline(connection.config.timeoutMs, request.clinic.name, request.requestId);
    const reading = readingFor(connection.adapter, admitted.changes, {
      whole: isConditional(request),
      settling: request.settleFirst ?? false,
    });
    const admission = { request, location, admitted, deadline, reading } as const;
    const taken = await takeTurn(parts, admission);
    if (typeof taken === 'string') return { ended: taken, release };
    release = taken;
    ended = await (reading.size === 0 ? inTurns(parts, admission, undefined) : inTurn(parts, admission));
  } catch (error) {
    ended = endingOf(error, request);
  }
  // A mirror gets updates in the order in which they are written down, which has to be the one in which they were made.
  if (isMirrored(request) && typeof ended !== 'string') return { ended, release };
  release();
  return { ended, release: nothing };
}

async function takeTurn(parts: CarryParts, admission: Admission): Promise<Release | 'behind' | 'away'> {
  const { request, location } = admission;
  const turn = turnAt(admission, undefined, location.recordId);
  try {
    const taken = await parts.locks.take(turn);
    if (taken) return taken;
    return (await hindrance(parts, admission)) ?? (await parts.locks.wait(turn));
  } catch (error) {
    throw beforeLooking(error, request);
  }
}

function turnAt(
  { request, location: { connection }, admitted, deadline, reading }: Admission,
  resource: string | undefined,
  id: string,
): Turn {
  // A change merged on a read must not meet another one halfway, in whichever replica: neither another merge, nor an
  // update that replaces a value which others merge on.
  const merges =
    reading.get(resource) === 'merge' ||
    ofResource(admitted.changes, resource).some(({ mapping }) => mapping.members !== undefined);
  return {
    key: turnKey(connection, id, resource),
    // What goes on to a mirror goes there in the order in which it came here.
    reach: (merges && !request.dryRun) || isMirrored(request) ? 'replicas' : 'process',
    deadline,
  };
}

/** Names what one update at a time may work on. @param resource absent for the primary record */
export function turnKey({ name }: Pick<VendorConnection, 'name'>, id: string, resource?: string): string {
  return resource === undefined ? `${name} ${id}` : `${name} ${resource} ${id}`;
}

/** The primary record, which is read first, is this update's alone from here on. */
async function inTurn(parts: CarryParts, admission: Admission): Promise<Ended> {
  const { request, location, deadline } = admission;
  // What a read would show is judged when the queue has been delivered, and where the clinic is.
  const hindered = await hindrance(parts, admission);
  if (hindered) return hindered;
  const primary = await readCurrent(location, deadline, request.gone).catch((error) => {
    throw beforeLooking(error, request);
  });
  const releases: Release[] = [];
  try {
    for (const turn of furtherTurns(admission, primary)) releases.push(await parts.locks.wait(turn));
    return await inTurns(parts, admission, primary);
  } finally {
    for (const release of releases) release();
  }
}

/** A part that others may lead to as well is written by one update at a time; always taken in the order of the resources. */
function furtherTurns(admission: Admission, primary: VendorRecord): Turn[] {
  const { connection } = admission.location;
  return connection.resources.flatMap((name) => {
    const id = connection.idOfPart(name, primary);
    const isChanged = ofResource(admission.admitted.changes, name).length > 0;
    return isChanged && id !== undefined ? [turnAt(admission, name, id)] : [];
  });
}

/** All records that are to be changed are this update's alone from here on. */
async function inTurns(
  parts: CarryParts,
  admission: Admission,
  primary: VendorRecord | undefined,
): Promise<Ended> {
  const { request, location, admitted, deadline, reading } = admission;
  const { connection, clinic } = location;
  const current =
    primary &&
    (await readFurther(location, primary, reading, admitted.changes, deadline, request.gone).catch(
      (error) => {
        throw beforeLooking(error, request);
      },
    ));
  const { plan } = planOn(request, connection, admitted.changes, current);
  if (request.dryRun) return { result: dryRunResult(request, location, admitted, { plan, current }) };
  if (plan.writes.length === 0) {
    // Nothing is written down that would ask for it: a record that holds it all already may be the wrong one by now.
    const moved = await hindrance(parts, admission);
    if (moved === 'away') return moved;
    const rest = await unreadParts(location, current, deadline);
    const nothingSent = { record: current, whole: completed(current, rest), states: [] };
    return observed(location, updateResult(request, location, admitted, { plan, current }, nothingSent));
  }
  if (clinic.identity !== 'direct' && !(await parts.links.isChecked(linkOf(location)))) {
    const hindered = await hindrance(parts, admission);
    if (hindered) return hindered;
    await checkRecord(parts, admission);
  }

  // The journal begins: from here on the update may reach the vendor, and who finds this row can find out whether it has.
  const attempt = attemptFor(request, location);
  const begun = await parts.journal.begin(attempt, leaseMs(location), {
    linked: request.clinic.identity !== 'direct',
    first: !request.queued,
    here: isBound(request),
    patient: isPatient(request),
  });
  if (begun === 'behind' || begun === 'away') return begun;
  if (begun === 'moved') throw linkMoved();
  return send(parts.links, admission, { plan, current }, attempt);
}

/**
 * Before the first write by a link that nobody has held against the vendor: another spelling of an id may be somebody else's
 * record, and the answer to a write shows that too late.
 * @throws Problem
 */
async function checkRecord({ links }: CarryParts, { request, location, deadline }: Admission): Promise<void> {
  const { connection, recordId } = location;
  const has = await connection.has(recordId, deadline).catch((error) => {
    throw beforeLooking(
      error instanceof VendorFailure ? problemFrom(error, connection, 'not_applied') : error,
      request,
    );
  });
  if (!has) throw beforeLooking(noSuchRecord(), request);
  await links.markChecked(linkOf(location));
}

function linkOf({ connection, recordId, clinic, staffId }: Location) {
  return { clinic: clinic.name, staffId, vendor: connection.name, vendorRecordId: recordId };
}

/** The writes, each at most once, and what became of them. */
async function send(
  links: FindLink,
  admission: Admission,
  first: Planned,
  attempt: Attempt,
): Promise<Ending> {
  const { request, location, admitted, deadline, reading } = admission;
  const { changes } = admitted;
  let asLeft: AsLeft | undefined;
  try {
    const again = mergedOn(reading, first.plan, location.connection.adapter);
    const rechecked = await recheck(request, location, changes, first, again, deadline);
    if (request.gone.aborted) throw clientGone();
    const shared = sharedWarnings(links, location, rechecked.plan, rechecked.current, deadline);
    const rest = unreadParts(location, rechecked.current, deadline);
    const { planned, confirmation } = await writeAndConfirm(
      { request, location, changes, deadline },
      rechecked,
    );
    if (isConditional(request))
      asLeft = leftBehind(tableOf(location.connection.adapter), planned, confirmation);
    const warnings = [...(confirmation.warnings ?? []), ...(await shared)];
    const whole = completed(confirmation.record, await rest);
    const result = updateResult(request, location, admitted, planned, { ...confirmation, whole, warnings });
    return { attempt, ...observed(location, result) };
  } catch (error) {
    return { attempt, asLeft, ...endingOf(error, request) };
  }
}

function isConditional({ ifMatch, ifNoneMatch }: UpdateRequest): boolean {
  return ifMatch !== undefined || ifNoneMatch !== undefined;
}

/** Asked if this update would wait for another one or reads first; the journal asks for all others. */
async function hindrance(
  { operations }: CarryParts,
  { request, location }: Admission,
): Promise<'behind' | 'away' | undefined> {
  if (!isBound(request)) return undefined;
  const { clinic, staffId } = request;
  const found = await operations.standing(clinic.name, staffId, location.connection.name);
  return found === 'first' || (found === 'behind' && request.queued) ? undefined : found;
}

/** Whether it goes where the clinic is, and nowhere else. */
function isBound({ beside, dryRun }: UpdateRequest): boolean {
  return !beside && !dryRun;
}

function observed({ connection }: Location, result: UpdateResult): { result: UpdateResult } {
  connection.observer?.answered(connection, result.meta);
  return { result };
}

function endingOf(error: unknown, request: UpdateRequest): Ending {
  if (error instanceof Problem) return { problem: error };
  return error instanceof StoreUnavailable ? { problem: gatewayUnavailable(request) } : { defect: error };
}

/** That this try did nothing does not tell what became of the earlier one, until the record has been looked at. */
function beforeLooking(error: unknown, { settleFirst }: UpdateRequest): unknown {
  if (!settleFirst || !(error instanceof Problem) || error.extras.outcome !== 'not_applied') return error;
  return new Problem(error.code, error.detail, { ...error.extras, outcome: 'unknown' });
}

/** A queued update belongs to the record that it was queued for, whatever the link leads to by now. */
function isElsewhere({ target }: UpdateRequest, { connection, recordId }: Location): boolean {
  return target !== undefined && (target.vendor !== connection.name || target.vendorRecordId !== recordId);
}

/** While this update was waiting, here or by another process. */
function linkMoved(): Problem {
  return new Problem(
    'conflict',
    'The link of this staff member was changed in the meantime. Nothing was sent.',
    {
      outcome: 'not_applied',
    },
  );
}

function noSuchRecord(): Problem {
  return new Problem('staff_not_found', 'The vendor has no record of exactly the linked id.', {
    outcome: 'not_applied',
  });
}
