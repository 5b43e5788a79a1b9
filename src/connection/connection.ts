/**
 * One configured vendor connection: sends what an adapter describes and gives back records or one kind of failure.
 * Authorisation, sessions, deadlines, retries, the breaker, the cap on concurrency and the vendor's limits live here,
 * once for all vendors.
 */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  Adapter,
  AdapterModule,
  FailureKind,
  Login,
  RecordAccess,
  VendorRecord,
  VendorRequest,
} from '../adapter/contract';
import { withPart } from '../adapter/resources';
import { retryAfterHeader } from '../adapter/retryAfter';
import type { VendorConfig } from '../config/types';
import { Deadline } from '../lib/deadline';
import { isObject } from '../lib/json';
import { SlidingLimit } from '../lib/limits';
import type { Ceilings } from '../store/ceilings';
import { failureIn, unexpectedResponse, type VendorAnswer, VendorFailure } from './failure';
import { type BreakerState, Guard, isOutage } from './guard';
import { plainHeaders, requestHeaders } from './headers';
import { type ListPage, readPages } from './list';
import { type ObservedCall, type Operation, outcomeOf, type VendorObserver } from './observer';
import { type Session, Sessions } from './sessions';
import type { GoneSignal } from './transport';
import { Wire } from './wire';

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

/** Longer pauses between calls that were too fast are not believed; a used-up quota may well last for weeks. */
const LONGEST_PAUSE_SECONDS = 3600;

/** What limits one call: its time, and whether somebody still waits for it. */
interface CallLimits {
  deadline: Deadline;
  gone?: GoneSignal | undefined;
}

/** What connections have in common. */
export interface ConnectionSurroundings {
  /** Hears of every vendor call. */
  observer?: VendorObserver | undefined;
  /** Absent where this process is the only one. */
  ceilings?: Ceilings | undefined;
}

export class VendorConnection {
  readonly name: string;
  readonly title: string;
  readonly config: VendorConfig;
  readonly adapter: Adapter;
  readonly #wire: Wire;
  readonly observer: VendorObserver | undefined;
  readonly #guard: Guard;
  readonly #sessions: Sessions | undefined;
  /** Half of the ceiling: a long list leaves room for updates. */
  readonly #listPace: SlidingLimit | undefined;

  /** @param name the connection's name in the configuration */
  constructor(
    name: string,
    config: VendorConfig,
    module: AdapterModule,
    { observer, ceilings }: ConnectionSurroundings = {},
  ) {
    this.name = name;
    this.observer = observer;
    this.title = module.title;
    this.config = config;
    this.adapter = module.connect(config);
    this.#wire = new Wire(config, this.adapter);
    const watch = {
      opened: (kind: FailureKind) => this.observer?.paused(this, kind),
      closed: () => this.observer?.resumed(this),
    };
    this.#guard = new Guard(config, watch, ceilings && ((limit) => ceilings.of(`vendor ${name}`, limit)));
    if (config.rateLimit) {
      const { requests, perSeconds } = config.rateLimit;
      this.#listPace = new SlidingLimit({ requests: Math.max(1, Math.floor(requests / 2)), perSeconds });
    }
    const { login } = this.adapter;
    if (login) this.#sessions = new Sessions(() => this.#logIn(login), isRefusedLogin);
  }

  /** True if the id could exist at this vendor. */
  admits(recordId: string): boolean {
    return this.adapter.recordId.test(recordId);
  }

  /** Whether calls are made at present. */
  get breaker(): BreakerState {
    return this.#guard.state;
  }

  /** Calls under way, and those that wait for one of them to end. */
  get load(): { inFlight: number; waiting: number } {
    return this.#guard.load;
  }

  /**
   * Sends a read of the vendor's reference data, once, with the connection's credentials.
   * @throws VendorFailure
   */
  async probe(request: VendorRequest, deadline: Deadline): Promise<unknown> {
    return this.#call(request, { deadline });
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
    const limits = { deadline, gone };
    try {
      const body = await this.#repeated(
        limits,
        () => true,
        () => this.#call(access.read(id), limits),
      );
      return this.#recordIn(access, body, id);
    } catch (error) {
      const absent = this.adapter.also?.find(({ name }) => name === resource)?.absent;
      if (absent !== undefined && isNotFound(error)) return absent;
      throw error;
    }
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
    const limits = { deadline };
    const body = await this.#repeated(
      limits,
      () => true,
      () => this.#call(this.adapter.read(recordId), limits),
    );
    const record = this.adapter.record(body, recordId);
    if (record === undefined) throw unexpectedResponse('The vendor’s answer holds no record.');
    return record !== null && this.adapter.idOf(record) === recordId;
  }

  /**
   * Reads all records, page by page; a failed page is repeated as any read is. Each id is given once.
   * @param whole bounds the time for all pages together; each has the time of one request besides
   * @throws VendorFailure: what was read until then is not the whole list. TypeError at an adapter without a list
   */
  list(whole: Deadline): AsyncGenerator<ListPage> {
    const { list, idOf } = this.adapter;
    if (list === undefined) throw new TypeError('this vendor has no list');
    return readPages(list, {
      whole,
      pace: this.#listPace,
      idOf: (record) => {
        const id = idOf(record);
        return id !== undefined && this.admits(id) ? id : undefined;
      },
      fetch: (request) => {
        const limits = { deadline: new Deadline(Math.min(this.config.timeoutMs, whole.remaining())) };
        return this.#repeated(
          limits,
          () => true,
          () => this.#call(request, limits),
        );
      },
    });
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
    let answer: unknown;
    for (const [index, request] of this.#requestsOf(write).entries()) {
      answer = await this.#writeOne(request, deadline).catch((error) => {
        throw index > 0 && error instanceof VendorFailure ? halfWay(error) : error;
      });
    }
    // Nothing was said, so that a read has to show it.
    if (answer === undefined) return undefined;
    if (access.answers === 'record') return this.#recordIn(access, answer, id);
    this.#checkId(access, isObject(answer) ? answer : {}, id);
    return undefined;
  }

  #writeOne(request: VendorRequest, deadline: Deadline): Promise<unknown> {
    const limits = { deadline };
    return this.#repeated(
      limits,
      (failure) => failure.fate === 'not_sent',
      () => this.#call(request, limits),
    );
  }

  #requestsOf({ resource, id, body, current }: RecordWrite): readonly VendorRequest[] {
    const access = this.accessTo(resource);
    return [current === undefined ? access.write(id, body) : access.write(id, body, current)].flat();
  }

  /** The requests that `write` would send, in order. */
  show(write: RecordWrite): ShownRequest[] {
    const secret = this.adapter.authorize(this.#sessions ? MASK : undefined);
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
    await this.#wire.close();
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

  async #repeated<T>(
    { deadline, gone }: CallLimits,
    mayRepeat: (failure: VendorFailure) => boolean,
    attempt: () => Promise<T>,
  ): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof VendorFailure) || tries >= this.config.readRetries) throw error;
        const pause = this.#pauseBefore(error, tries, mayRepeat);
        if (pause === undefined || pause >= deadline.remaining() || gone?.aborted) throw error;
        if (!this.#guard.mayRetry()) throw error;
        await sleep(pause);
      }
    }
  }

  /** Milliseconds to wait before the next try; undefined if there must be none. */
  #pauseBefore(
    failure: VendorFailure,
    tries: number,
    mayRepeat: (failure: VendorFailure) => boolean,
  ): number | undefined {
    if (failure.kind === 'rate_limited') return (failure.retryAfter ?? 1) * 1000;
    // While calls are paused, or too many are waiting, another try would only add to the crowd.
    if (failure.fate === 'not_sent' && failure.retryAfter !== undefined) return undefined;
    if (!isOutage(failure) || !mayRepeat(failure)) return undefined;
    return Math.max(Math.random() * Math.min(2000, 100 * 2 ** tries), (failure.retryAfter ?? 0) * 1000);
  }

  #call(request: VendorRequest, limits: CallLimits): Promise<unknown> {
    return this.#sessions
      ? this.#callWithin(this.#sessions, request, limits)
      : this.#send(request, undefined, limits);
  }

  /** One call with a session that is renewed once if the vendor says that it has ended. */
  async #callWithin(sessions: Sessions, request: VendorRequest, limits: CallLimits): Promise<unknown> {
    const session = await this.#within(sessions.current(), limits);
    try {
      return await this.#send(request, session, limits);
    } catch (error) {
      if (!(error instanceof VendorFailure) || error.kind !== 'session_expired') throw error;
      const renewed = await this.#within(sessions.replacing(session), limits);
      return await this.#send(request, renewed, limits).catch((second) => {
        throw second instanceof VendorFailure && second.kind === 'session_expired'
          ? credentialsRejected(second)
          : second;
      });
    }
  }

  /** A login is shared by many requests, so each waits for it only as long as its own deadline allows. */
  #within(login: Promise<string>, { deadline }: CallLimits): Promise<string> {
    return deadline.within(login, () => {
      throw loginFailed(
        new VendorFailure({ kind: 'timeout', fate: 'not_sent', reason: 'It did not end in time.' }),
      );
    });
  }

  /** One observed and guarded exchange: the body of a good answer. */
  async #send(
    request: VendorRequest,
    session: string | undefined,
    limits: CallLimits,
    operation: Operation = request.method === 'GET' ? 'read' : 'write',
  ): Promise<unknown> {
    const call = this.observer?.begin(this, operation, limits.deadline.requestId);
    const isLogin = operation === 'login';
    try {
      const exchange = () => this.#exchange(request, session, { ...limits, isLogin }, call);
      const { answer, failure } = await this.#guard.run(exchange, limits.deadline);
      this.#noteLimits(answer, failure);
      // Without a login there is no other session to be had.
      if (failure?.kind === 'session_expired' && !this.#sessions) throw credentialsRejected(failure);
      if (failure) throw failure;
      if (answer.body === undefined && !(request.mayAnswerNothing && answer.isEmpty)) {
        throw unexpectedResponse('The vendor’s answer is not JSON.', answer.status);
      }
      call?.end('ok', answer.status);
      return answer.body;
    } catch (error) {
      call?.end(outcomeOf(error), error instanceof VendorFailure ? error.status : undefined);
      throw error;
    }
  }

  /** Keeps quiet for as long as the vendor says, be it in a refusal or because the allowance is just used up. */
  #noteLimits(answer: VendorAnswer, failure: VendorFailure | undefined): void {
    if (failure?.kind === 'quota_exhausted') this.#guard.silence(failure.retryAfter ?? LONGEST_PAUSE_SECONDS);
    else if (failure?.kind === 'rate_limited') {
      this.#guard.silence(Math.min(failure.retryAfter ?? 1, LONGEST_PAUSE_SECONDS));
    } else if (answer.headers['x-ratelimit-remaining'] === '0') {
      const tooFast = this.adapter.errors.rules?.find(({ kind }) => kind === 'rate_limited');
      const seconds = (tooFast?.retryAfter ?? retryAfterHeader)(answer.headers, new Date()) ?? 0;
      this.#guard.silence(Math.min(seconds, LONGEST_PAUSE_SECONDS));
    }
  }

  /** @throws VendorFailure if it means an outage; a refusal is a sign of life, and returned */
  async #exchange(
    request: VendorRequest,
    session: string | undefined,
    { deadline, gone, isLogin }: CallLimits & { isLogin: boolean },
    call: ObservedCall | undefined,
  ): Promise<{ answer: VendorAnswer; failure: VendorFailure | undefined }> {
    const headers = requestHeaders(this.adapter, request, session, call?.leaving());
    const answer = await this.#wire.send(request, { headers, deadline, gone, isLogin });
    const failure = failureIn(answer, this.adapter.errors, this.title, request.body);
    if (failure && isOutage(failure)) throw failure;
    return { answer, failure };
  }

  async #logIn(login: Login): Promise<Session> {
    const limits = { deadline: new Deadline(this.config.timeoutMs / 2) };
    const request =
      typeof login.request === 'function'
        ? await login.request({ now: new Date(), unique: randomUUID() })
        : login.request;
    const body = await this.#send(request, undefined, limits, 'login').catch((error) => {
      if (!(error instanceof VendorFailure)) throw error;
      throw error.kind === 'rejected' || error.kind === 'session_expired'
        ? credentialsRejected(error)
        : loginFailed(error);
    });
    const token = login.session(body);
    if (token === undefined)
      throw loginFailed(unexpectedResponse('The vendor’s login answer holds no token.'));
    const { lifetimeSeconds } = login;
    return {
      token,
      lifetimeSeconds: typeof lifetimeSeconds === 'function' ? lifetimeSeconds(body) : lifetimeSeconds,
    };
  }
}

function isNotFound(error: unknown): boolean {
  return error instanceof VendorFailure && error.kind === 'record_not_found';
}

/** What stands before it in the same write was done. */
function halfWay(failure: VendorFailure): VendorFailure {
  const { kind, status, vendorCode, complaints, retryAfter, late, reason } = failure;
  return new VendorFailure({
    ...{ kind, complaints, late, reason },
    fate: failure.fate === 'unknown' ? 'unknown' : 'half_done',
    ...(status !== undefined && { status }),
    ...(vendorCode !== undefined && { vendorCode }),
    ...(retryAfter !== undefined && { retryAfter }),
  });
}

/** A failed login means that the update itself was never sent. */
function loginFailed(failure: VendorFailure): VendorFailure {
  return new VendorFailure({
    kind: failure.kind,
    fate: 'not_sent',
    reason: `Logging in at the vendor failed. ${failure.reason}`,
    ...(failure.status !== undefined && { status: failure.status }),
    ...(failure.retryAfter !== undefined && { retryAfter: failure.retryAfter }),
  });
}

function isRefusedLogin(error: unknown): boolean {
  return error instanceof VendorFailure && error.kind === 'credentials_rejected';
}

function credentialsRejected(failure: VendorFailure): VendorFailure {
  return new VendorFailure({
    kind: 'credentials_rejected',
    fate: 'refused',
    reason: 'The vendor does not accept the gateway’s credentials.',
    ...(failure.status !== undefined && { status: failure.status }),
  });
}
