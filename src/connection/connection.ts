/**
 * One configured vendor connection: sends what an adapter describes and gives back records or one kind of failure. A staff
 * record may be kept in several resources; here they become one.
 */

import NodeCache from 'node-cache';
import type {
  Adapter,
  AdapterModule,
  RecordAccess,
  RecordList,
  VendorRecord,
  VendorRequest,
} from '../adapter/contract';
import { primaryOf, withPart } from '../adapter/resources';
import type { VendorConfig } from '../config/types';
import { Deadline } from '../lib/deadline';
import { isObject } from '../lib/json';
import { SlidingLimit } from '../lib/limits';
import { shared } from '../lib/shared';
import { Calls, type ConnectionSurroundings } from './calls';
import { isNotFound, unexpectedResponse, VendorFailure } from './failure';
import type { BreakerState } from './guard';
import { plainHeaders } from './headers';
import { readJoined } from './joinedList';
import type { ListPage } from './list';
import type { VendorObserver } from './observer';
import type { GoneSignal } from './transport';

export type { ConnectionSurroundings } from './calls';

/** What a dry run shows: everything that would go out, credentials masked. */
export interface ShownRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: VendorRequest['body'];
}

/** What is to be written to one record. */
export interface RecordWrite {
  /** The further resource that it is a record of; undefined: the primary one. */
  resource: string | undefined;
  id: string;
  /** New values by the keys of the table. */
  body: VendorRecord;
  /** The record that this was planned on, if one was read. */
  current?: VendorRecord | undefined;
}

const MASK = '***';

/** For how long it is remembered which records lead to a part: it seldom changes, and only a warning depends on it. */
const OWNERS_SECONDS = 60;
const MOST_OWNERS = 10_000;

const NAMES_MS = 300_000;
/** A read does not wait longer for names. */
const NAMES_PATIENCE_MS = 1_000;

export class VendorConnection {
  readonly name: string;
  readonly title: string;
  readonly config: VendorConfig;
  readonly adapter: Adapter;
  readonly observer: VendorObserver | undefined;
  readonly #calls: Calls;
  readonly #owners = new NodeCache({ stdTTL: OWNERS_SECONDS, checkperiod: OWNERS_SECONDS, useClones: false });
  /** Half of the ceiling: a long list leaves room for updates. */
  readonly #listPace: SlidingLimit | undefined;

  /** @param name the connection's name in the configuration */
  constructor(
    name: string,
    config: VendorConfig,
    module: AdapterModule,
    surroundings: ConnectionSurroundings = {},
  ) {
    this.name = name;
    this.observer = surroundings.observer;
    this.title = module.title;
    this.config = config;
    this.adapter = module.connect(config);
    this.#calls = new Calls(this, surroundings);
    if (config.rateLimit) {
      const { requests, perSeconds } = config.rateLimit;
      this.#listPace = new SlidingLimit({ requests: Math.max(1, Math.floor(requests / 2)), perSeconds });
    }
  }

  /** True if the id could exist at this vendor. */
  admits(recordId: string): boolean {
    return this.adapter.recordId.test(recordId);
  }

  /** Whether calls are made at present. */
  get breaker(): BreakerState {
    return this.#calls.breaker;
  }

  /** Calls under way, and those that wait for one of them to end. */
  get load(): { inFlight: number; waiting: number } {
    return this.#calls.load;
  }

  /**
   * Sends a read of the vendor's reference data, once, with the connection's credentials.
   * @throws VendorFailure
   */
  async probe(request: VendorRequest, deadline: Deadline): Promise<unknown> {
    return this.#calls.once(request, { deadline });
  }

  /**
   * Reads one staff record: its primary record and those of further resources.
   * @param gone calls the read off
   * @param resources names of further resources; default: all that there are
   * @throws VendorFailure, `record_not_found` among them; CallCancelled once `gone` is aborted
   */
  async read(
    recordId: string,
    deadline: Deadline,
    gone?: GoneSignal,
    resources: readonly string[] = this.resources,
  ): Promise<VendorRecord> {
    const primary = await this.readOne(undefined, recordId, deadline, gone);
    return this.readParts(primary, resources, deadline, gone);
  }

  /** Names of the further resources that a staff record is kept in. */
  get resources(): readonly string[] {
    return this.adapter.also?.map(({ name }) => name) ?? [];
  }

  /** The record with those of further resources beside it that were read now; parts that are not there are left out. */
  async readParts(
    record: VendorRecord,
    resources: readonly string[],
    deadline: Deadline,
    gone?: GoneSignal,
  ): Promise<VendorRecord> {
    const parts = await Promise.all(
      resources.map(async (name) => {
        const id = this.idOfPart(name, record);
        return id === undefined ? undefined : await this.#part(name, id, deadline, gone);
      }),
    );
    return resources.reduce((whole, name, index) => {
      const part = parts[index];
      return part === undefined ? whole : withPart(whole, name, part);
    }, record);
  }

  /** The id of a staff record's part in a resource; undefined if the primary record leads to none. */
  idOfPart(resource: string | undefined, primary: VendorRecord): string | undefined {
    if (resource === undefined) return this.adapter.idOf(primary);
    return this.adapter.also?.find(({ name }) => name === resource)?.idIn(primary);
  }

  /** How the records of a resource are read and written; undefined: of the primary one. */
  accessTo(resource: string | undefined): RecordAccess {
    if (resource === undefined) return this.adapter;
    const found = this.adapter.also?.find(({ name }) => name === resource);
    if (found === undefined) throw new TypeError(`no resource is named ${resource}`);
    return found;
  }

  /**
   * Reads one record of one resource. Failed reads are repeated, with full jitter, as long as the deadline allows.
   * @param gone calls the read off
   * @throws VendorFailure, `record_not_found` among them; CallCancelled once `gone` is aborted
   */
  async readOne(
    resource: string | undefined,
    id: string,
    deadline: Deadline,
    gone?: GoneSignal,
  ): Promise<VendorRecord> {
    const access = this.accessTo(resource);
    try {
      const body = await this.#readOf(access, id, deadline, gone);
      return this.#recordIn(access, body, id);
    } catch (error) {
      const absent = this.adapter.also?.find(({ name }) => name === resource)?.absent;
      if (absent !== undefined && isNotFound(error)) return absent;
      throw error;
    }
  }

  /** At some vendors to read one record is to read all. */
  #readOf(
    access: RecordAccess & { list?: RecordList },
    id: string,
    deadline: Deadline,
    gone?: GoneSignal,
  ): Promise<unknown> {
    const request = access.read(id);
    const isList = access.list?.first.path === request.path;
    return this.#calls.read(request, { deadline, gone, isList });
  }

  async #part(
    name: string,
    id: string,
    deadline: Deadline,
    gone: GoneSignal | undefined,
  ): Promise<VendorRecord | undefined> {
    try {
      return await this.readOne(name, id, deadline, gone);
    } catch (error) {
      // The primary record leads nowhere.
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * Whether the vendor has a record of exactly this id. One that ignores case answers other spellings too, with the record
   * of somebody who may be linked elsewhere.
   * @throws VendorFailure, `record_not_found` among them
   */
  async has(recordId: string, deadline: Deadline): Promise<boolean> {
    const body = await this.#readOf(this.adapter, recordId, deadline);
    const record = this.adapter.record(body, recordId);
    if (record === undefined) throw unexpectedResponse('The vendor’s answer holds no record.');
    return record !== null && this.adapter.idOf(record) === recordId;
  }

  /** The vendor's names of its specialties by the caller's codes, kept for a while; empty if they cannot be read. Never fails. */
  readonly specialtyNames: () => Promise<ReadonlyMap<string, string>> = shared(NAMES_MS, async () => {
    const list = this.adapter.specialtyNames;
    if (list === undefined) return new Map();
    try {
      const deadline = new Deadline(Math.min(this.config.timeoutMs, NAMES_PATIENCE_MS));
      return list.names(await this.#calls.once(list.request, { deadline })) ?? new Map();
    } catch (error) {
      if (error instanceof VendorFailure) return new Map();
      throw error;
    }
  });

  /**
   * The ids of the primary records that lead to this part, as far as the vendor tells; kept for a while.
   * @throws VendorFailure
   */
  async ownersOf(resource: string, id: string, deadline: Deadline): Promise<readonly string[]> {
    const owners = this.adapter.also?.find(({ name }) => name === resource)?.owners?.(id);
    if (owners === undefined) return [];
    const key = `${resource} ${id}`;
    const kept = this.#owners.get<readonly string[]>(key);
    if (kept !== undefined) return kept;
    const ids = owners.ids(await this.#calls.once(owners.request, { deadline })) ?? [];
    if (this.#owners.getStats().keys < MOST_OWNERS) this.#owners.set(key, ids);
    return ids;
  }

  /**
   * Reads all records, page by page; a failed page is repeated as any read is. Each id is given once. The lists of further
   * resources are read before, so that each record has its parts as far as those lists have them.
   * @param whole bounds the time for all pages together; each has the time of one request besides
   * @param resources names of further resources; default: all that there are
   * @throws VendorFailure: what was read until then is not the whole list. TypeError at an adapter without a list
   */
  list(
    whole: Deadline,
    resources: readonly string[] = this.resources,
  ): AsyncGenerator<ListPage, void, undefined> {
    const pages = {
      whole,
      pace: this.#listPace,
      fetch: (request: VendorRequest) =>
        this.#calls.read(request, {
          isList: true,
          deadline: new Deadline(Math.min(this.config.timeoutMs, whole.remaining())),
        }),
    };
    return readJoined(this.adapter, resources, (id) => this.admits(id), pages);
  }

  /**
   * Writes once. A request is repeated only if its first attempt provably did nothing: no connection was made, the session
   * had ended, or the vendor asked to come back later.
   * @returns the record in the answer, or undefined from a vendor that only acknowledges
   * @throws VendorFailure whose `fate` says what is known
   */
  async write(write: RecordWrite, deadline: Deadline): Promise<VendorRecord | undefined> {
    const { id } = write;
    const access = this.accessTo(write.resource);
    const [first, ...others] = this.#requestsOf(write);
    let answer = first && (await this.#calls.write(first, { deadline }));
    for (const request of others) {
      answer = await this.#calls.write(request, { deadline }).catch((error) => {
        throw error instanceof VendorFailure ? halfWay(error) : error;
      });
    }
    // Nothing was said, so that a read has to show it.
    if (answer === undefined || access.acknowledges?.(answer)) return undefined;
    if (access.answers === 'record') return this.#recordIn(access, answer, id);
    this.#checkId(access, isObject(answer) ? answer : {}, id);
    return undefined;
  }

  #requestsOf({ resource, id, body, current }: RecordWrite): readonly VendorRequest[] {
    const access = this.accessTo(resource);
    const planned =
      current === undefined ? access.write(id, body) : access.write(id, body, primaryOf(current));
    return 'method' in planned ? [planned] : planned;
  }

  /** The requests that `write` would send, in order. */
  show(write: RecordWrite): ShownRequest[] {
    const secret = this.adapter.authorize(this.adapter.login ? MASK : undefined);
    const masked = Object.fromEntries(Object.keys(secret).map((name) => [name, MASK]));
    return this.#requestsOf(write).map((request) => ({
      method: request.method,
      url: this.config.baseUrl + request.path,
      headers: { ...plainHeaders(request), ...masked },
      ...(request.body && { body: request.body }),
    }));
  }

  /** Waits for calls in flight, then closes the connections. */
  async close(): Promise<void> {
    this.#owners.close();
    await this.#calls.close();
  }

  #recordIn(access: RecordAccess, body: unknown, id: string): VendorRecord {
    const record = access.record(body, id);
    if (record === undefined) throw unexpectedResponse('The vendor’s answer holds no record.');
    if (record === null) {
      throw new VendorFailure({
        kind: 'record_not_found',
        fate: 'refused',
        reason: 'The vendor lists no such record.',
      });
    }
    this.#checkId(access, record, id);
    this.observer?.record(this, record, access);
    return record;
  }

  #checkId(access: RecordAccess, record: VendorRecord, id: string): void {
    const shown = access.idOf?.(record);
    if (shown !== undefined && shown !== id) {
      throw unexpectedResponse('The vendor’s answer is about another record.');
    }
  }
}

/** What stands before it in the same write was done. */
function halfWay(failure: VendorFailure): VendorFailure {
  const { kind, status, vendorCode, complaints, retryAfter, late, reason } = failure;
  return new VendorFailure({
    ...{ kind, complaints, late, reason },
    fate: 'half_done',
    ...(status !== undefined && { status }),
    ...(vendorCode !== undefined && { vendorCode }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}
