/**
 * One configured vendor connection: sends what an adapter describes and gives back records or one kind of failure.
 * Authorisation, sessions, deadlines, retries, the breaker, the cap on concurrency and the vendor's limits live here,
 * once for all vendors.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import axios, { type AxiosInstance } from 'axios';
import {
  BrokenCircuitError,
  BulkheadRejectedError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IPolicy,
  wrap,
} from 'cockatiel';
import { Pool } from 'undici';
import type { VendorConfig } from '../../config/types';
import { isObject } from '../staff/json';
import { parseAnswer } from './answer';
import type { Adapter, AdapterModule, VendorRecord, VendorRequest } from './contract';
import type { Deadline } from './deadline';
import { failureIn, transportFailure, unexpectedResponse, type VendorAnswer, VendorFailure } from './failure';
import { Sessions } from './sessions';
import { MAX_ANSWER_BYTES, undiciAdapter } from './transport';

/** What a dry run shows: everything that would go out, credentials masked. */
export interface ShownRequest {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: Readonly<Record<string, unknown>>;
}

const MASK = '***';

export class VendorConnection {
  readonly name: string;
  readonly title: string;
  readonly config: VendorConfig;
  readonly adapter: Adapter;
  readonly #pool: Pool;
  readonly #http: AxiosInstance;
  readonly #basePath: string;
  readonly #guard: IPolicy;
  readonly #sessions: Sessions | undefined;
  /** Until when the vendor has asked for silence, as epoch milliseconds. */
  #silentUntil = 0;

  /** @param name the connection's name in the configuration */
  constructor(name: string, config: VendorConfig, module: AdapterModule) {
    this.name = name;
    this.title = module.title;
    this.config = config;
    this.adapter = module.connect(config);
    const base = new URL(config.baseUrl);
    this.#basePath = base.pathname.replace(/\/$/, '');
    this.#pool = new Pool(base.origin, {
      connections: config.maxConcurrent,
      pipelining: 1,
      // Connecting has a share of the deadline of its own: a failure to connect is the one that proves nothing was sent.
      connect: { timeout: Math.max(50, Math.min(3000, config.timeoutMs / 3)) },
      // Only the deadline ends a call; a shorter idle time of ours would make an ambiguous failure of a slow answer.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: 4000,
      maxResponseSize: MAX_ANSWER_BYTES,
    });
    this.#http = axios.create({
      adapter: undiciAdapter(this.#pool),
      headers: {},
      transformRequest: [],
      transformResponse: [],
      validateStatus: null,
    });
    this.#guard = wrap(
      bulkhead(config.maxConcurrent, config.maxConcurrent * 20),
      circuitBreaker(
        handleWhen((error) => error instanceof VendorFailure && isOutage(error)),
        { halfOpenAfter: 5000, breaker: new ConsecutiveBreaker(10) },
      ),
    );
    const login = this.adapter.login;
    if (login) this.#sessions = new Sessions(() => this.#logIn(), login.lifetimeSeconds);
  }

  /** True where the id could exist at this vendor. */
  admits(recordId: string): boolean {
    return this.adapter.recordId.test(recordId);
  }

  /**
   * Reads one record. Failed reads are repeated, with full jitter, as long as the deadline allows.
   * @throws VendorFailure, `record_not_found` among them
   */
  async read(recordId: string, deadline: Deadline): Promise<VendorRecord> {
    const body = await this.#repeated(
      deadline,
      this.config.readRetries,
      () => true,
      () => this.#call(this.adapter.read(recordId), deadline),
    );
    return this.#recordIn(body, recordId);
  }

  /**
   * Writes once. It is repeated only where the first attempt provably did nothing: no connection was made, the session
   * had ended, or the vendor asked to come back later.
   * @returns the record in the answer, or undefined from a vendor that only acknowledges
   * @throws VendorFailure whose `fate` says what is known
   */
  async write(
    recordId: string,
    body: Readonly<Record<string, unknown>>,
    deadline: Deadline,
  ): Promise<VendorRecord | undefined> {
    const answer = await this.#repeated(
      deadline,
      this.config.readRetries,
      (failure) => failure.fate === 'not_sent',
      () => this.#call(this.adapter.write(recordId, body), deadline),
    );
    if (this.adapter.answers === 'record') return this.#recordIn(answer, recordId);
    this.#checkId(isObject(answer) ? answer : {}, recordId);
    return undefined;
  }

  /** The request that `write` would send. */
  show(recordId: string, body: Readonly<Record<string, unknown>>): ShownRequest {
    const request = this.adapter.write(recordId, body);
    const secret = this.adapter.authorize(this.#sessions ? MASK : undefined);
    const masked = Object.fromEntries(Object.keys(secret).map((name) => [name, MASK]));
    return {
      method: request.method,
      url: this.config.baseUrl + request.path,
      headers: { ...this.#plainHeaders(request), ...masked },
      ...(request.body && { body: request.body }),
    };
  }

  /** Waits for calls in flight, then closes the connections. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  #recordIn(body: unknown, recordId: string): VendorRecord {
    const record = this.adapter.record(body, recordId);
    if (record === undefined) throw unexpectedResponse('The vendor’s answer holds no record.');
    if (record === null) {
      throw new VendorFailure({
        kind: 'record_not_found',
        fate: 'refused',
        reason: 'The vendor lists no such record.',
      });
    }
    this.#checkId(record, recordId);
    return record;
  }

  #checkId(record: VendorRecord, recordId: string): void {
    const shown = this.adapter.idOf(record);
    if (shown !== undefined && shown !== recordId) {
      throw unexpectedResponse('The vendor’s answer is about another record.');
    }
  }

  async #repeated<T>(
    deadline: Deadline,
    retries: number,
    mayRepeat: (failure: VendorFailure) => boolean,
    attempt: () => Promise<T>,
  ): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof VendorFailure)) throw error;
        const pause = this.#pauseBefore(error, tries, mayRepeat);
        if (tries >= retries || pause === undefined || pause >= deadline.remaining()) throw error;
        await sleep(pause);
      }
    }
  }

  /** Milliseconds to wait before the next try; undefined where there must be none. */
  #pauseBefore(
    failure: VendorFailure,
    tries: number,
    mayRepeat: (failure: VendorFailure) => boolean,
  ): number | undefined {
    if (failure.kind === 'rate_limited') return (failure.retryAfter ?? 1) * 1000;
    const passing = failure.kind === 'unavailable' || failure.kind === 'timeout';
    return passing && mayRepeat(failure) ? Math.random() * Math.min(2000, 100 * 2 ** tries) : undefined;
  }

  /** One call with a session that is renewed once where the vendor says that it has ended. */
  async #call(request: VendorRequest, deadline: Deadline): Promise<unknown> {
    const session = await this.#sessions?.current();
    try {
      return await this.#guarded(request, session, deadline);
    } catch (error) {
      if (!(error instanceof VendorFailure) || error.kind !== 'session_expired') throw error;
      if (this.#sessions === undefined || session === undefined) throw credentialsRejected(error);
      return await this.#guarded(request, await this.#sessions.replacing(session), deadline).catch(
        (second) => {
          throw second instanceof VendorFailure && second.kind === 'session_expired'
            ? credentialsRejected(second)
            : second;
        },
      );
    }
  }

  async #guarded(request: VendorRequest, session: string | undefined, deadline: Deadline): Promise<unknown> {
    const silent = this.#silentUntil - Date.now();
    if (silent > 0) throw notSent('rate_limited', 'The vendor has asked for a pause.', silent / 1000);
    try {
      return await this.#guard.execute(() => this.#send(request, session, deadline));
    } catch (error) {
      if (error instanceof BrokenCircuitError)
        throw notSent('unavailable', 'The vendor has been failing; calls to it are paused.', 5);
      if (error instanceof BulkheadRejectedError)
        throw notSent('unavailable', 'Too many calls to the vendor are waiting.', 1);
      if (error instanceof VendorFailure) this.#noteLimits(error);
      throw error;
    }
  }

  #noteLimits(failure: VendorFailure): void {
    if (failure.kind === 'rate_limited' || failure.kind === 'quota_exhausted') {
      this.#silentUntil = Date.now() + (failure.retryAfter ?? 1) * 1000;
    }
  }

  async #send(request: VendorRequest, session: string | undefined, deadline: Deadline): Promise<unknown> {
    const left = deadline.remaining();
    if (left <= 0)
      throw new VendorFailure({
        kind: 'timeout',
        fate: 'not_sent',
        reason: 'No time was left to call the vendor.',
      });
    const answer = await this.#exchange(request, session, left);
    const failure = failureIn(answer, this.adapter.errors);
    if (failure) throw failure;
    if (answer.body === undefined)
      throw unexpectedResponse('The vendor’s answer is not JSON.', answer.status);
    return answer.body;
  }

  async #exchange(
    request: VendorRequest,
    session: string | undefined,
    milliseconds: number,
  ): Promise<VendorAnswer> {
    try {
      const response = await this.#http.request<Buffer>({
        url: this.#basePath + request.path,
        method: request.method,
        headers: { ...this.#plainHeaders(request), ...this.adapter.authorize(session) },
        signal: AbortSignal.timeout(Math.ceil(milliseconds)),
        ...(request.body && { data: JSON.stringify(request.body) }),
      });
      const headers = Object.fromEntries(
        Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
      );
      return { status: response.status, headers, body: parseAnswer(response.data, headers) };
    } catch (error) {
      throw transportFailure(error);
    }
  }

  #plainHeaders(request: VendorRequest): Record<string, string> {
    return {
      accept: 'application/json',
      ...(request.body && { 'content-type': 'application/json' }),
      ...request.headers,
    };
  }

  async #logIn(): Promise<string> {
    const login = this.adapter.login;
    if (login === undefined) throw new TypeError('this vendor has no login');
    const { body } = await this.#exchange(login.request, undefined, this.config.timeoutMs / 2).then(
      (answer) => {
        const failure = failureIn(answer, this.adapter.errors);
        if (failure)
          throw failure.kind === 'rejected' || failure.kind === 'session_expired'
            ? credentialsRejected(failure)
            : loginFailed(failure);
        return answer;
      },
      (error) => {
        throw error instanceof VendorFailure ? loginFailed(error) : error;
      },
    );
    const token = login.session(body);
    if (token === undefined)
      throw loginFailed(unexpectedResponse('The vendor’s login answer holds no token.'));
    return token;
  }
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

function credentialsRejected(failure: VendorFailure): VendorFailure {
  return new VendorFailure({
    kind: 'credentials_rejected',
    fate: 'refused',
    reason: 'The vendor does not accept the gateway’s credentials.',
    ...(failure.status !== undefined && { status: failure.status }),
  });
}

function notSent(kind: 'unavailable' | 'rate_limited', reason: string, retryAfter: number): VendorFailure {
  return new VendorFailure({
    kind,
    fate: 'not_sent',
    reason,
    retryAfter: Math.max(1, Math.ceil(retryAfter)),
  });
}

/** Failures that speak of the vendor's health rather than of this one request. */
function isOutage(failure: VendorFailure): boolean {
  return failure.kind === 'unavailable' || failure.kind === 'timeout';
}
