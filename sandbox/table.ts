/** What is kept of a table between tests: rows go in and come out as copies, so no test changes one by accident. */
export interface Table<Key extends string | number, Row extends object> {
  get(key: Key): Row | undefined;
  all(): Row[];
  /** The rows themselves, only to be read: copying very many for each page of a list takes longer than all else. */
  view(): readonly Readonly<Row>[];
  /** Stores the row under its own key, new or not. In a test: a change that did not come through the API. */
  set(row: Row): void;
  /** Changes one stored row from outside; throws if there is no such row. Gives the new row. */
  change(key: Key, change: Partial<Row> | ((row: Row) => Row)): Row;
  remove(key: Key): boolean;
  /** The next number of an auto-increment column: never one that was used before. */
  nextNumber(): number;
  /** Back to the seeds. */
  reset(): void;
}

/** A table in memory that starts with `seeds` and keeps the order in which rows came. */
export function createTable<Key extends string | number, Row extends object>(
  seeds: readonly Row[],
  keyOf: (row: Row) => Key,
): Table<Key, Row> {
  const rows = new Map<Key, Row>();
  let highest = 0;

  function set(row: Row): void {
    const key = keyOf(row);
    if (typeof key === 'number') highest = Math.max(highest, key);
    rows.set(key, structuredClone(row));
  }

  function reset(): void {
    rows.clear();
    highest = 0;
    for (const row of seeds) set(row);
  }

  reset();
  return {
    get: (key) => structuredClone(rows.get(key)),
    all: () => [...rows.values()].map((row) => structuredClone(row)),
    view: () => [...rows.values()],
    set,
    change(key, change) {
      const row = rows.get(key);
      if (!row) throw new Error(`the sandbox holds no row ${key}`);
      const next = typeof change === 'function' ? change(structuredClone(row)) : { ...row, ...change };
      set(next);
      return structuredClone(next);
    },
    remove: (key) => rows.delete(key),
    nextNumber: () => highest + 1,
    reset,
  };
}

/** How long a read after a write still shows the old row: for that many reads, or for that long, whichever is more. */
export interface Lag {
  reads?: number;
  milliseconds?: number;
}

/** Remembers what was there before a write and shows it while the lag lasts. */
export interface LaggedView<Key, Row> {
  /** To call with the row as it was right before a write (undefined: there was none). */
  written(key: Key, before: Row | undefined): void;
  /** What one read of this key sees, given what is stored now. Counts as one read. */
  seen(key: Key, stored: Row | undefined): Row | undefined;
  /** Rows that are no longer stored but that one read still sees. Counts as one read of each. */
  lingering(isStored: (key: Key) => boolean): Row[];
  reset(): void;
}

/** A view of rows that lags behind its writes by `lag()`, which may be changed at any time. */
export function createLaggedView<Key, Row>(now: () => number, lag: () => Lag): LaggedView<Key, Row> {
  const pending = new Map<Key, { before: Row | undefined; readsLeft: number; until: number }>();

  function written(key: Key, before: Row | undefined): void {
    const { reads = 0, milliseconds = 0 } = lag();
    if (reads === 0 && milliseconds === 0) return;
    // A second write inside the lag must not make the first one visible early.
    const shown = pending.get(key) ?? { before };
    pending.set(key, { before: shown.before, readsLeft: reads, until: now() + milliseconds });
  }

  function seen(key: Key, stored: Row | undefined): Row | undefined {
    const entry = pending.get(key);
    if (!entry) return stored;
    if (entry.readsLeft > 0 || now() < entry.until) {
      entry.readsLeft -= 1;
      return structuredClone(entry.before);
    }
    pending.delete(key);
    return stored;
  }

  function lingering(isStored: (key: Key) => boolean): Row[] {
    const gone = [...pending.keys()].filter((key) => !isStored(key));
    return gone.flatMap((key) => seen(key, undefined) ?? []);
  }

  return { written, seen, lingering, reset: () => pending.clear() };
}
