/**
 * Many replicas on one database, by events: each has a core, and one transaction of its journal under way at a time; those that
 * end updates hold the end of the audit's chain, one replica after the other. Costs are measured, see `replicas.ts`.
 */

/** All in milliseconds. */
export interface Costs {
  /** To the database and back. */
  roundTripMs: number;
  /** Of a gateway, for one update. */
  cpuMs: number;
  /** A transaction that begins one update, and what each further one in it adds. */
  beginMs: number;
  beginRowMs: number;
  /** A transaction that ends one update, and what each further one in it adds. */
  endMs: number;
  endRowMs: number;
}

export interface Outcome {
  /** Updates a second of all replicas. */
  rate: number;
  p50: number;
  p99: number;
  /** Of the time, between 0 and 1. */
  cpuBusy: number;
  lockBusy: number;
  /** The longest that a transaction has waited for the chain. */
  longestWait: number;
}

const VENDOR_MS = 50;
const SIMULATED_MS = 10_000;
/** What comes before is only the filling of the queues. */
const WARM_UP_MS = 4000;
const LARGEST_BATCH = 500;
/** A gateway gives its store so long; then updates are refused. */
const LOCK_WAIT_MS = 2000;
/** Added to an update: more is no longer a working system. */
const MOST_ADDED_MS = 3000;

/** The largest rate at which updates are answered in time. */
export function mostOf(replicas: number, costs: Costs): Outcome & { limit: string } {
  let good = simulate(replicas, 1, costs);
  let low = 1;
  let high = (1000 / costs.cpuMs) * replicas;
  for (let step = 0; step < 9; step += 1) {
    const rate = (low + high) / 2;
    const outcome = simulate(replicas, rate, costs);
    const works = outcome.p99 <= MOST_ADDED_MS && outcome.longestWait <= LOCK_WAIT_MS;
    if (works) {
      good = outcome;
      low = rate;
    } else high = rate;
  }
  const limit = good.lockBusy > good.cpuBusy ? 'the chain’s lock' : 'the replicas’ cores';
  return { ...good, limit };
}

interface Item {
  kind: 'begin' | 'end';
  arrived: number;
}

interface Replica {
  cpuFreeAt: number;
  waiting: Item[];
  committing: boolean;
}

export function simulate(replicas: number, perSecond: number, costs: Costs): Outcome {
  const random = randomFrom(1);
  const all = Array.from(
    { length: replicas },
    (): Replica => ({ cpuFreeAt: 0, waiting: [], committing: false }),
  );
  const events = new Events();
  const added: number[] = [];
  const queue: { since: number; hold: number; release: (at: number) => void }[] = [];
  let held = false;
  let lockBusyMs = 0;
  let cpuBusyMs = 0;
  let longestWait = 0;

  const takeLock = (now: number) => {
    const next = held ? undefined : queue.shift();
    if (next === undefined) return;
    held = true;
    longestWait = Math.max(longestWait, now - next.since);
    lockBusyMs += next.hold;
    events.at(now + next.hold, (at) => {
      held = false;
      next.release(at);
      takeLock(at);
    });
  };

  const commit = (replica: Replica, now: number) => {
    if (replica.committing || replica.waiting.length === 0) return;
    replica.committing = true;
    const batch = replica.waiting.splice(0, LARGEST_BATCH);
    const ends = batch.filter(({ kind }) => kind === 'end').length;
    const begins = batch.length - ends;
    const done = (at: number) => {
      replica.committing = false;
      for (const { kind, arrived } of batch) {
        if (kind === 'end') {
          if (arrived > WARM_UP_MS) added.push(at - arrived - VENDOR_MS);
        } else events.at(at + VENDOR_MS, (back) => hand(replica, { kind: 'end', arrived }, back));
      }
      commit(replica, at);
    };
    const beginning = begins === 0 ? 0 : costs.beginRowMs * (begins - 1);
    if (ends === 0) {
      events.at(now + costs.beginMs + beginning, done);
      return;
    }
    // Until the head of the chain is read nothing is locked: the transaction has begun, and the attempts are deleted.
    const before = Math.min(2 * costs.roundTripMs, costs.endMs);
    // A statement more, inside of the same transaction, if it begins updates too.
    const hold =
      costs.endMs - before + costs.endRowMs * (ends - 1) + (begins > 0 ? costs.roundTripMs + beginning : 0);
    events.at(now + before, (at) => {
      queue.push({ since: at, hold, release: done });
      takeLock(at);
    });
  };

  const hand = (replica: Replica, item: Item, now: number) => {
    replica.waiting.push(item);
    commit(replica, now);
  };

  const arrive = (now: number) => {
    const replica = all[Math.floor(random() * replicas)];
    if (replica) {
      replica.cpuFreeAt = Math.max(now, replica.cpuFreeAt) + costs.cpuMs;
      cpuBusyMs += costs.cpuMs;
      events.at(replica.cpuFreeAt, (at) => hand(replica, { kind: 'begin', arrived: now }, at));
    }
    const next = now - (Math.log(1 - random()) * 1000) / perSecond;
    if (next < SIMULATED_MS) events.at(next, arrive);
  };

  events.at(0, arrive);
  events.run(SIMULATED_MS + MOST_ADDED_MS);
  const sorted = added.sort((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.POSITIVE_INFINITY;
  const expected = (perSecond * (SIMULATED_MS - WARM_UP_MS)) / 1000;
  const answered = sorted.length / Math.max(1, expected);
  return {
    rate: perSecond,
    p50: quantile(0.5),
    // Who is not answered by the end has waited for longest.
    p99: answered < 0.97 && expected > 100 ? Number.POSITIVE_INFINITY : quantile(0.99),
    cpuBusy: Math.min(1, cpuBusyMs / SIMULATED_MS / replicas),
    lockBusy: Math.min(1, lockBusyMs / SIMULATED_MS),
    longestWait,
  };
}

/** What happens next: a heap by time. */
class Events {
  readonly #heap: { time: number; run: (at: number) => void }[] = [];

  at(time: number, run: (at: number) => void): void {
    const heap = this.#heap;
    let index = heap.push({ time, run }) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (timeAt(heap, parent) <= timeAt(heap, index)) break;
      swap(heap, parent, index);
      index = parent;
    }
  }

  run(until: number): void {
    for (let next = this.#next(); next !== undefined && next.time <= until; next = this.#next())
      next.run(next.time);
  }

  #next() {
    const heap = this.#heap;
    if (heap.length > 0) swap(heap, 0, heap.length - 1);
    const next = heap.pop();
    for (let index = 0; ; ) {
      const left = 2 * index + 1;
      const least = timeAt(heap, left + 1) < timeAt(heap, left) ? left + 1 : left;
      if (timeAt(heap, index) <= timeAt(heap, least)) return next;
      swap(heap, index, least);
      index = least;
    }
  }
}

function timeAt(heap: readonly { time: number }[], index: number): number {
  return heap[index]?.time ?? Number.POSITIVE_INFINITY;
}

function swap<Entry>(heap: Entry[], one: number, other: number): void {
  const [a, b] = [heap[one], heap[other]];
  if (a === undefined || b === undefined) return;
  heap[one] = b;
  heap[other] = a;
}

/** The same numbers each time (mulberry32), so that two runs of one setting agree. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
