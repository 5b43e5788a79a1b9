/** Adds rows to the audit: chained, signed where there is a key, and counted for each clinic. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { CompiledQuery, type Transaction } from 'kysely';
import { canonicalJson } from '../lib/json';
import { type AuditKey, type AuditKeys, auditKeys } from './auditKeys';
import {
  type ChangeRow,
  checkpointMark,
  HEAD_LOST,
  hashOf,
  headMark,
  KEY_TAKEN,
  type Mark,
  standingOf,
} from './chain';
import { BLOCK } from './changeList';
import { act, type Change, installationSalt, type KeptValues } from './changes';
import type { Database } from './database';
import type { Engine } from './engine';
import { overRows, part, together } from './given';
import type { Schema } from './schema';

export interface TrailOptions {
  values: KeptValues;
  keys?: AuditKeys | undefined;
}

export interface Trail {
  /** Part of a transaction. Whoever appends holds the end of the audit until the transaction ends. */
  append(transaction: Transaction<Schema>, changes: readonly Change[]): Promise<void>;
  /** In a transaction of its own. */
  add(changes: readonly Change[]): Promise<void>;
  /** Lets the first key sign from here on, if another or none has signed last. @throws Error if there is no key any more */
  adopt(): Promise<void>;
}

/** What the section `audit` of the configuration means for rows that are added. */
export async function trailOptions(
  database: Database,
  { key = [], salt, values }: { key?: readonly string[]; salt?: string; values: 'full' | 'hashed' },
): Promise<TrailOptions> {
  const keys = auditKeys(key);
  if (values === 'full') return { keys, values: { kind: 'full' } };
  const secret = keys?.signing.digests ?? salt ?? (await installationSalt(database));
  return { keys, values: { kind: 'hashed', salt: secret } };
}

const COLUMNS = {
  seq: 'bigint',
  clinic_seq: 'bigint',
  version: 'bigint',
  key_id: 'text',
  kind: 'text',
  at: 'text',
  request_id: 'text',
  clinic: 'text',
  caller: 'text',
  staff_id: 'text',
  vendor: 'text',
  vendor_record_id: 'text',
  outcome: 'text',
  status: 'bigint',
  code: 'text',
  duration_ms: 'bigint',
  fields: 'text',
  sent_values: 'text',
  detail: 'text',
  previous_hash: 'text',
  hash: 'text',
} as const satisfies Record<keyof ChangeRow, 'text' | 'bigint'>;

const HEAD_TEXT = "select * from change_chain where name = 'head'";
const HEAD = {
  sqlite: CompiledQuery.raw(HEAD_TEXT) as CompiledQuery<Mark>,
  postgres: CompiledQuery.raw(`${HEAD_TEXT} for update`) as CompiledQuery<Mark>,
} satisfies Record<Engine, CompiledQuery<Mark>>;

const insertRows = overRows(COLUMNS, (rows) => `insert into changes (${Object.keys(COLUMNS)}) ${rows}`);

const moveHead = overRows(
  { seq: 'bigint', hash: 'text', key_id: 'text', signature: 'text' },
  (rows) => `update change_chain set (seq, hash, key_id, signature) = (${rows}) where name = 'head'`,
);

/** In one order everywhere, as all that several replicas lock. */
const countClinics = overRows<'clinic' | 'seq', { clinic: string; seq: number | string }>(
  { clinic: 'text', seq: 'bigint' },
  (rows) => `with given (clinic, seq) as (${rows})
    insert into change_clinics (clinic, seq) select clinic, seq from given where true order by clinic
    on conflict (clinic) do update set seq = change_clinics.seq + excluded.seq returning clinic, seq`,
);

const widenBlocks = overRows(
  { clinic: 'text', block: 'bigint', min_at: 'text', max_at: 'text' },
  (rows) => `with given (clinic, block, min_at, max_at) as (${rows})
    insert into change_blocks (clinic, block, min_at, max_at)
    select clinic, block, min_at, max_at from given where true order by clinic, block
    on conflict (clinic, block) do update set
    min_at = case when excluded.min_at < change_blocks.min_at then excluded.min_at else change_blocks.min_at end,
    max_at = case when excluded.max_at > change_blocks.max_at then excluded.max_at else change_blocks.max_at end`,
);

export function createTrail(database: Database, { values, keys }: TrailOptions): Trail {
  const { db, engine } = database;
  const key = keys?.signing;
  // Out of a text it would be made anew for each value.
  const digests = values.kind === 'hashed' ? createSecretKey(values.salt, 'utf8') : undefined;
  /** The newest end of the audit that this process has seen: it never goes back. */
  let seen: Mark | undefined;

  async function append(
    transaction: Transaction<Schema>,
    changes: readonly Change[],
    adopting = false,
  ): Promise<void> {
    if (changes.length === 0 && !adopting) return;
    const { rows: heads } = await transaction.executeQuery(HEAD[engine]);
    const [head] = heads;
    if (head === undefined) throw new Error('the chain of changes has lost its head');
    const remark = remarkOn(head);
    seen = head;
    const all = remark === undefined ? changes : [remark, ...changes];
    if (all.length === 0) return;
    if (keys !== undefined && head.key_id === null) await vouchForCheckpoint(transaction, keys);
    const places = await placesOf(transaction, engine, all);
    let last = { seq: Number(head.seq), hash: head.hash };
    const rows = all.map((change, index) => {
      const row = chained(change, { previous: last, place: places[index] ?? 0, key, digests });
      last = row;
      return row;
    });
    const { seq, hash, key_id, signature } = headMark(last.seq, last.hash, keys);
    await together(transaction, engine, [
      part(insertRows, rows),
      part(widenBlocks, blocksOf(rows)),
      part(moveHead, [{ seq, hash, key_id, signature }]),
    ]);
  }

  /** A row that has to come first: another key signs from here on, or the end is not as it was left. */
  function remarkOn(head: Mark): Change | undefined {
    if (keys === undefined) {
      if (head.key_id === null) return isSetBack(head) ? lost(head) : undefined;
      throw new Error('The audit is signed, so audit.key is needed to add to it.');
    }
    if (isSetBack(head) || standingOf(head, keys) === 'forged') return lost(head);
    if (head.key_id === null && seen !== undefined && seen.key_id !== null) return lost(head);
    // Replicas that still sign with the key of before do not make this one say it each time.
    const isFirst = seen === undefined || seen.key_id === null;
    if (!isFirst || head.key_id === keys.signing.id) return undefined;
    const detail = { from: head.key_id ?? 'none', to: keys.signing.id };
    return act({ kind: 'operator', clinic: '', caller: 'gateway', code: KEY_TAKEN, detail });
  }

  function isSetBack(head: Mark): boolean {
    if (seen === undefined || Number(head.seq) > Number(seen.seq)) return false;
    return Number(head.seq) < Number(seen.seq) || head.hash !== seen.hash;
  }

  return {
    append: (transaction, changes) => append(transaction, changes),
    add: (changes) => db.transaction().execute((transaction) => append(transaction, changes)),
    adopt: () => db.transaction().execute((transaction) => append(transaction, [], true)),
  };
}

function lost(head: Mark): Change {
  return act({
    kind: 'operator',
    clinic: '',
    caller: 'gateway',
    outcome: 'unknown',
    code: HEAD_LOST,
    detail: { found: Number(head.seq) },
  });
}

/** What was deleted before there was a key is taken as it is found, once. */
async function vouchForCheckpoint(transaction: Transaction<Schema>, keys: AuditKeys): Promise<void> {
  const found = await transaction
    .selectFrom('change_chain')
    .selectAll()
    .where('name', '=', 'checkpoint')
    .executeTakeFirstOrThrow();
  const mark = checkpointMark(
    {
      seq: Number(found.seq),
      hash: found.hash,
      at: new Date().toISOString(),
      reason: 'found_with_first_key',
    },
    keys,
  );
  await transaction.updateTable('change_chain').set(mark).where('name', '=', 'checkpoint').execute();
}

/** The position of each among the rows of its clinic. */
async function placesOf(
  transaction: Transaction<Schema>,
  engine: Engine,
  changes: readonly Change[],
): Promise<number[]> {
  const counts = new Map<string, number>();
  for (const { clinic } of changes) counts.set(clinic, (counts.get(clinic) ?? 0) + 1);
  const added = [...counts].sort().map(([clinic, seq]) => ({ clinic, seq }));
  const { rows } = await countClinics(transaction, engine, added);
  const next = new Map(rows.map(({ clinic, seq }) => [clinic, Number(seq) - (counts.get(clinic) ?? 0)]));
  return changes.map(({ clinic }) => {
    const place = (next.get(clinic) ?? 0) + 1;
    next.set(clinic, place);
    return place;
  });
}

function blocksOf(rows: readonly ChangeRow[]) {
  const blocks = new Map<string, { clinic: string; block: number; min_at: string; max_at: string }>();
  for (const { clinic, clinic_seq, at } of rows) {
    const block = Math.floor(clinic_seq / BLOCK);
    const name = `${block} ${clinic}`;
    const known = blocks.get(name) ?? { clinic, block, min_at: at, max_at: at };
    if (at < known.min_at) known.min_at = at;
    if (at > known.max_at) known.max_at = at;
    blocks.set(name, known);
  }
  return [...blocks.values()];
}

interface Chaining {
  previous: { seq: number; hash: string };
  place: number;
  key: AuditKey | undefined;
  /** The secret of the digests; absent: values are kept as they are. */
  digests: KeyObject | undefined;
}

function chained(change: Change, { previous, place, key, digests }: Chaining): ChangeRow {
  const row: ChangeRow = {
    seq: previous.seq + 1,
    clinic_seq: place,
    version: 2,
    key_id: key?.id ?? null,
    kind: change.kind ?? 'update',
    at: change.at,
    request_id: change.requestId,
    clinic: change.clinic,
    caller: change.caller,
    staff_id: change.staffId,
    vendor: change.vendor,
    vendor_record_id: change.vendorRecordId,
    outcome: change.outcome,
    status: change.status,
    code: change.code,
    duration_ms: change.durationMs,
    fields: JSON.stringify(change.fields),
    sent_values: JSON.stringify(keptValues(change, digests)),
    detail: change.detail === undefined ? null : JSON.stringify(change.detail),
    previous_hash: previous.hash,
    hash: '',
  };
  row.hash = hashOf(row, key);
  return row;
}

/**
 * A digest says whether two updates of one person sent the same value for the same field, and nothing else to who lacks the
 * secret: the same value of two people, or in two clinics, has two digests.
 */
function keptValues(
  { clinic, staffId, values }: Change,
  secret: KeyObject | undefined,
): Readonly<Record<string, unknown>> {
  if (secret === undefined) return values;
  const digests: Record<string, string> = {};
  for (const pointer of Object.keys(values)) {
    digests[pointer] = createHmac('sha256', secret)
      .update(JSON.stringify([clinic, staffId, pointer, canonicalJson(values[pointer])]))
      .digest('base64url');
  }
  return digests;
}
