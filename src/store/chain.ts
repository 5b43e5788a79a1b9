/** What holds the audit together: the hash of each row over the one before it, and the marks of both ends. */
import { hash } from 'node:crypto';
import { type AuditKey, type AuditKeys, signed } from './auditKeys';
import type { Schema } from './schema';

export type ChangeRow = Schema['changes'];
export type Mark = Schema['change_chain'];

/** Of a row that the gateway adds where the end of the audit is not as it was left. */
export const HEAD_LOST = 'audit_head_lost';
/** Of the row from which on another key signs. */
export const KEY_TAKEN = 'audit_key';

/**
 * Over all other columns, as the stored texts that they are: both engines, and a dump of either, give the same. Rows of
 * version 1 come from before there was a key.
 */
export function hashOf(row: ChangeRow, key: AuditKey | undefined): string {
  const text = JSON.stringify(Number(row.version) === 2 ? cellsOf(row) : firstCellsOf(row));
  return key === undefined ? hash('sha256', text, 'hex') : signed(key, text);
}

function firstCellsOf(row: ChangeRow): unknown[] {
  return [
    row.previous_hash,
    Number(row.seq),
    row.at,
    row.request_id,
    row.clinic,
    row.caller,
    row.staff_id,
    row.vendor,
    row.vendor_record_id,
    row.outcome,
    row.status === null ? null : Number(row.status),
    row.code,
    Number(row.duration_ms),
    row.fields,
    row.sent_values,
  ];
}

function cellsOf(row: ChangeRow): unknown[] {
  return [2, row.key_id, row.kind, Number(row.clinic_seq), row.detail, ...firstCellsOf(row)];
}

/** The head as it is stored: with a key it cannot be set back by who has only the database. */
export function headMark(seq: number, rowHash: string, keys: AuditKeys | undefined): Mark {
  return signedMark({ name: 'head', seq, hash: rowHash, at: null, reason: null }, keys);
}

/** @param at when the rows up to there were deleted, or were found to be, and `reason` why */
export function checkpointMark(
  { seq, hash: rowHash, at, reason }: Pick<Mark, 'seq' | 'hash' | 'at' | 'reason'>,
  keys: AuditKeys | undefined,
): Mark {
  return signedMark({ name: 'checkpoint', seq, hash: rowHash, at, reason }, keys);
}

function signedMark(mark: Omit<Mark, 'key_id' | 'signature'>, keys: AuditKeys | undefined): Mark {
  if (keys === undefined) return { ...mark, key_id: null, signature: null };
  const { signing } = keys;
  return { ...mark, key_id: signing.id, signature: signed(signing, textOf(mark)) };
}

function textOf({ name, seq, hash: rowHash, at, reason }: Omit<Mark, 'key_id' | 'signature'>): string {
  return JSON.stringify([name, Number(seq), rowHash, at, reason]);
}

/** `unsigned`: no key has ever vouched for it. `forged`: none of these keys has given its signature. */
export function standingOf(mark: Mark, keys: AuditKeys): 'signed' | 'unsigned' | 'forged' {
  // A database of before has no such columns.
  if ((mark.key_id ?? null) === null) return 'unsigned';
  const key = keys.byId.get(String(mark.key_id));
  return key !== undefined && mark.signature === signed(key, textOf(mark)) ? 'signed' : 'forged';
}
