/**
 * Group commit. A commit costs one disk flush whatever it holds, so what is handed over while one transaction is under
 * way travels together in the next one.
 */
import type { Transaction } from 'kysely';
import type { Database } from './database';
import { isConcurrencyFailure } from './engine';
import type { Schema } from './schema';
import { StoreUnavailable } from './unavailable';

export interface Writer<Item, Result extends object> {
  /**
   * Resolves with the item's result once the transaction that holds it is durable.
   * @throws StoreUnavailable when that transaction failed; it may be durable nevertheless if the connection broke
   */
  submit(item: Item): Promise<Result>;
  /**
   * As `submit`, for what no caller waits for: it travels with what callers hand over, and alone only if nothing of theirs has come
   * for `PATIENCE_MS`, or when it has waited that long.
   */
  submitPatiently(item: Item): Promise<Result>;
  /** Transactions committed so far. */
  readonly commits: number;
  /** Resolves when nothing is under way or waiting. */
  idle(): Promise<void>;
}

export interface WriterOptions<Item, Result extends object> {
  /** Writes the items, and gives one result for each, in their order. May run again after a conflict with others. */
  apply: (transaction: Transaction<Schema>, items: readonly Item[]) => Promise<readonly Result[]>;
  /** Hears of each transaction that failed. */
  onFailure?: (failure: StoreUnavailable) => void;
  /** Hears how long each transaction took, with its repetitions, whether or not it failed. */
  onTransaction?: (milliseconds: number) => void;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve: (result: Result) => void;
  reject: (error: StoreUnavailable) => void;
}

/** Bounds the length of one transaction, and with it the memory for its parameters. */
const LARGEST_BATCH = 500;
/** Turns of the event loop that a commit waits at most, and only as long as each brings more. */
const MOST_TURNS = 8;
const TRIES = 5;
/** Longer than updates are apart at twenty a second, and no delay that matters for work in the background. */
const PATIENCE_MS = 50;

export function createWriter<Item, Result extends object>(
  database: Database,
  { apply, onFailure, onTransaction }: WriterOptions<Item, Result>,
): Writer<Item, Result> {
  let waiting: Waiting<Item, Result>[] = [];
  let patient: Waiting<Item, Result>[] = [];
  let patience: NodeJS.Timeout | undefined;
  let lastAsked = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  let commits = 0;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      await gather();
      // In the place that callers leave.
      const seats = Math.max(0, LARGEST_BATCH - waiting.length);
      waiting.push(...patient.slice(0, seats));
      patient = patient.slice(seats);
      const batch = waiting.slice(0, LARGEST_BATCH);
      waiting = waiting.slice(LARGEST_BATCH);
      await commit(batch);
    }
    running = undefined;
  }

  /** What has been patient goes now. */
  function hurry(): void {
    clearTimeout(patience);
    patience = undefined;
    waiting.push(...patient);
    patient = [];
    if (waiting.length > 0) running ??= run();
  }

  /** SQLite blocks this process while it flushes: what has come in meanwhile is seen in the turns after that, and joins. */
  async function gather(): Promise<void> {
    for (let seen = 0, turns = 0; waiting.length > seen && turns < MOST_TURNS; turns += 1) {
      seen = waiting.length;
      await turn();
    }
  }

  async function commit(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    const started = performance.now();
    try {
      const results = await transact(batch.map(({ item }) => item)).finally(() =>
        onTransaction?.(performance.now() - started),
      );
      commits += 1;
      for (const [index, { resolve, reject }] of batch.entries()) {
        const result = results[index];
        if (result === undefined) reject(new StoreUnavailable(new RangeError('an item has no result')));
        else resolve(result);
      }
    } catch (error) {
      const failure = new StoreUnavailable(error);
      onFailure?.(failure);
      for (const { reject } of batch) reject(failure);
    }
  }

  async function transact(items: readonly Item[]): Promise<readonly Result[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await database.transact((transaction) => apply(transaction, items));
      } catch (error) {
        if (!isConcurrencyFailure(error) || tries === TRIES) throw error;
      }
    }
  }

  return {
    submit: (item) =>
      new Promise<Result>((resolve, reject) => {
        lastAsked = performance.now();
        waiting.push({ item, resolve, reject });
        running ??= run();
      }),
    submitPatiently: (item) =>
      new Promise<Result>((resolve, reject) => {
        patient.push({ item, resolve, reject });
        if (performance.now() - lastAsked > PATIENCE_MS) hurry();
        else patience ??= setTimeout(hurry, PATIENCE_MS);
      }),
    get commits() {
      return commits;
    },
    idle: async () => {
      hurry();
      await running;
    },
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
