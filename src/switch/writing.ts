/** Writing to the connection that a clinic may move to: the same path as any update, with its receipt and its row of the audit. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { VendorRecord } from '../adapter/contract';
import { storedUnder } from '../adapter/resources';
import type { VendorConnection } from '../connection/connection';
import { etagOf } from '../directory/etag';
import { showRecord, staffRecord, tableOf } from '../directory/record';
import { isObject, member } from '../lib/json';
import type { Log } from '../ops/log';
import type { Problem } from '../problem';
import { settleAbandoned } from '../queue/recover';
import type { ReceiptRow } from '../receipt';
import type { Clinic } from '../runtime/locate';
import type { Runtime } from '../runtime/runtime';
import type { Field } from '../staff/fields';
import { parsePatch } from '../staff/patch';
import { countAttempts } from '../store/attempts';
import type { Database } from '../store/database';
import { leaseMs } from '../update/auditRow';
import { provablyUnsent } from '../update/request';
import { type UpdateParts, update } from '../update/update';
import type { Watch } from './watch';

/** What writing needs besides both sides. */
export interface WriteParts {
  /** What every update goes through. */
  update: UpdateParts;
  runtime: Runtime;
  log: Log;
  /** Who does it, for the audit. */
  caller: string;
}

/** Vendors that do not answer are not waited for longer, all in all, for one staff member. */
const LONGEST_WAIT_MS = 120_000;
/** Of writes that came to nothing for another reason than that the vendor was away. */
const MOST_TRIES = 3;
/** Times that one staff member's record is looked at again after writes whose outcome was not clear. */
export const MOST_LOOKS = 3;
const SETTLE_PAUSE_MS = 200;

/** Nothing more can be written: the vendor does not take it, or our own store does not. */
export class CannotWrite extends Error {}

/** The clinic as if it were at the other connection already. */
export function clinicAt(clinic: Clinic, there: VendorConnection): Clinic {
  return {
    ...clinic,
    ...{ vendor: there.name, connection: there, identity: 'linked', whenVendorDown: 'fail' },
    requireIfMatch: false,
  };
}

/** What an update has come to. `receipt` by top-level member. */
export type Written =
  | { receipt: readonly ReceiptRow[] }
  /** The record is not what it was taken for; nothing was sent. */
  | { changed: true }
  /** Refused; `problem.extras` says what is known. */
  | { problem: Problem }
  /** It may be on its way still, whatever a read has shown: `untilSettled` tells when to look again. */
  | { unclear: Problem };

export interface WriteRequest {
  clinic: Clinic;
  staffId: string;
  /** Bodies of single fields, which are sent together. */
  bodies: readonly Record<string, unknown>[];
  /** The record that all this was judged on. */
  current: VendorRecord;
  signal?: AbortSignal | undefined;
}

/**
 * Sends an update, if the record is what it was taken for. Waits for a vendor that asks for it.
 * @throws CannotWrite; the reason of an aborted signal, if nothing was sent
 */
export async function write(parts: WriteParts, request: WriteRequest): Promise<Written> {
  const { clinic, staffId, bodies, current, signal } = request;
  const parsed = parsePatch(joined(bodies));
  if ('errors' in parsed) throw new TypeError('each of them was judged before');
  const patience = performance.now() + LONGEST_WAIT_MS;
  let tries = 1;
  for (;;) {
    const response = await update(parts.update, {
      ...{ requestId: randomUUID(), caller: parts.caller, clinic, staffId, patch: parsed.patch },
      ...{
        lenient: false,
        dryRun: false,
        kind: 'copy',
        // Wherever the clinic is.
        beside: true,
        ifMatch: etagFor(clinic.connection, staffId, current),
      },
      gone: signal ?? new AbortController().signal,
    });
    const { problem } = response;
    if (problem === undefined) return { receipt: receiptIn(response.body) };
    signal?.throwIfAborted();
    if (problem.code === 'precondition_failed' || hasChanged(problem)) return { changed: true };
    if (problem.code === 'vendor_credentials_rejected') throw new CannotWrite(problem.detail);
    if (problem.status < 500) return { problem };
    // What has provably not arrived is sent again as it is. A read that does not show it right after a failure is no proof.
    const isAway = problem.status === 503 && problem.extras.outcome === 'not_applied';
    if (!isAway && !provablyUnsent(problem)) return { unclear: problem };
    if (tries === MOST_TRIES) return { problem };
    if (problem.status !== 503) tries += 1;
    const pause = 1000 * Number(response.headers['retry-after'] ?? 1);
    if (performance.now() + pause > patience) throw new CannotWrite(problem.detail);
    await sleep(pause, undefined, signal && { signal });
  }
}

/** Resolves when a write to this connection that was not answered has arrived or never will, as after a crash. */
export async function untilSettled(
  connection: VendorConnection,
  signal: AbortSignal | undefined,
): Promise<void> {
  await sleep(leaseMs({ connection }), undefined, signal && { signal });
}

/** Somebody has changed the record while this update was under way. */
function hasChanged({ code, extras }: Problem): boolean {
  const errors = extras.errors ?? [];
  return (
    code === 'conflict' &&
    extras.outcome === 'not_applied' &&
    errors.some((error) => error.code === 'changed_meanwhile')
  );
}

function etagFor({ adapter }: VendorConnection, staffId: string, record: VendorRecord): string {
  return etagOf(staffRecord(staffId, showRecord(tableOf(adapter), record).fields));
}

function receiptIn(body: Record<string, unknown>): ReceiptRow[] {
  const receipt = member(body.meta, 'receipt');
  return Array.isArray(receipt) ? receipt : [];
}

function joined(bodies: readonly Record<string, unknown>[]): Record<string, unknown> {
  const whole: Record<string, unknown> = {};
  for (const body of bodies) {
    for (const [name, value] of Object.entries(body)) {
      const before = whole[name];
      // Only a name and an address have parts that are fields of their own.
      whole[name] = isObject(before) && isObject(value) ? { ...before, ...value } : value;
    }
  }
  return whole;
}

/** What the vendor has stored of a field, in its own form. */
export function storedOf({ adapter }: VendorConnection, field: Field, record: VendorRecord): unknown {
  const mapping = tableOf(adapter)[field];
  return mapping.supported ? storedUnder(mapping, record) : undefined;
}

/**
 * What an earlier run has left behind when it was killed is settled by reading, before anything is judged: an update that may
 * still be on its way must not be taken for one that was never sent.
 */
export async function settleEarlier(
  { update: { journal, locks }, runtime, log }: WriteParts,
  { database, clinic, connection }: { database: Database; clinic: string; connection: string },
  { onStep, signal }: Watch,
): Promise<void> {
  const before = new Date().toISOString();
  for (;;) {
    await settleAbandoned({ journal, locks, runtime, log });
    const left = await countAttempts(database, { clinic, vendor: connection, before });
    if (left === 0) return;
    onStep?.({ name: 'waiting for updates whose outcome is not clear yet', done: left });
    await sleep(SETTLE_PAUSE_MS, undefined, signal && { signal });
  }
}
