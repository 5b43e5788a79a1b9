/** The lists that are kept for a while: the latest of each connection, and those that cursors still point into. */
import NodeCache from 'node-cache';
import type { VendorConnection } from '../connection/connection';
import { Deadline, within } from '../lib/deadline';
import { Problem } from '../problem';
import { listProblem } from './listFailure';
import { readSnapshot, type Snapshot } from './snapshot';

/** For how long a cursor is good. */
export const CURSOR_SECONDS = 300;
/** A longer list is read on for the next request; longer than this it is given up. */
const READING_MS = 300_000;
/** How long a request waits for a list that is being read. */
const WAITING_MS = 30_000;
/** Lists of one connection that cursors may point into. What they have in common is kept once. */
const MOST_KEPT = 50;

interface Kept {
  connection: VendorConnection;
  snapshot: Snapshot;
  /** Milliseconds of the monotonic clock: the end of its reading. */
  readAt: number;
  /** By the same clock: until when its cursors are good. */
  goodUntil: number;
  /** Whether a cursor was given that points into it. */
  hasCursor: boolean;
}

/** What is going on at one connection. At most one list is read at a time. */
interface Reading {
  /** Of the list that was read last. */
  latest?: string;
  /** Kept for their cursors, oldest first. */
  walked: string[];
  current?: Promise<Kept>;
  /** Begins after `current`: whoever wants what is stored now cannot share a reading that has begun before. */
  queued?: Promise<Kept>;
}

export class StaffLists {
  readonly #now: () => number;
  readonly #kept = new NodeCache({ stdTTL: CURSOR_SECONDS, checkperiod: 30, useClones: false });
  readonly #readings = new WeakMap<VendorConnection, Reading>();

  /** @param now milliseconds of a monotonic clock */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * The list as it was read a short while ago, or as it is read now; requests at the same time share one reading.
   * @param fresh reads it anew
   * @throws Problem if it cannot be read to its end
   */
  async current(
    connection: VendorConnection,
    fresh: boolean,
  ): Promise<{ snapshot: Snapshot; source: 'live' | 'cache' }> {
    const reading = this.#readingOf(connection);
    const latest = this.#latest(reading);
    const ageLimit = connection.config.listCacheSeconds * 1000;
    if (!fresh && latest && this.#now() - latest.readAt < ageLimit) {
      return { snapshot: latest.snapshot, source: 'cache' };
    }
    const { snapshot } = await within(WAITING_MS, this.#begin(connection, reading, fresh), () => {
      throw stillReading(connection);
    });
    return { snapshot, source: 'live' };
  }

  /** The list that a cursor of this connection points into, while it is kept. */
  at(connection: VendorConnection, id: string): Snapshot | undefined {
    const kept = this.#kept.get<Kept>(id);
    if (kept?.connection !== connection) return undefined;
    return this.#now() < kept.goodUntil ? kept.snapshot : undefined;
  }

  /**
   * A cursor is given that points into this list.
   * @param begins whether a walk through it begins: it has the whole time, however old the list is
   */
  keepForCursor(connection: VendorConnection, snapshot: Snapshot, begins: boolean): void {
    const { id } = snapshot;
    const kept = this.#kept.get<Kept>(id);
    if (kept?.hasCursor && !begins) return;
    const now = this.#now();
    // Set anew, so that it is kept for as long; a newer one may also have come meanwhile.
    this.#kept.set(id, {
      ...{ connection, snapshot, hasCursor: true },
      ...{ readAt: kept?.readAt ?? now, goodUntil: now + CURSOR_SECONDS * 1000 },
    });
    if (kept?.hasCursor) return;
    const { walked } = this.#readingOf(connection);
    walked.push(id);
    for (const old of walked.splice(0, walked.length - MOST_KEPT)) this.#kept.del(old);
  }

  #latest({ latest }: Reading): Kept | undefined {
    return latest === undefined ? undefined : this.#kept.get<Kept>(latest);
  }

  #readingOf(connection: VendorConnection): Reading {
    const known = this.#readings.get(connection);
    if (known) return known;
    const reading: Reading = { walked: [] };
    this.#readings.set(connection, reading);
    return reading;
  }

  #begin(connection: VendorConnection, reading: Reading, fresh: boolean): Promise<Kept> {
    const { current } = reading;
    if (current === undefined) return this.#read(connection, reading);
    if (!fresh) return current;
    reading.queued ??= current.then(
      () => this.#read(connection, reading),
      () => this.#read(connection, reading),
    );
    return reading.queued;
  }

  #read(connection: VendorConnection, reading: Reading): Promise<Kept> {
    delete reading.queued;
    const current = readSnapshot(connection, new Deadline(READING_MS), this.#latest(reading)?.snapshot)
      .then((snapshot) => this.#keep(connection, reading, snapshot))
      .catch((error) => {
        throw listProblem(error, connection);
      })
      .finally(() => {
        if (reading.current === current) delete reading.current;
      });
    reading.current = current;
    // All who wanted it may have given up.
    current.catch(() => undefined);
    return current;
  }

  #keep(connection: VendorConnection, reading: Reading, snapshot: Snapshot): Kept {
    const latest = this.#latest(reading);
    if (latest && !latest.hasCursor) this.#kept.del(latest.snapshot.id);
    const now = this.#now();
    const kept = {
      connection,
      snapshot,
      readAt: now,
      goodUntil: now + CURSOR_SECONDS * 1000,
      hasCursor: false,
    };
    this.#kept.set(snapshot.id, kept);
    reading.latest = snapshot.id;
    return kept;
  }
}

function stillReading({ title }: VendorConnection): Problem {
  return new Problem('vendor_unavailable', `${title}: the list is still being read. Come again for it.`, {
    headers: { 'retry-after': '5' },
  });
}
