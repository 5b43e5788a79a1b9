/** Proves the audit: every row is as it was written, and none is missing between its two ends. Only reads. */
import type { Transaction } from 'kysely';
import { type AuditKeys, signed } from './auditKeys';
import { type ChangeRow, HEAD_LOST, hashOf, type Mark, standingOf } from './chain';
import type { Database } from './database';
import type { Schema } from './schema';

/** A row as somebody saw it earlier, and keeps outside of the database. */
export interface Anchor {
  sequence: number;
  /** Lower-case hex. */
  hash: string;
}

/** The end of the audit as a file tells it. */
export interface SignedHead extends Anchor {
  /** ISO 8601, UTC. */
  at: string;
  /** Null without a key. */
  keyId: string | null;
  signature: string | null;
}

export type ChainVerdict =
  | {
      valid: true;
      rows: number;
      /** The newest row: what to keep elsewhere and to ask for next time. */
      head: Anchor;
      /** The first row that is signed; null if none is, and then whoever can write the database can make another audit. */
      signedFrom: number | null;
      /** Up to which row retention has deleted; 0: nothing. */
      deletedUpTo: number;
    }
  /**
   * `sequence` names the first row that is not as it was written, or the first that is missing. `unsigned`: there are keys, and
   * none of them has ever signed here.
   */
  | { valid: false; rows: number; sequence: number; reason: string; unsigned?: true };

export interface VerifyOptions {
  /** Absent: only what needs no key is verified, and signed rows are not. */
  keys?: AuditKeys | undefined;
  /** What must still be there. */
  expected?: readonly Anchor[];
  onProgress?: (rows: number) => void;
}

const PAGE = 1_000;

/** Recomputes every hash, from the oldest kept row to the newest, in bounded memory and on one snapshot. */
export async function verifyChain(database: Database, options: VerifyOptions = {}): Promise<ChainVerdict> {
  return database.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((transaction) => verifySnapshot(transaction, options));
}

async function verifySnapshot(
  transaction: Transaction<Schema>,
  { keys, expected = [], onProgress = () => {} }: VerifyOptions,
): Promise<ChainVerdict> {
  const ends = await transaction.selectFrom('change_chain').selectAll().execute();
  const checkpoint = ends.find(({ name }) => name === 'checkpoint');
  const head = ends.find(({ name }) => name === 'head');
  if (checkpoint === undefined || head === undefined) {
    return { valid: false, rows: 0, sequence: 1, reason: 'the marks of the chain’s ends are missing' };
  }
  const start: Anchor = { sequence: Number(checkpoint.seq), hash: checkpoint.hash };
  const walk = new Walk(start, keys, expected);
  const early = faultInMarks(head, checkpoint, keys) ?? walk.faultBefore(start);
  if (early !== undefined) return { ...walk.broken(early), ...(early === UNSIGNED && { unsigned: true }) };
  for (;;) {
    const page = await transaction
      .selectFrom('changes')
      .selectAll()
      .where('seq', '>', walk.last.sequence)
      .orderBy('seq')
      .limit(PAGE)
      .execute();
    for (const row of page) {
      const fault = walk.step(row);
      if (fault !== undefined) return walk.broken(fault);
    }
    onProgress(walk.rows);
    if (page.length < PAGE) break;
  }
  return verdictAtEnd(walk, { sequence: Number(head.seq), hash: head.hash }, start.sequence);
}

const UNSIGNED =
  'audit.key is set, but nothing here is signed with it: start the gateway once, or else this is not its audit';

function faultInMarks(head: Mark, checkpoint: Mark, keys: AuditKeys | undefined): string | undefined {
  if (keys === undefined) return undefined;
  const standing = standingOf(head, keys);
  if (standing === 'unsigned') return UNSIGNED;
  if (standing === 'forged') return 'the mark of the newest row is not signed with a known key';
  return standingOf(checkpoint, keys) === 'signed'
    ? undefined
    : 'rows before it were deleted, and no signature says that retention did';
}

function verdictAtEnd(walk: Walk, head: Anchor, deletedUpTo: number): ChainVerdict {
  const { last, rows, signedFrom } = walk;
  if (last.sequence < head.sequence) return walk.broken('the row is missing, and so may be newer ones');
  if (last.sequence !== head.sequence || last.hash !== head.hash) {
    return {
      valid: false,
      rows,
      sequence: last.sequence,
      reason: 'the row is not the one that was written last',
    };
  }
  const missing = walk.firstMissing();
  if (missing !== undefined)
    return walk.broken(`row ${missing} is expected, and all after row ${last.sequence} are missing`);
  return { valid: true, rows, head, signedFrom, deletedUpTo };
}

/** How far the proof has come. */
class Walk {
  rows = 0;
  signedFrom: number | null = null;
  last: Anchor;
  readonly #keys: AuditKeys | undefined;
  readonly #expected: readonly Anchor[];

  constructor(start: Anchor, keys: AuditKeys | undefined, expected: readonly Anchor[]) {
    this.last = start;
    this.#keys = keys;
    this.#expected = expected;
  }

  broken(reason: string): Extract<ChainVerdict, { valid: false }> {
    return { valid: false, rows: this.rows, sequence: this.last.sequence + 1, reason };
  }

  /** What was expected and deleted: only a signature tells retention from somebody else. */
  faultBefore(start: Anchor): string | undefined {
    const deleted = this.#expected.find(({ sequence }) => sequence < start.sequence);
    if (deleted !== undefined && this.#keys === undefined) {
      return `row ${deleted.sequence} is expected, and was deleted without a signature that explains it`;
    }
    return this.#differs(start) ? `row ${start.sequence} is not the one that is expected` : undefined;
  }

  step(row: ChangeRow): string | undefined {
    const sequence = Number(row.seq);
    const fault = this.#faultIn(row, sequence);
    if (fault !== undefined) return fault;
    if (this.#differs({ sequence, hash: row.hash })) return 'the row is not the one that is expected';
    if (row.code === HEAD_LOST && row.kind === 'operator') {
      return 'before this row was added, the end of the audit was not as the gateway had left it';
    }
    if (isSigned(row)) this.signedFrom ??= sequence;
    this.last = { sequence, hash: row.hash };
    this.rows += 1;
    return undefined;
  }

  firstMissing(): number | undefined {
    return this.#expected.map(({ sequence }) => sequence).find((sequence) => sequence > this.last.sequence);
  }

  #faultIn(row: ChangeRow, sequence: number): string | undefined {
    if (sequence !== this.last.sequence + 1) return 'the row is missing';
    if (row.previous_hash !== this.last.hash) return 'the row does not follow the one before it';
    if (!isSigned(row)) {
      if (this.signedFrom !== null) return 'the row is not signed, though rows before it are';
      if (!saysAllThatIsHashed(row)) return 'the row is not as it was written';
      return row.hash === hashOf(row, undefined) ? undefined : 'the row is not as it was written';
    }
    const key = this.#keys?.byId.get(String(row.key_id));
    if (key === undefined)
      return `the row is signed with the key ${row.key_id}, which audit.key does not hold`;
    return row.hash === hashOf(row, key) ? undefined : 'the row is not as it was written';
  }

  #differs({ sequence, hash }: Anchor): boolean {
    return this.#expected.some((anchor) => anchor.sequence === sequence && anchor.hash !== hash);
  }
}

/** Rows of version 1 are hashed over the columns of their time: what they say in later ones, nobody has written. */
function saysAllThatIsHashed({ version, kind, detail }: ChangeRow): boolean {
  return Number(version) === 2 || ((kind ?? 'update') === 'update' && (detail ?? null) === null);
}

/** A database of before has no such column. */
function isSigned(row: ChangeRow): boolean {
  return (row.key_id ?? null) !== null;
}

/** The newest row. */
export async function headOf({ db }: Database): Promise<Anchor> {
  const head = await db
    .selectFrom('change_chain')
    .select(['seq', 'hash'])
    .where('name', '=', 'head')
    .executeTakeFirstOrThrow();
  return { sequence: Number(head.seq), hash: head.hash };
}

export function signHead(head: Anchor, at: string, keys: AuditKeys | undefined): SignedHead {
  if (keys === undefined) return { ...head, at, keyId: null, signature: null };
  const { signing } = keys;
  return { ...head, at, keyId: signing.id, signature: signed(signing, textOf(head, at)) };
}

/** Whether one of these keys has signed it; without keys, whether it is unsigned. */
export function isSignedHead(head: SignedHead, keys: AuditKeys | undefined): boolean {
  if (keys === undefined) return head.keyId === null;
  const key = keys.byId.get(head.keyId ?? '');
  return key !== undefined && head.signature === signed(key, textOf(head, head.at));
}

function textOf({ sequence, hash }: Anchor, at: string): string {
  return JSON.stringify(['head file', sequence, hash, at]);
}
