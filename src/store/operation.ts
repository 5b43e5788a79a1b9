/** An update that is delivered later, as data: what is asked for, what a worker holds of it, and what is told of it. */
import type { Selectable } from 'kysely';
import type { Schema } from './schema';

export const OPERATION_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'dead'] as const;

/**
 * `failed`: the vendor or the gateway has definitely said no. `dead`: no attempt gave a definite answer; an operator
 * decides, and until then the later updates of the same staff member wait.
 */
export type OperationStatus = (typeof OPERATION_STATUSES)[number];

/** `postponed`: tried again later. `interrupted`: the process that made it is gone, or gave it back unsent. */
export type AttemptOutcome = 'succeeded' | 'failed' | 'postponed' | 'interrupted';

export interface NewOperation {
  clinic: string;
  staffId: string;
  caller: string;
  requestId: string;
  /** The canonical patch, as JSON. */
  patch: string;
  lenient: boolean;
  ifMatch?: string;
  /** Names the request that an idempotency key stands for: a second one with it gives the first operation. */
  idempotencyScope?: string;
  /** An attempt that was already made may have reached the vendor. */
  settle: boolean;
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
  patch: string;
  lenient: boolean;
  ifMatch?: string;
  settle: boolean;
}

export interface Ending {
  status: 'succeeded' | 'failed' | 'dead';
  answer?: StoredAnswer;
  /** Absent for a success. */
  error?: { code: string; detail: string };
}

export interface Postponement {
  delayMs: number;
  /** Whether the next attempt has to read first. */
  settle: boolean;
  error: { code: string; detail: string };
}

export interface OperationFilter {
  ids?: readonly string[];
  clinic?: string;
  staffId?: string;
  statuses?: readonly OperationStatus[];
}

export type Redriven = 'done' | 'not_found' | 'wrong_status';

export type OperationRow = Selectable<Schema['operations']>;

/** What the worker `owner` is given of the operation that it has taken. */
export function toLease(row: OperationRow, owner: string): Lease {
  return {
    id: row.id,
    owner,
    number: row.attempts,
    counted: row.attempts - row.attempts_before,
    clinic: row.clinic,
    staffId: row.staff_id,
    caller: row.caller,
    requestId: row.request_id,
    patch: row.patch ?? 'null',
    lenient: row.lenient === 1,
    settle: row.settle === 1,
    ...(row.if_match !== null && { ifMatch: row.if_match }),
  };
}

/** What is told of an operation; nothing of what was asked for. */
export function toOperation(row: OperationRow): Operation {
  return {
    id: row.id,
    clinic: row.clinic,
    staffId: row.staff_id,
    caller: row.caller,
    requestId: row.request_id,
    status: row.status,
    attempts: row.attempts,
    createdAt: row.created_at,
    ...(row.finished_at !== null && { finishedAt: row.finished_at }),
    ...(row.status === 'queued' && row.available_at !== null && { nextAttemptAt: row.available_at }),
    ...(row.last_code !== null && { lastError: { code: row.last_code, detail: row.last_detail ?? '' } }),
    ...(row.answer !== null && { answer: JSON.parse(row.answer) }),
  };
}
