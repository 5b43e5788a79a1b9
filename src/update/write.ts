/**
 * Writing, and finding out what is true afterwards: by the vendor's own answer, by a read after it, or, if the answer
 * never came, by a read instead of it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VendorRecord } from '../adapter/contract';
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { problemFrom } from '../directory/failures';
import type { Deadline } from '../lib/deadline';
import type { WriteOutcome } from '../problem';
import type { Warning } from '../receipt';
import type { Planned } from './current';
import { holds, type Plan, type Target } from './plan';

/** Whether the record holds the value that was sent. `hidden`: it does not show the field. */
export type Landing = 'landed' | 'missing' | 'hidden';

/** What the vendor showed last, and when it could not be shown, why. */
export interface Confirmation {
  record: VendorRecord | undefined;
  /** For each target of the plan, in their order. */
  states: readonly Landing[];
  /** For outcomes that are only `accepted`: why nothing could be read. */
  detail?: string;
  /** The story behind a success that was not a plain one. */
  warning?: Warning;
}

/** How long is kept back from the write so that an unclear answer can be settled by reading, in milliseconds. */
function reserve(deadline: Deadline): number {
  return Math.min(2000, deadline.remaining() / 4);
}

/**
 * Writes the plan, at most once, and confirms it. A plan that changes nothing is not written.
 * @throws Problem if the update did not land, or nobody can tell
 */
export async function writeAndConfirm(
  connection: VendorConnection,
  recordId: string,
  { plan, current }: Planned,
  deadline: Deadline,
): Promise<Confirmation> {
  if (plan.body === undefined) return { record: current, states: [] };
  let returned: VendorRecord | undefined;
  try {
    returned = await connection.write(recordId, plan.body, deadline.reserving(reserve(deadline)));
  } catch (error) {
    if (!(error instanceof VendorFailure)) throw error;
    return afterFailure(error, connection, recordId, plan, deadline);
  }
  if (connection.config.verify === 'returned' && returned !== undefined) {
    const states = landings(plan, returned);
    const isHidden = plan.targets.some(({ unchanged }, index) => !unchanged && states[index] === 'hidden');
    if (!isHidden) return { record: returned, states };
  }
  const read = await readUntil(connection, recordId, deadline, READ_BACK_PAUSES, (record) =>
    landings(plan, record).every((state) => state !== 'missing'),
  );
  // What a field that the answer leaves out holds, only a read can show.
  const record = read ?? (connection.config.verify === 'returned' ? returned : undefined);
  const states = landings(plan, record);
  return record === undefined
    ? { record, states, detail: 'The vendor acknowledged the update; reading it back failed.' }
    : { record, states };
}

/** Pauses between reads if the vendor's reading lags behind its writing, in milliseconds. */
const READ_BACK_PAUSES = [0, 100, 400] as const;

/** @returns the record that was read last; undefined if a read failed, since an earlier one may only have been behind */
async function readUntil(
  connection: VendorConnection,
  recordId: string,
  deadline: Deadline,
  pauses: readonly number[],
  isEnough: (record: VendorRecord) => boolean,
): Promise<VendorRecord | undefined> {
  let record: VendorRecord | undefined;
  for (const pause of pauses) {
    if (pause > 0 && pause >= deadline.remaining()) break;
    if (pause > 0) await sleep(pause);
    try {
      record = await connection.read(recordId, deadline);
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      return undefined;
    }
    if (isEnough(record)) break;
  }
  return record;
}

/** After a failed write: what is true now? Reads if the failure leaves it open, and never writes again. */
async function afterFailure(
  failure: VendorFailure,
  connection: VendorConnection,
  recordId: string,
  plan: Plan,
  deadline: Deadline,
): Promise<Confirmation> {
  if (failure.fate !== 'unknown') {
    const isWhole = connection.adapter.writes === 'whole-record';
    const changed = plan.targets.map(({ mapping }) => mapping.key);
    throw problemFrom(failure, connection, 'not_applied', isWhole ? changed : undefined);
  }
  const lags = connection.adapter.answers === 'acknowledgement';
  const record = await readUntil(
    connection,
    recordId,
    deadline,
    lags ? READ_BACK_PAUSES : [0],
    (found) => outcomeShownBy(found, plan) === 'applied',
  );
  const shown = record === undefined ? 'unknown' : outcomeShownBy(record, plan);
  // A vendor that has not answered yet may still be at work: a missing update proves nothing then.
  const outcome = shown === 'not_applied' && failure.late ? 'unknown' : shown;
  // An answer that breaks the contract is reported even if the update has landed: someone has to look at it.
  if (outcome !== 'applied' || failure.kind === 'unexpected_response')
    throw problemFrom(failure, connection, outcome);
  return {
    record,
    states: landings(plan, record),
    warning: {
      code: 'settled_by_reading',
      detail: `${failure.reason} A read shows that the update was applied.`,
    },
  };
}

function outcomeShownBy(record: VendorRecord, plan: Plan): WriteOutcome {
  const states = plan.targets
    .filter((target) => !target.unchanged)
    .map((target) => landsForSure(target, record));
  if (states.every((state) => state === 'landed')) return 'applied';
  return states.every((state) => state === 'missing') ? 'not_applied' : 'unknown';
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
