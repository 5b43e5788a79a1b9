/**
 * One side of a move: what a connection holds of many records, as the vendor shows it now. By the vendor's list if it has one, so
 * that ten thousand people are not ten thousand reads; kept as text, which takes a fraction of the memory.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { VendorRecord } from '../adapter/contract';
import { partOf } from '../adapter/resources';
import type { VendorConnection } from '../connection/connection';
import { VendorFailure } from '../connection/failure';
import { ListChanged } from '../connection/list';
import { showRecord, tableOf } from '../directory/record';
import { Deadline } from '../lib/deadline';
import { isObject } from '../lib/json';
import { atOnce } from './atOnce';
import { patiently } from './patience';
import type { Watch } from './watch';

/** What was found of one record. `unread`: nobody knows, for this reason. */
export type Found = { record: VendorRecord } | { absent: true } | { unread: VendorFailure };

export interface Side {
  /** When reading began. ISO 8601, UTC. */
  readonly asOf: string;
  /** Why not all of it could be read; undefined: it is whole. */
  readonly incomplete: VendorFailure | undefined;
  find(recordId: string): Found;
  /** The record as text; undefined if it was not found. */
  textOf(recordId: string): string | undefined;
  /** The ids of all records that the vendor lists, in its order; undefined if it lists none, or not to the end. */
  readonly listed: ReadonlySet<string> | undefined;
  /** Pages of the list that were read, also if it could not be read to its end. */
  readonly pages: number;
}

export interface SideOptions extends Watch {
  /** The records that matter. Absent: all that the vendor lists, for which it must have a list. */
  wanted?: ReadonlySet<string>;
  /** On whose behalf: a clinic. */
  owner: string;
  /** Whether a record that was found is kept, by its text; absent: all are. Of others it is said that they are absent. */
  keeps?: (recordId: string, text: string) => boolean;
  /** Names of further resources that records are read from; default: all. */
  resources?: readonly string[];
  /** Whether it matters that the list is whole, although certain records are wanted. */
  whole?: boolean;
}

/** For all pages of a list together. */
const LONGEST_LIST_MS = 30 * 60_000;
/** So often a list is begun that changes while it is read. */
const ATTEMPTS = 3;
/** Reads of single records at the same time: others use the connection too. */
const MOST_READS = 10;
/** So many reads that have failed in passing are tried again, after so long. */
const MOST_WAITS = 20;
const LONGEST_WAIT_SECONDS = 10;
/** Records between two looks for what else there is to do. */
const AT_A_TIME = 200;

/** Sends nothing but reads. @throws the reason of an aborted signal */
export async function readSide(connection: VendorConnection, options: SideOptions): Promise<Side> {
  const reading = new Reading(connection, options);
  return reading.run();
}

class Reading {
  readonly #connection: VendorConnection;
  readonly #options: SideOptions;
  readonly #asOf = new Date().toISOString();
  readonly #texts = new Map<string, string>();
  readonly #unread = new Map<string, VendorFailure>();
  readonly #listed = new Set<string>();
  /** Found, and not kept. */
  readonly #dropped = new Set<string>();
  #pages = 0;
  #waits = 0;
  #incomplete: VendorFailure | undefined;
  /** Whether the vendor counts more than it lists. */
  #isShort = false;
  /** Why there is no list; nothing is known then. */
  #noList: VendorFailure | undefined;

  constructor(connection: VendorConnection, options: SideOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async run(): Promise<Side> {
    const { adapter } = this.#connection;
    const { wanted } = this.#options;
    const listed = adapter.list !== undefined && (await this.#readList());
    if (wanted === undefined) {
      if (adapter.list === undefined) this.#incomplete = noList();
    } else if (listed) await this.#readEach(await this.#leftBy(wanted));
    else if (adapter.list === undefined || this.#isListTooLong(wanted)) {
      this.#noList = undefined;
      this.#incomplete = undefined;
      await this.#readEach([...wanted]);
    }
    return {
      asOf: this.#asOf,
      incomplete: this.#incomplete,
      find: (id) => this.#find(id),
      textOf: (id) => this.#texts.get(id),
      listed: listed && !this.#isShort ? this.#listed : undefined,
      pages: this.#pages,
    };
  }

  #find(id: string): Found {
    const text = this.#texts.get(id);
    if (text !== undefined) {
      const record: unknown = JSON.parse(text);
      if (isObject(record)) return { record };
    }
    const unread = this.#unread.get(id) ?? this.#noList;
    return unread === undefined ? { absent: true } : { unread };
  }

  /** @returns whether it was read to its end */
  async #readList(): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#readPages();
        return true;
      } catch (error) {
        if (error instanceof ListChanged && attempt < ATTEMPTS) continue;
        this.#noList = failureIn(error);
        this.#incomplete = this.#noList;
        // A part of a list is no list: what is not in it may well be there.
        this.#texts.clear();
        return false;
      }
    }
  }

  async #readPages(): Promise<void> {
    const { wanted, onStep, signal } = this.#options;
    this.#texts.clear();
    this.#listed.clear();
    this.#pages = 0;
    let seen = 0;
    let missing = 0;
    const whole = new Deadline(LONGEST_LIST_MS, this.#options.owner);
    for await (const page of this.#connection.list(whole, this.#options.resources)) {
      for (const { id, record } of page.records) {
        seen += 1;
        if (seen % AT_A_TIME === 0) await nextTurn();
        this.#listed.add(id);
        if (wanted === undefined || wanted.has(id)) this.#keep(id, record);
      }
      this.#pages += 1;
      missing += page.missing;
      signal?.throwIfAborted();
      onStep?.({ name: this.#name(), done: this.#texts.size, total: wanted?.size });
    }
    // What is wanted and not listed is read by itself.
    if (missing > 0 && (wanted === undefined || this.#options.whole)) {
      this.#isShort = true;
      this.#incomplete = notRead('unavailable', `The vendor counts ${missing} records more than it lists.`);
    }
  }

  /** All in one answer, and there are so many that nobody would read it: each can still be read by itself. */
  #isListTooLong([sample]: Iterable<string>): boolean {
    const { adapter } = this.#connection;
    const isOnlyList = sample !== undefined && adapter.list?.first.path === adapter.read(sample).path;
    return this.#noList?.tooLarge === true && !isOnlyList;
  }

  #keep(id: string, record: VendorRecord): void {
    const text = JSON.stringify(record);
    if (this.#options.keeps?.(id, text) === false) this.#dropped.add(id);
    else this.#texts.set(id, text);
  }

  /** The wanted records that have to be read by themselves. */
  async #leftBy(wanted: ReadonlySet<string>): Promise<string[]> {
    const { adapter } = this.#connection;
    const missing = [...wanted].filter((id) => !this.#dropped.has(id) && !this.#isWhole(id));
    // To read one is to read the list: it would show nothing else.
    const sample = missing[0];
    if (sample !== undefined && adapter.list?.first.path === adapter.read(sample).path) return [];
    return (await this.#listShowsLess()) ? [...wanted] : missing;
  }

  /** Listed, with all parts that it leads to: the list of a further resource may lack some. */
  #isWhole(id: string): boolean {
    const { resources = this.#connection.resources } = this.#options;
    if (resources.length === 0) return this.#texts.has(id);
    const found = this.#find(id);
    if (!('record' in found)) return false;
    return resources.every(
      (name) =>
        this.#connection.idOfPart(name, found.record) === undefined ||
        partOf(found.record, name) !== undefined,
    );
  }

  /** Whether a record that is read by itself shows fields which it does not show in the list. */
  async #listShowsLess(): Promise<boolean> {
    if (this.#options.resources?.length === 0) return false;
    const [id, text] = this.#texts.entries().next().value ?? [];
    if (id === undefined || text === undefined) return false;
    const table = tableOf(this.#connection.adapter);
    const listed = shownIn(table, JSON.parse(text));
    if (listed.complete) return false;
    try {
      const alone = shownIn(table, await this.#read(id));
      return alone.count > listed.count;
    } catch (error) {
      if (error instanceof VendorFailure) return false;
      throw error;
    }
  }

  async #readEach(ids: readonly string[]): Promise<void> {
    const { onStep, signal } = this.#options;
    let done = 0;
    const readOne = async (id: string) => {
      await this.#readOne(id);
      done += 1;
      onStep?.({ name: this.#name(), done, total: ids.length });
    };
    const most = Math.min(MOST_READS, this.#connection.config.maxConcurrent);
    await atOnce(ids, most, readOne, signal);
  }

  async #readOne(id: string): Promise<void> {
    if (!this.#connection.admits(id)) return;
    try {
      this.#keep(id, await this.#read(id));
    } catch (error) {
      this.#texts.delete(id);
      if (error instanceof VendorFailure && error.kind === 'record_not_found') return;
      const failure = failureIn(error);
      if (this.#mayWait(failure)) {
        await sleep(1000 * Math.min(failure.retryAfter ?? 1, LONGEST_WAIT_SECONDS));
        return this.#readOne(id);
      }
      this.#unread.set(id, failure);
      this.#incomplete ??= failure;
    }
  }

  /** One read of ten thousand that comes too late must not spoil all; a vendor that is away is not waited for. */
  #mayWait({ kind }: VendorFailure): boolean {
    this.#options.signal?.throwIfAborted();
    if ((kind !== 'timeout' && kind !== 'unavailable') || this.#waits === MOST_WAITS) return false;
    this.#waits += 1;
    return true;
  }

  #read(id: string): Promise<VendorRecord> {
    const { config } = this.#connection;
    return patiently(() => {
      const deadline = new Deadline(config.timeoutMs, this.#options.owner);
      return this.#connection.read(id, deadline, undefined, this.#options.resources);
    }, this.#options.signal);
  }

  #name(): string {
    return `reading ${this.#connection.name}`;
  }
}

/** @throws what is no failure of the vendor */
function failureIn(error: unknown): VendorFailure {
  if (error instanceof VendorFailure) return error;
  if (error instanceof ListChanged) {
    return notRead('unavailable', 'The vendor’s list has changed each time while it was read.');
  }
  throw error;
}

function noList(): VendorFailure {
  return notRead('unexpected_response', 'The vendor has no list of its records.');
}

function notRead(kind: VendorFailure['kind'], reason: string): VendorFailure {
  return new VendorFailure({ kind, fate: 'refused', reason });
}

function shownIn(table: ReturnType<typeof tableOf>, record: unknown): { count: number; complete: boolean } {
  const { fields, unreadable, complete } = showRecord(table, isObject(record) ? record : {});
  return { count: Object.keys(fields).length + unreadable.length, complete };
}
