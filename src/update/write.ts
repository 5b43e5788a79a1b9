/**
 * Writing, and finding out what is true afterwards: by the vendor's own answer, by a read after it, or, where the answer
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
import { holds, type Plan, type Target } from './plan';

/** What the vendor showed last, and when it could not be shown, why. */
export interface Confirmation {
  record: VendorRecord | undefined;
  /** For outcomes that are only `accepted`: why nothing could be read. */
  detail?: string;
  /** The story behind a success that was not a plain one. */
  warning?: Warning;
}

/** How long is kept back from the write so that an unclear answer can be settled by reading. */
function reserve(deadline: Deadline): number {
  return Math.min(2000, deadline.remaining() / 4);
}

/**
 * Writes the plan, at most once, and confirms it.
 * @throws Problem where the update did not land, or where nobody can tell
 */
export async function writeAndConfirm(
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
  if (connection.config.verify !== 'returned' || returned === undefined) {
    return readBack(connection, recordId, plan, deadline);
  }
  const hidden = plan.targets.some((target) => !target.unchanged && lands(target, returned) === 'hidden');
  if (!hidden) return { record: returned };
  // A field that the answer leaves out may stand in the record all the same.
  const { record = returned } = await readBack(connection, recordId, plan, deadline);
  return { record };
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
      // What an earlier read showed may only have been behind.
      return { record: undefined, detail: 'The vendor acknowledged the update; reading it back failed.' };
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
  if (failure.fate !== 'unknown') {
    const isWhole = connection.adapter.writes === 'whole-record';
    const changed = plan.targets.map(({ mapping }) => mapping.key);
    throw problemFrom(failure, connection, 'not_applied', isWhole ? changed : undefined);
  }
  const { record, shown } = await settlingRead(connection, recordId, plan, deadline);
  // A vendor that has not answered yet may still be at it: that the update is not there says nothing then.
  const outcome = shown === 'not_applied' && failure.late ? 'unknown' : shown;
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

/** Reads until the update shows, as long as a vendor's reading may lag behind its writing. */
async function settlingRead(
  connection: VendorConnection,
  recordId: string,
  plan: Plan,
  deadline: Deadline,
): Promise<{ record: VendorRecord | undefined; shown: WriteOutcome }> {
  const lags = connection.adapter.answers === 'acknowledgement';
  let record: VendorRecord | undefined;
  let shown: WriteOutcome = 'unknown';
  for (const pause of lags ? READ_BACK_PAUSES : [0]) {
    if (pause > 0 && pause >= deadline.remaining()) break;
    if (pause > 0) await sleep(pause);
    try {
      record = await connection.read(recordId, deadline);
    } catch (error) {
      if (!(error instanceof VendorFailure)) throw error;
      return { record: undefined, shown: 'unknown' };
    }
    shown = outcomeShownBy(record, plan);
    if (shown === 'applied') break;
  }
  return { record, shown };
}

function outcomeShownBy(record: VendorRecord, plan: Plan): WriteOutcome {
  const states = plan.targets
    .filter((target) => !target.unchanged)
    .map((target) => landsForSure(target, record));
  if (states.every((state) => state === 'landed')) return 'applied';
  return states.every((state) => state === 'missing') ? 'not_applied' : 'unknown';
}

/** `hidden`: the record does not show the field. */
export function lands(target: Target, record: VendorRecord | undefined): 'landed' | 'missing' | 'hidden' {
  if (record === undefined || target.mapping.decode(record) === undefined) return 'hidden';
  return holds(target.mapping, record, target.value) ? 'landed' : 'missing';
}

/**
 * Like `lands`, for an update that nobody has acknowledged: a value that a read cannot tell from another one is then no
 * sign that it was written.
 */
export function landsForSure(target: Target, record: VendorRecord): 'landed' | 'missing' | 'hidden' {
  const state = lands(target, record);
  const isAmbiguous = target.value !== null && target.mapping.unconfirmable?.(target.value) !== undefined;
  return state === 'landed' && isAmbiguous ? 'hidden' : state;
}
