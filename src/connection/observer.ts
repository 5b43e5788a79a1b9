/**
 * What a vendor connection tells of its work, for metrics, logs and traces: names, kinds and times, never a value, a text
 * or a URL.
 */

import type { FailureKind, RecordAccess, VendorRecord } from '../adapter/contract';
import type { ReceiptRow, Warning } from '../receipt';
import { CallCancelled, VendorFailure } from './failure';

export type Operation = 'read' | 'write' | 'login';

/** `not_sent`: the gateway itself held the call back (breaker, ceiling, queue, no time left). */
export type CallOutcome = 'ok' | 'not_sent' | 'cancelled' | 'defect' | FailureKind;

/** The part of a connection that an observer may know. */
export interface ObservedConnection {
  readonly name: string;
  readonly config: { readonly adapter: string; readonly propagateTrace: boolean };
}

export interface ObservedCall {
  /** The request is about to leave. Gives headers that go with it, such as `traceparent`, if there are any. */
  leaving(): Readonly<Record<string, string>> | undefined;
  /** @param status of the vendor's answer, if there was one */
  end(outcome: CallOutcome, status?: number): void;
}

export interface VendorObserver {
  /** @param requestId of the request that the call is made for, if it is for one */
  begin(connection: ObservedConnection, operation: Operation, requestId?: string): ObservedCall;
  /** Calls are not made any more, because the last ones have failed: of this kind was the last one. */
  paused(connection: ObservedConnection, kind: FailureKind): void;
  /** Calls are made again. */
  resumed(connection: ObservedConnection): void;
  /** A record that a vendor has shown, of the resource with this shape. */
  record(
    connection: ObservedConnection,
    record: VendorRecord,
    shape: Pick<RecordAccess, 'recordShape'>,
  ): void;
  /** What a caller was told about a record. */
  answered(
    connection: ObservedConnection,
    meta: { warnings: readonly Warning[]; receipt?: readonly ReceiptRow[] },
  ): void;
}

/** What a call has come to that has thrown. */
export function outcomeOf(error: unknown): CallOutcome {
  if (!(error instanceof VendorFailure)) return error instanceof CallCancelled ? 'cancelled' : 'defect';
  // Held back, with a time to come again; a vendor that takes no connection is unavailable like any other.
  const isHeldBack = error.fate === 'not_sent' && error.retryAfter !== undefined;
  return isHeldBack ? 'not_sent' : error.kind;
}
