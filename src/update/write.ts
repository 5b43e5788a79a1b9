/**
 * Writing, and finding out what is true afterwards: by the vendor's own answer, by a read after it, or, if the answer
 * never came, by a read instead of it. Resources are written one after the other, each confirmed before the next.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VendorRecord } from '../adapter/contract';
import { partOf, withoutPart, withPart } from '../adapter/resources';
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { blamingTheOnly, problemFrom } from '../directory/failures';
import type { Deadline } from '../lib/deadline';
import { Problem, type WriteOutcome } from '../problem';
import type { Warning } from '../receipt';
import type { Location } from '../runtime/locate';
import type { AdmittedChange } from './admit';
import { type Planned, partGone, recheck } from './current';
import { changedMembers, holds, type Plan, type Target } from './plan';
import type { UpdateRequest } from './request';

/** Whether the record holds the value that was sent. `hidden`: it does not show the field. */
export type Landing = 'landed' | 'missing' | 'hidden';

/** `unsent`: it was not applied. `unclear`: nobody can tell, or a part of it was. */
export type Fate = Landing | 'unsent' | 'unclear';

/** What the vendor showed last, and when it could not be shown, why. */
export interface Confirmation {
  record: VendorRecord | undefined;
  /** The same with parts that nobody has asked for, which only the entity tag is about; absent: there are none. */
  whole?: VendorRecord | undefined;
  /** For each target of the plan, in their order. */
  states: readonly Fate[];
  /** For outcomes that are only `accepted`: why nothing could be read. */
  detail?: string;
  /** The stories behind a success that was not a plain one. */
  warnings?: readonly Warning[];
  /** Set if a write failed: nothing was sent after it. */
  problem?: Problem;
}

/** The parts of an update that a write needs. */
export interface Writing {
  request: UpdateRequest;
  location: Location;
  changes: readonly AdmittedChange[];
  deadline: Deadline;
}

/** What became of the write of one resource. */
interface Written {
  /** Set if it was planned anew. */
  planned?: Planned;
  /** The record of that resource. */
  record?: VendorRecord | undefined;
  detail?: string;
  warning?: Warning;
  failure?: { problem: Problem; state: 'landed' | 'unsent' | 'unclear' };
}

/** How long is kept back from the write so that an unclear answer can be settled by reading, in milliseconds. */
function reserve(deadline: Deadline): number {
  return Math.min(2000, deadline.remaining() / 4);
}

/**
 * Writes the plan, each of its parts at most once, and confirms it. It ends at the first part that did not land.
 * @returns also the plan as it was carried out: a part may have been merged anew
 */
export async function writeAndConfirm(
  writing: Writing,
  first: Planned,
): Promise<{ planned: Planned; confirmation: Confirmation }> {
  let planned = first;
  let record = first.current;
  let detail: string | undefined;
  const states = new Map<Target['field'], Fate>();
  const warnings: Warning[] = [];
  const end = (problem?: Problem) => ({
    planned,
    confirmation: {
      record,
      states: planned.plan.targets.map(
        ({ field, unchanged }) => states.get(field) ?? (unchanged ? 'landed' : 'unsent'),
      ),
      warnings,
      ...(detail !== undefined && { detail }),
      ...(problem && { problem }),
    },
  });
  for (const { resource } of first.plan.writes) {
    const tried = await attempt(writing, planned, resource);
    const written = isOfOldVersion(tried, resource) ? await anew(writing, planned, resource, tried) : tried;
    planned = written.planned ?? planned;
    record = written.record ? withPart(record, resource, written.record) : withoutPart(record, resource);
    detail = written.detail ?? detail;
    if (written.warning) warnings.push(written.warning);
    const { failure } = written;
    const targets = targetsOf(planned.plan, resource);
    for (const target of targets) {
      const state = landing(target, written.record && record);
      states.set(target.field, failure && !target.unchanged ? failure.state : state);
    }
    if (failure) return end(failure.problem);
    if (targets.some(({ field, unchanged }) => !unchanged && states.get(field) === 'missing')) return end();
  }
  return end();
}

/** The version that a write was planned on may turn out to be an old one, once. */
async function anew(
  writing: Writing,
  planned: Planned,
  resource: string | undefined,
  written: Written,
): Promise<Written> {
  const { request, location, changes, deadline } = writing;
  try {
    const again = await recheck(request, location, changes, planned, [resource], deadline);
    if (again.plan === planned.plan) return written;
    // Somebody else has set the very values.
    if (!again.plan.writes.some((write) => write.resource === resource)) {
      return { planned: again, record: partOf(again.current, resource) };
    }
    return { planned: again, ...(await attempt(writing, again, resource)) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { failure: { problem: error, state: 'unsent' } };
  }
}

/** Also if a part is not there any more, or a row of it: a read tells which. */
function isOfOldVersion({ failure }: Written, resource: string | undefined): boolean {
  const cause = failure?.problem.cause;
  if (!(cause instanceof VendorFailure) || cause.fate !== 'refused') return false;
  return cause.kind === 'outdated' || (cause.kind === 'record_not_found' && resource !== undefined);
}

async function attempt(
  { location: { connection, recordId }, deadline }: Writing,
  { plan, current }: Planned,
  resource: string | undefined,
): Promise<Written> {
  const id = resource === undefined ? recordId : current && connection.idOfPart(resource, current);
  const body = plan.writes.find((write) => write.resource === resource)?.body;
  if (id === undefined || body === undefined) throw new TypeError(`nothing is planned for ${resource}`);
  const job = { connection, resource, id, current, targets: targetsOf(plan, resource) };
  let returned: VendorRecord | undefined;
  try {
    const write = { resource, id, body, current: partOf(current, resource) };
    returned = await connection.write(write, deadline.reserving(reserve(deadline)));
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    return afterFailure(error, job, deadline);
  }
  if (connection.config.verify === 'returned' && returned !== undefined) {
    const states = landingsIn(job, returned);
    const isHidden = job.targets.some(({ unchanged }, index) => !unchanged && states[index] === 'hidden');
    if (!isHidden) return { record: returned };
  }
  const read = await readUntil(job, deadline, READ_BACK_PAUSES, (record) =>
    landingsIn(job, record).every((state) => state !== 'missing'),
  );
  // What a field that the answer leaves out holds, only a read can show.
  const record = read ?? (connection.config.verify === 'returned' ? returned : undefined);
  return record === undefined
    ? { detail: 'The vendor acknowledged the update; reading it back failed.' }
    : { record };
}

/** One record that is written, and what it shall hold. */
interface Job {
  connection: VendorConnection;
  resource: string | undefined;
  id: string;
  current: VendorRecord | undefined;
  targets: readonly Target[];
}

/** Pauses between reads if the vendor's reading lags behind its writing, in milliseconds. */
const READ_BACK_PAUSES = [0, 100, 400] as const;

/** @returns the record that was read last; undefined if a read failed, since an earlier one may only have been behind */
async function readUntil(
  { connection, resource, id }: Job,
  deadline: Deadline,
  pauses: readonly number[],
  isEnough: (record: VendorRecord) => boolean,
): Promise<VendorRecord | undefined> {
  let record: VendorRecord | undefined;
  for (const pause of pauses) {
    if (pause > 0 && pause >= deadline.remaining()) break;
    if (pause > 0) await sleep(pause);
    try {
      record = await connection.readOne(resource, id, deadline);
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      return undefined;
    }
    if (isEnough(record)) break;
  }
  return record;
}

/** After a failed write: what is true now? Reads if the failure leaves it open, and never writes again. */
async function afterFailure(failure: VendorFailure, job: Job, deadline: Deadline): Promise<Written> {
  const { connection, resource } = job;
  const access = connection.accessTo(resource);
  if (failure.fate === 'not_sent' || failure.fate === 'refused') {
    const changed = access.writes === 'changes' ? undefined : job.targets.map(({ mapping }) => mapping.key);
    return failed('not_applied', changed);
  }
  const lags = access.answers === 'acknowledgement';
  const record = await readUntil(
    job,
    deadline,
    lags ? READ_BACK_PAUSES : [0],
    (found) => outcomeShownBy(found, job) === 'applied',
  );
  const shown = record === undefined ? 'unknown' : outcomeShownBy(record, job);
  // A vendor that has not answered yet may still be at work: a missing update proves nothing then.
  const outcome = shown === 'not_applied' && failure.late ? 'unknown' : shown;
  if (outcome !== 'applied') return failed(failure.fate === 'half_done' ? 'partial' : outcome);
  // An answer that breaks the contract is reported even if the update has landed: someone has to look at it.
  if (failure.kind === 'unexpected_response') return { ...failed(outcome), record };
  const detail = `${failure.reason} A read shows that the update was applied.`;
  return { record, warning: { code: 'settled_by_reading', detail } };

  function failed(outcome: WriteOutcome, changed?: readonly string[]): Written {
    const changing = job.targets.filter(({ unchanged }) => !unchanged);
    const problem =
      failure.kind === 'record_not_found' && resource !== undefined
        ? partGone(failure, connection, resource, changing, outcome)
        : blamingTheOnly(
            changedMembers(job.targets),
            problemFrom(failure, connection, outcome, { resource, changed }),
            access,
          );
    const states = {
      applied: 'landed',
      not_applied: 'unsent',
      partial: 'unclear',
      unknown: 'unclear',
    } as const;
    return { failure: { problem, state: states[outcome] } };
  }
}

function outcomeShownBy(record: VendorRecord, { current, resource, targets }: Job): WriteOutcome {
  const whole = withPart(current, resource, record);
  const states = targets.filter((target) => !target.unchanged).map((target) => landsForSure(target, whole));
  if (states.every((state) => state === 'landed')) return 'applied';
  return states.every((state) => state === 'missing') ? 'not_applied' : 'unknown';
}

function targetsOf({ targets }: Plan, resource: string | undefined): Target[] {
  return targets.filter(({ mapping }) => mapping.resource === resource);
}

function landingsIn({ current, resource, targets }: Job, record: VendorRecord): Landing[] {
  const whole = withPart(current, resource, record);
  return targets.map((target) => landing(target, whole));
}

/** For each target, whether the record shows it; without a record nothing does. */
export function landings({ targets }: Plan, record: VendorRecord | undefined): Landing[] {
  return targets.map((target) => landing(target, record));
}

function landing({ mapping, value }: Target, record: VendorRecord | undefined): Landing {
  if (record === undefined || mapping.decode(record) === undefined) return 'hidden';
  return holds(mapping, record, value) ? 'landed' : 'missing';
}

/**
 * Whether the record shows an update that nobody has acknowledged: a value that a read cannot tell from another one is then no
 * sign that it was written.
 */
export function landsForSure(target: Target, record: VendorRecord): Landing {
  const state = landing(target, record);
  const isAmbiguous = target.value !== null && target.mapping.unconfirmable?.(target.value) !== undefined;
  return state === 'landed' && isAmbiguous ? 'hidden' : state;
}
