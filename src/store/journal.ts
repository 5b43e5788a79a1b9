/**
 * The journal of updates. Before anything is sent, an attempt is written down; when the update has ended, its attempt
 * gives way to a row of the audit and the answer is kept with the idempotency key, all in one transaction. What a
 * process leaves behind when it dies is therefore always found.
 */
import type { Transaction } from 'kysely';
import { within } from '../lib/deadline';
import {
  type Attempt,
  type Beginning,
  type Begun,
  type BegunResult,
  beginAttempts,
  type Conditions,
  deleteAttempts,
  takeAbandoned,
} from './attempts';
import type { AuditKeys } from './auditKeys';
import type { Change, KeptValues } from './changes';
import { type Cipher, PLAIN } from './cipher';
import type { Database } from './database';
import { type Claim, type Claimed, claimKeys, endKeys, type KeyEnd, purgeKeys } from './idempotency';
import { finishMirrored } from './mirrorEnds';
import { enqueueMirrored, lockQueues, type MirroredUpdate } from './mirrorQueue';
import type { Lease } from './operation';
import { deleteOldest } from './retention';
import type { Schema } from './schema';
import { createTrail } from './trail';
import { StoreUnavailable } from './unavailable';
import { createWriter } from './writer';

export interface Ending {
  change: Change;
  /** The attempt that this ends; absent if nothing was sent. */
  attempt?: string | undefined;
  key?: KeyEnd | undefined;
  /** What the clinic's mirror is to get of it. */
  mirrored?: MirroredUpdate | undefined;
  /** The operation that its mirror has with it. */
  delivered?: Lease | undefined;
  /** Nobody waits for it: it goes with what callers wait for. */
  patient?: boolean;
}

export interface BeginOptions extends Conditions {
  /** Nobody waits for it: it goes with what callers wait for. */
  patient?: boolean;
}

export interface Journal {
  /** Asks for an idempotency key. @throws StoreUnavailable */
  claim(claim: Claim): Promise<Claimed>;
  /** Ends a claim whose request is answered without an update of its own. @throws StoreUnavailable */
  endClaim(key: KeyEnd): Promise<void>;
  /**
   * Writes an attempt down, if its conditions hold at that moment. Durable when it resolves.
   * @throws StoreUnavailable, and nothing may be sent then
   */
  begin(attempt: Attempt, leaseMs: number, options?: BeginOptions): Promise<Begun>;
  /**
   * Writes what became of an update. If the store fails it is written as soon as the store works again: what has happened has
   * happened, and what was refused or failed is answered alike with and without a store. For a refusal the caller does not
   * wait long, because none of it needs the store.
   * @throws StoreUnavailable only for a success without an attempt, and if too much waits to be written already
   */
  end(ending: Ending): Promise<void>;
  /**
   * Ends an operation of which its mirror can hold nothing, with what callers wait for. If somebody else has it meanwhile, nothing is
   * changed. @throws StoreUnavailable
   */
  finishMirrored(lease: Lease): Promise<void>;
  /** Takes over attempts that their process has left behind, for `leaseMs`; no other process gets them meanwhile. */
  takeAbandoned(limit: number, leaseMs: number): Promise<Attempt[]>;
  /** Deletes expired keys and, if the audit has a retention, its oldest rows. */
  tidy(): Promise<void>;
  /** Transactions committed so far. */
  readonly commits: number;
  /** Writes what is still to be written, as far as the store works. */
  close(): Promise<void>;
}

export interface JournalOptions {
  values: KeptValues;
  /** Sign the audit. */
  keys?: AuditKeys | undefined;
  /** Seals what holds staff data; absent: it is kept in clear. */
  cipher?: Cipher;
  /** For how long an idempotency key is remembered. */
  keyTtlMs: number;
  /** For how long rows of the audit are kept; absent: forever. */
  retentionMs?: number;
  now?: () => Date;
  onFailure?: (failure: StoreUnavailable) => void;
  /** Hears how long each transaction took; one holds what many updates have handed over. */
  onTransaction?: (milliseconds: number) => void;
}

type Item =
  | { kind: 'claim'; claim: Claim }
  | { kind: 'endClaim'; key: KeyEnd }
  | { kind: 'begin'; beginning: Beginning }
  | { kind: 'withdraw'; id: string }
  | { kind: 'end'; ending: Ending }
  | { kind: 'finish'; lease: Lease };

function retriable({ handle, state }: KeyEnd): KeyEnd {
  return { handle, state: state === 'free' ? 'free' : 'unsettled' };
}

/** What the items of one transaction hold, each kind in their order. */
function byKind(items: readonly Item[]) {
  const claims: Claim[] = [];
  const keyEnds: KeyEnd[] = [];
  const beginnings: Beginning[] = [];
  const endings: Ending[] = [];
  const withdrawn: string[] = [];
  const finished: Lease[] = [];
  for (const item of items) {
    if (item.kind === 'claim') claims.push(item.claim);
    else if (item.kind === 'endClaim') keyEnds.push(item.key);
    else if (item.kind === 'begin') beginnings.push(item.beginning);
    else if (item.kind === 'withdraw') withdrawn.push(item.id);
    else if (item.kind === 'finish') finished.push(item.lease);
    else {
      endings.push(item.ending);
      if (item.ending.key) keyEnds.push(item.ending.key);
      if (item.ending.delivered) finished.push(item.ending.delivered);
    }
  }
  return { claims, keyEnds, beginnings, endings, withdrawn, finished };
}

function mirroredIn(endings: readonly Ending[]): MirroredUpdate[] {
  return endings.flatMap(({ mirrored }) => (mirrored === undefined ? [] : [mirrored]));
}

type Written = Claimed | BegunResult | { kind: 'written' };

const RETRY_MS = 500;
/** How long the answer of an update that was not sent waits for its row of the audit. */
const UNSENT_WAIT_MS = 1_000;
/** What waits for the store to come back takes memory, about a kilobyte each. */
const MOST_OWED = 10_000;

export function createJournal(database: Database, options: JournalOptions): Journal {
  const { engine } = database;
  const now = options.now ?? (() => new Date());
  const { cipher = PLAIN } = options;
  const times = { now, ttlMs: options.keyTtlMs, cipher };
  const trail = createTrail(database, options);
  const writer = createWriter<Item, Written>(database, {
    apply,
    ...(options.onFailure && { onFailure: options.onFailure }),
    ...(options.onTransaction && { onTransaction: options.onTransaction }),
  });
  /** What must be written although the store has failed. */
  let owed: Item[] = [];
  let retry: NodeJS.Timeout | undefined;

  async function apply(transaction: Transaction<Schema>, items: readonly Item[]): Promise<Written[]> {
    const { claims, keyEnds, beginnings, endings, withdrawn, finished } = byKind(items);
    // In the same order in every transaction: first the queues, then the head of the audit, then the keys, so there can be no
    // deadlock.
    await lockQueues(transaction, engine, [...mirroredIn(endings), ...finished]);
    await finishMirrored(transaction, engine, finished);
    await endAttempts(transaction, endings, withdrawn);
    await endKeys(transaction, engine, keyEnds, cipher);
    const claimed = (await claimKeys(transaction, engine, claims, times))[Symbol.iterator]();
    const begun = (await beginAttempts(transaction, engine, beginnings, cipher))[Symbol.iterator]();
    return items.map((item) => {
      const results = item.kind === 'claim' ? claimed : item.kind === 'begin' ? begun : undefined;
      const next = results?.next();
      return next?.done === false ? next.value : { kind: 'written' };
    });
  }

  /** A row of the audit for each ended attempt that was still there, so that repeating an ending changes nothing. */
  async function endAttempts(
    transaction: Transaction<Schema>,
    endings: readonly Ending[],
    withdrawn: readonly string[],
  ): Promise<void> {
    const ids = endings.map(({ attempt }) => attempt).filter((id) => id !== undefined);
    const ended = new Set(await deleteAttempts(transaction, engine, [...ids, ...withdrawn]));
    // Taken out of the set: an ending may also come twice in one transaction.
    const written = endings.filter(({ attempt }) => attempt === undefined || ended.delete(attempt));
    await trail.append(
      transaction,
      written.map(({ change }) => change),
    );
    await enqueueMirrored(transaction, engine, mirroredIn(written), cipher);
  }

  /** Keeps what has to be written and tries until it is. */
  function owe(item: Item): void {
    owed.push(item);
    retry ??= setTimeout(() => void payOwed(), RETRY_MS).unref();
  }

  async function payOwed(): Promise<void> {
    const items = owed;
    owed = [];
    await Promise.all(items.map((item) => writer.submit(item).catch(() => void owed.push(item))));
    retry = owed.length === 0 ? undefined : setTimeout(() => void payOwed(), RETRY_MS).unref();
  }

  async function endUnsent(ending: Ending): Promise<void> {
    if (owed.length >= MOST_OWED) throw new StoreUnavailable(new RangeError('too much waits to be written'));
    const item = { kind: 'end', ending } as const;
    const ended = written(item).catch(() => owe(item));
    await within(UNSENT_WAIT_MS, ended, () => {});
  }

  async function written(item: Item, patient = false): Promise<void> {
    await submit(item, patient);
  }

  function submit(item: Item, patient: boolean): Promise<Written> {
    return patient ? writer.submitPatiently(item) : writer.submit(item);
  }

  return {
    async claim(claim) {
      const result = await writer.submit({ kind: 'claim', claim });
      if (result.kind === 'written' || result.kind === 'begun') throw new TypeError('a claim has an answer');
      return result;
    },
    endClaim: (key) => written({ kind: 'endClaim', key }),
    async begin(attempt, leaseMs, { patient = false, ...conditions } = {}) {
      const leaseUntil = new Date(now().getTime() + leaseMs).toISOString();
      try {
        const beginning = { attempt, leaseUntil, conditions };
        const result = await submit({ kind: 'begin', beginning }, patient);
        if (result.kind !== 'begun') throw new TypeError('an attempt is begun or not');
        return result.as;
      } catch (error) {
        // A connection that broke during the commit leaves open whether it is there; the caller will hear it is not.
        owe({ kind: 'withdraw', id: attempt.id });
        throw error;
      }
    },
    async end(ending) {
      try {
        if (ending.attempt === undefined && ending.change.outcome !== 'success')
          return await endUnsent(ending);
        await written({ kind: 'end', ending }, ending.patient);
      } catch (error) {
        if (ending.attempt !== undefined) return owe({ kind: 'end', ending });
        // The caller hears that nothing was done, so the key must not wait for the end of its lease.
        if (ending.key) owe({ kind: 'endClaim', key: retriable(ending.key) });
        throw error;
      }
    },
    finishMirrored: (lease) => written({ kind: 'finish', lease }, true),
    async takeAbandoned(limit, leaseMs) {
      const at = now();
      const until = new Date(at.getTime() + leaseMs).toISOString();
      return takeAbandoned(database, { at: at.toISOString(), until, limit, cipher });
    },
    async tidy() {
      while ((await purgeKeys(database, now())) > 0) await pause();
      const { retentionMs, keys } = options;
      if (retentionMs !== undefined) {
        const before = new Date(now().getTime() - retentionMs);
        while ((await deleteOldest(database, before, { keys })) > 0) await pause();
      }
      // What was deleted, here and elsewhere, is in the log until that is emptied.
      await database.emptyLog();
    },
    get commits() {
      return writer.commits;
    },
    async close() {
      clearTimeout(retry);
      const last = owed;
      owed = [];
      await Promise.allSettled(last.map((item) => writer.submit(item)));
      await writer.idle();
    },
  };
}

/** Between two batches of deletions the requests have their turn. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
