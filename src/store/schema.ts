/**
 * The tables, as Kysely types queries by. Column names are the database's own. Times are ISO 8601 text in UTC on both
 * engines, so that a value reads, compares and exports the same everywhere.
 */
import type { Generated } from 'kysely';
import type { AttemptOutcome, OperationStatus } from './operation';
import type { JobState } from './switchJob';

/** Where a clinic's staff member is found at a vendor connection. See migrations/0001_links.ts for the constraints. */
interface LinksTable {
  clinic: string;
  staff_id: string;
  vendor: string;
  vendor_record_id: string;
  /** 1 for a new link, counted up by every replacement. */
  revision: number;
  created_at: string;
  updated_at: string;
  /** When the vendor has shown a record of exactly this id; null: not yet. */
  checked_at: string | null;
}

/** An update that is delivered later. See migrations/0003_operations.ts. */
interface OperationsTable {
  /** Counts up; within one staff member it is the order of delivery. PostgreSQL gives it as text. */
  seq: Generated<number | string>;
  id: string;
  clinic: string;
  staff_id: string;
  caller: string;
  request_id: string;
  /** JSON; erased when the operation ends, because it holds personal data. */
  patch: string | null;
  lenient: number;
  if_match: string | null;
  if_none_match: string | null;
  /** `AsLeft` as JSON, sealed. */
  as_left: string | null;
  /** The connection and the record that the update was meant for when it was queued. */
  vendor: string | null;
  vendor_record_id: string | null;
  idempotency_scope: string | null;
  /** Until when the request's idempotency key is remembered. */
  idempotency_until: string | null;
  status: OperationStatus;
  /** 1 if an earlier attempt may have reached the vendor, so that the next one reads first. */
  settle: number;
  attempts: number;
  /** How many attempts had been made when an operator last asked for more. */
  attempts_before: number;
  /** Queued: when it is due. Running: when its lease ends. Null: not up for delivery. */
  available_at: string | null;
  /** When `available_at` was set. See migrations/0007_schedule.ts. */
  scheduled_at: string | null;
  lease_owner: string | null;
  last_code: string | null;
  last_detail: string | null;
  /** JSON `{status, body}`. */
  answer: string | null;
  created_at: string;
  /** Null for `queued`, `running` and `dead`. */
  finished_at: string | null;
  /** 1 for an update that the clinic's own connection has confirmed and that `vendor`, its mirror, is to get too. */
  mirrored: Generated<number>;
}

/** Where each clinic is. See migrations/0011_whereabouts.ts. */
interface WhereaboutsTable {
  clinic: string;
  /** The connection that its updates go to. */
  vendor: string;
  /** Where it was before; null if it has never moved. */
  previous: string | null;
  since: string;
  /** 1 at first, counted up by every move. PostgreSQL gives numbers as text. */
  revision: number | string;
  /** JSON: codes of what the guard had against the last move. */
  despite: string;
  /** `linked` or `direct`, as its configuration had it last; null if that is not known. */
  identity: string | null;
}

/** Processes that show signs of life. */
interface ReplicasTable {
  id: string;
  seen_at: string;
}

/** Which connection each of them uses for which clinic. */
interface ReplicaClinicsTable {
  replica: string;
  clinic: string;
  vendor: string;
}

interface OperationAttemptsTable {
  operation_id: string;
  /** From 1. */
  number: number;
  started_at: string;
  finished_at: string | null;
  outcome: AttemptOutcome | null;
  code: string | null;
  detail: string | null;
}

/** What an installation makes up once, by name; and when the last check whether it can be written was. */
interface SettingsTable {
  name: string;
  value: string;
}

/** Updates that may be on their way to a vendor. */
interface AttemptsTable {
  id: string;
  request_id: string;
  clinic: string;
  caller: string;
  staff_id: string;
  vendor: string;
  vendor_record_id: string;
  /** JSON: the canonical patch, values included. */
  patch: string;
  lenient: number;
  /** What it is in the audit. */
  kind: string;
  /** Until when the update belongs to the process that began it. */
  lease_until: string;
  created_at: string;
}

/** Idempotency keys and the answers given for them. */
interface IdempotencyTable {
  scope: string;
  fingerprint: string;
  state: 'running' | 'done' | 'unsettled';
  owner: string;
  lease_until: string;
  /** JSON: status, headers and body, once the state is `done`. */
  answer: string | null;
  created_at: string;
  expires_at: string;
}

/** The audit. `fields`, `sent_values` and `detail` are JSON, and the hash is over their very text. */
interface ChangesTable {
  seq: number;
  /** The position within the clinic, from 1. Not in the hash of rows of version 1. */
  clinic_seq: number;
  /** What the hash is over: see `hashOf`. */
  version: number;
  /** Which key the hash is made with; null for none. */
  key_id: string | null;
  kind: string;
  at: string;
  request_id: string;
  clinic: string;
  caller: string;
  staff_id: string;
  vendor: string;
  vendor_record_id: string | null;
  outcome: 'success' | 'partial' | 'not_sent' | 'refused' | 'failed' | 'unknown';
  status: number | null;
  code: string | null;
  duration_ms: number;
  fields: string;
  sent_values: string;
  detail: string | null;
  previous_hash: string;
  hash: string;
}

/** The ends of the audit: `head` is the newest row, `checkpoint` the newest one that retention has deleted. */
interface ChangeChainTable {
  name: string;
  seq: number;
  hash: string;
  /** Who vouches for it: the key, and what it gives over the rest; null where there is no key. */
  key_id: string | null;
  signature: string | null;
  /** Of the checkpoint: when it was moved, and why. */
  at: string | null;
  reason: string | null;
}

/** How many rows of each clinic there have been. */
interface ChangeClinicsTable {
  clinic: string;
  seq: number;
}

/** Between which times the rows of each block of a clinic lie. */
interface ChangeBlocksTable {
  clinic: string;
  block: number;
  min_at: string;
  max_at: string;
}

/** See migrations/0013_moving.ts. */
interface ComparisonsTable {
  id: string;
  clinic: string;
  here: string;
  there: string;
  started_at: string;
  finished_at: string;
  /** 1 if all of both sides was compared. PostgreSQL gives numbers as text. */
  complete: number | string;
  /** JSON: how many fields have each verdict. */
  counts: string;
  differences: number | string;
}

/** A vendor record that is not the staff member's: somebody has said so. */
interface RejectedPairsTable {
  clinic: string;
  staff_id: string;
  vendor: string;
  vendor_record_id: string;
  created_at: string;
}

/** Sessions of the operators' console. See migrations/0012_console.ts. */
interface ConsoleSessionsTable {
  /** SHA-256 of the token, hex. */
  token_hash: string;
  operator: string;
  key_sha256: string | null;
  /** Null if the configuration decides. */
  role: string | null;
  created_at: string;
  seen_at: string;
  expires_at: string;
}

/** Work that operators have begun. See migrations/0016_switch_jobs.ts. */
interface SwitchJobsTable {
  clinic: string;
  id: string;
  connection: string;
  task: string;
  /** PostgreSQL gives numbers as text. */
  overwrite: number | string;
  operator: string;
  /** The process that does it. */
  owner: string;
  state: JobState;
  stop_asked: number | string;
  /** The last sign of life. */
  seen_at: string;
  started_at: string;
  finished_at: string | null;
  /** JSON. */
  step: string | null;
  result: string | null;
  reason: string | null;
}

export interface Schema {
  links: LinksTable;
  settings: SettingsTable;
  attempts: AttemptsTable;
  idempotency: IdempotencyTable;
  changes: ChangesTable;
  change_chain: ChangeChainTable;
  change_clinics: ChangeClinicsTable;
  change_blocks: ChangeBlocksTable;
  operations: OperationsTable;
  operation_attempts: OperationAttemptsTable;
  whereabouts: WhereaboutsTable;
  replicas: ReplicasTable;
  replica_clinics: ReplicaClinicsTable;
  console_sessions: ConsoleSessionsTable;
  comparisons: ComparisonsTable;
  rejected_pairs: RejectedPairsTable;
  switch_jobs: SwitchJobsTable;
}
