/**
 * Idempotency keys (draft-ietf-httpapi-idempotency-key-header): who works on one, and the answer that was given. The
 * first request's answer holds staff data and is kept for as long as the key is.
 */
import { sql, type Transaction } from 'kysely';
import type { AsLeft } from './asLeft';
import type { Cipher } from './cipher';
import type { Database } from './database';
import type { Engine } from './engine';
import { overRows } from './given';
import type { Schema } from './schema';

/** One request that comes with a key. */
export interface Claim {
  /** Digest of caller, method, path and key: what the key is unique for. */
  scope: string;
  /** Digest of everything in the request that decides what it does. */
  fingerprint: string;
  /** Who asks; unique for every claim. */
  owner: string;
  /** For how long the key is this request's, should its process end without a word. */
  leaseMs: number;
}

export type Claimed =
  /** Go on. `settleFirst`: an earlier request with the key may have reached the vendor. */
  | { kind: 'mine'; handle: string; settleFirst: boolean; asLeft?: AsLeft }
  | { kind: 'replay'; answer: StoredAnswer }
  /** The key was sent before with another request. */
  | { kind: 'reused' }
  | { kind: 'in_progress' };

export interface StoredAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: Readonly<Record<string, unknown>>;
}

/**
 * `done`: answer alike from now on. `unsettled`: the outcome is unknown, or only a part was applied; without `asLeft` what an earlier
 * request has left stays. `free`: as if it had never been sent.
 */
export type KeyVerdict =
  | { state: 'done'; answer: StoredAnswer }
  | { state: 'unsettled'; asLeft?: AsLeft | undefined }
  | { state: 'free' };
export type KeyEnd = { handle: string } & KeyVerdict;

export interface KeyTimes {
  now: () => Date;
  /** For how long a key is remembered, in milliseconds. */
  ttlMs: number;
}

/** What a claim is judged by. */
export type Judging = KeyTimes & { cipher: Cipher };

type Row = Schema['idempotency'];

/** The clocks of replicas may differ, and another configuration may have had a longer lease; both by less than this. */
const CLOCK_STEP_MS = 60_000;

function handleOf({ scope, owner }: Pick<Claim, 'scope' | 'owner'>): string {
  return `${scope}.${owner}`;
}

/** What the key of a claim is unique for; the same for every claim of the key. */
export function scopeOf(handle: string): string {
  return partsOf(handle).scope;
}

function partsOf(handle: string): { scope: string; owner: string } {
  const dot = handle.indexOf('.');
  return { scope: handle.slice(0, dot), owner: handle.slice(dot + 1) };
}

/** Takes what is free; the primary key decides between replicas. One result for each claim, in their order. */
export async function claimKeys(
  transaction: Transaction<Schema>,
  engine: Engine,
  claims: readonly Claim[],
  times: Judging,
): Promise<Claimed[]> {
  if (claims.length === 0) return [];
  const now = times.now();
  const rows = claims.map((claim) => runningRow(claim, now, times.ttlMs));
  const { affected } = await insertNew(transaction, engine, rows);
  const known = new Map<string, Row>();
  if (affected < rows.length) {
    const scopes = rows.map(({ scope }) => ({ scope }));
    const { rows: locked } = await lockRows(transaction, engine, scopes);
    for (const row of locked) known.set(row.scope, row);
  }
  const results: Claimed[] = [];
  for (const [index, claim] of claims.entries()) {
    const row = known.get(claim.scope);
    if (row === undefined || row.owner === claim.owner) {
      results.push({ kind: 'mine', handle: handleOf(claim), settleFirst: false });
      continue;
    }
    const alive = await shortenLease(
      transaction,
      row,
      new Date(now.getTime() + claim.leaseMs + CLOCK_STEP_MS),
    );
    const verdict = judge(claim, alive, { now: now.toISOString(), cipher: times.cipher });
    if (verdict.kind === 'mine') {
      const taken = { ...(rows[index] ?? row), answer: verdict.asLeft === undefined ? null : row.answer };
      await replaceRow(transaction, taken);
      known.set(claim.scope, taken);
    }
    results.push(verdict);
  }
  return results;
}

/**
 * A lease that ends later than any that is given now shows that the clock was set back: it is cut, and not ended, because its
 * request may be alive.
 */
async function shortenLease(transaction: Transaction<Schema>, row: Row, latest: Date): Promise<Row> {
  const end = latest.toISOString();
  if (row.state !== 'running' || row.lease_until <= end) return row;
  const cut = { ...row, lease_until: end };
  await replaceRow(transaction, cut);
  return cut;
}

function judge(claim: Claim, row: Row, { now, cipher }: { now: string; cipher: Cipher }): Claimed {
  const mine = { kind: 'mine', handle: handleOf(claim) } as const;
  const alive = row.state === 'running' && row.lease_until > now;
  if (row.expires_at <= now && !alive) return { ...mine, settleFirst: false };
  if (row.fingerprint !== claim.fingerprint) return { kind: 'reused' };
  if (alive) return { kind: 'in_progress' };
  const kept = row.answer === null ? undefined : cipher.open(row.answer, row.scope);
  if (row.state === 'done' && kept !== undefined) return { kind: 'replay', answer: parseAnswer(kept) };
  // Also if no key of ours opens the answer: what it was, a look at the record tells.
  return {
    ...mine,
    settleFirst: true,
    ...(row.state !== 'done' && kept !== undefined && { asLeft: parseLeft(kept) }),
  };
}

function runningRow({ scope, fingerprint, owner, leaseMs }: Claim, now: Date, ttlMs: number): Row {
  return {
    scope,
    fingerprint,
    state: 'running',
    owner,
    lease_until: new Date(now.getTime() + leaseMs).toISOString(),
    answer: null,
    created_at: now.toISOString(),
    expires_at: new Date(now.getTime() + ttlMs).toISOString(),
  };
}

const COLUMNS = {
  scope: 'text',
  fingerprint: 'text',
  state: 'text',
  owner: 'text',
  lease_until: 'text',
  answer: 'text',
  created_at: 'text',
  expires_at: 'text',
} as const;

const NAMES = Object.keys(COLUMNS).join(', ');

/** Keys that were new. In one order everywhere, so that replicas never wait for each other in a circle. */
const insertNew = overRows(
  COLUMNS,
  (rows) => `with given (${NAMES}) as (${rows})
    insert into idempotency (${NAMES}) select ${NAMES} from given where true order by scope
    on conflict (scope) do nothing`,
);

const lockRows = overRows<'scope', Row>(
  { scope: 'text' },
  (rows, engine) => `select * from idempotency where scope in (${rows})
    order by scope ${engine === 'postgres' ? 'for update' : ''}`,
);

const keepEnds = overRows(
  { scope: 'text', owner: 'text', state: 'text', answer: 'text' },
  (rows) => `with given (scope, owner, state, answer) as (${rows})
    update idempotency set state = given.state, answer = coalesce(given.answer, idempotency.answer) from given
    where idempotency.scope = given.scope and idempotency.owner = given.owner`,
);

const setFree = overRows(
  { scope: 'text', owner: 'text' },
  (rows) => `delete from idempotency where (scope, owner) in (${rows})`,
);

async function replaceRow(transaction: Transaction<Schema>, { scope, ...rest }: Row): Promise<void> {
  await transaction.updateTable('idempotency').set(rest).where('scope', '=', scope).execute();
}

/** Ends claims. One that was taken over meanwhile is the new owner's, and stays untouched. */
export async function endKeys(
  transaction: Transaction<Schema>,
  engine: Engine,
  ends: readonly KeyEnd[],
  cipher: Cipher,
): Promise<void> {
  const kept = ends.flatMap((end) => (end.state === 'free' ? [] : [keptRow(end, cipher)]));
  if (kept.length > 0) await keepEnds(transaction, engine, kept);
  const free = ends.filter(({ state }) => state === 'free').map(({ handle }) => partsOf(handle));
  if (free.length > 0) await setFree(transaction, engine, free);
}

function keptRow(end: KeyEnd, cipher: Cipher) {
  const { scope, owner } = partsOf(end.handle);
  const kept = end.state === 'done' ? end.answer : end.state === 'unsettled' ? end.asLeft : undefined;
  const answer = kept === undefined ? null : cipher.seal(JSON.stringify(kept), scope);
  return { scope, owner, state: end.state, answer };
}

/** Our own text, written by `keptRow`. */
function parseAnswer(text: string): StoredAnswer {
  return JSON.parse(text);
}

/** Likewise. */
function parseLeft(text: string): AsLeft {
  return JSON.parse(text);
}

/** Deletes at most `limit` keys whose time is over and which nobody works on. @returns how many there were */
export async function purgeKeys(database: Database, now: Date, limit = 500): Promise<number> {
  const time = now.toISOString();
  const { numAffectedRows } = await sql`
    delete from idempotency where scope in
    (select scope from idempotency where expires_at <= ${time}
      and not (state = 'running' and lease_until > ${time}) limit ${limit})`.execute(database.db);
  return Number(numAffectedRows ?? 0n);
}
