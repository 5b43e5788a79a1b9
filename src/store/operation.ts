/** An update that is delivered later, as data: what is asked for, what a worker holds of it, and what is told of it. */

import type { AsLeft } from './asLeft';

export const OPERATION_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'dead'] as const;

/**
 * `failed`: the vendor or the gateway has definitely said no. `dead`: no attempt gave a definite answer; an operator
 * decides, and until then the later updates of the same staff member wait.
 */
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** `postponed`: tried again later. `interrupted`: the process that made it is gone, or gave it back unsent. */
export type AttemptOutcome = 'succeeded' | 'failed' | 'postponed' | 'interrupted';

/** The record that an update is meant for. */
export interface OperationTarget {
  /** The connection's name in the configuration. */
  vendor: string;
  vendorRecordId: string;
}

export interface NewOperation {
  clinic: string;
  staffId: string;
  caller: string;
  requestId: string;
  /** The canonical patch, as JSON. */
  patch: string;
  lenient: boolean;
  ifMatch?: string;
  ifNoneMatch?: string;
  /** What the staff member's link leads to when it is queued; absent: whatever it leads to at the delivery. */
  target?: OperationTarget;
  /** Names the request that an idempotency key belongs to: a second one with it gives the first operation. */
  idempotencyScope?: string;
  /** An attempt that was already made may have reached the vendor. */
  settle: boolean;
  /** The record as that attempt has left it, if the update has a condition. */
  asLeft?: AsLeft | undefined;
}

/** An answer as the caller would have had it. */
export interface StoredAnswer {
  status: number;
  body: Readonly<Record<string, unknown>>;
}

export interface Attempt {
  /** From 1. */
  number: number;
  startedAt: string;
  finishedAt?: string;
  outcome?: AttemptOutcome;
  /** A problem code, or one of the operations' own, such as `lease_expired`. */
  code?: string;
  detail?: string;
}

export interface Operation {
  id: string;
  clinic: string;
  staffId: string;
  caller: string;
  requestId: string;
  /** The mirror that it is for; absent for what a caller has sent. */
  mirror?: string;
  status: OperationStatus;
  attempts: number;
  createdAt: string;
  finishedAt?: string;
  /** Only of a queued one that waits for nothing but the time. */
  nextAttemptAt?: string;
  lastError?: { code: string; detail: string };
  answer?: StoredAnswer;
}

/** An operation that this worker holds until its lease ends. */
export interface Lease {
  id: string;
  owner: string;
  /** The number of this attempt. */
  number: number;
  /** How many attempts count towards the limit, this one included. */
  counted: number;
  clinic: string;
  staffId: string;
  caller: string;
  requestId: string;
  /** The canonical patch, as JSON; absent if it is gone, or sealed with a key that is not known. */
  patch?: string;
  lenient: boolean;
  ifMatch?: string;
  ifNoneMatch?: string;
  /** Absent for one that an earlier version has queued, and for what goes to a mirror. */
  target?: OperationTarget;
  /** The mirror that it is for: the clinic's own connection has confirmed it. */
  mirror?: string;
  settle: boolean;
  /** The record as an attempt before has left it, if the update has a condition. */
  asLeft?: AsLeft;
}

export interface Ending {
  status: 'succeeded' | 'failed' | 'dead';
  answer?: StoredAnswer;
  /** Absent for a success. */
  error?: { code: string; detail: string };
  /** Whether an attempt that is made after all has to read first. */
  settle?: boolean;
  /** As of a postponement. */
  asLeft?: AsLeft;
}

export interface Postponement {
  delayMs: number;
  /** Whether the next attempt has to read first. */
  settle: boolean;
  /** The record as this attempt has left it; absent: what is known of an earlier one stays. */
  asLeft?: AsLeft;
  error: { code: string; detail: string };
}

export interface OperationFilter {
  ids?: readonly string[];
  clinic?: string;
  staffId?: string;
  statuses?: readonly OperationStatus[];
  /** Only unfinished ones of which an earlier attempt may have reached the vendor. */
  unclear?: boolean;
}

export type Redriven = 'done' | 'not_found' | 'wrong_status';
