/**
 * The calls of one vendor connection. Authorisation, sessions, deadlines, retries, the breaker, the cap on concurrency and the
 * vendor's limits live here, once for all vendors.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Adapter, FailureKind, Login, VendorRequest } from '../adapter/contract';
import { retryAfterHeader } from '../adapter/retryAfter';
import type { VendorConfig } from '../config/types';
import { Deadline } from '../lib/deadline';
import type { Ceilings } from '../store/ceilings';
import { failureIn, unexpectedResponse, type VendorAnswer, VendorFailure } from './failure';
import { type BreakerState, Guard, isOutage } from './guard';
import { requestHeaders } from './headers';
import { type ObservedCall, type Operation, outcomeOf, type VendorObserver } from './observer';
import { type Session, Sessions } from './sessions';
import type { GoneSignal } from './transport';
import { Wire } from './wire';

/** What connections have in common. */
export interface ConnectionSurroundings {
  /** Hears of every vendor call. */
  observer?: VendorObserver | undefined;
  /** Absent where this process is the only one. */
  ceilings?: Ceilings | undefined;
}

/** Longer pauses between calls that were too fast are not believed; a used-up quota may well last for weeks. */
const LONGEST_PAUSE_SECONDS = 3600;

/** What limits one call: its time, whether somebody still waits for it, and how much it may answer. */
export interface CallLimits {
  deadline: Deadline;
  gone?: GoneSignal | undefined;
  /** Whether all records may be in one answer, which may be larger then. */
  isList?: boolean;
}

/** The connection that the calls are made for. */
export interface CallOwner {
  readonly name: string;
  readonly title: string;
  readonly config: VendorConfig;
  readonly adapter: Adapter;
}

export class Calls {
  readonly #owner: CallOwner;
  readonly #observer: VendorObserver | undefined;
  readonly #wire: Wire;
  readonly #guard: Guard;
  readonly #sessions: Sessions | undefined;

  constructor(owner: CallOwner, { observer, ceilings }: ConnectionSurroundings) {
    const { name, config, adapter } = owner;
    this.#owner = owner;
    this.#observer = observer;
    this.#wire = new Wire(config, adapter);
    const watch = {
      opened: (kind: FailureKind) => observer?.paused(owner, kind),
      closed: () => observer?.resumed(owner),
    };
    this.#guard = new Guard(config, watch, ceilings && ((limit) => ceilings.of(`vendor ${name}`, limit)));
    const { login } = adapter;
    if (login) this.#sessions = new Sessions(() => this.#logIn(login), isRefusedLogin);
  }

  get breaker(): BreakerState {
    return this.#guard.state;
  }

  get load(): { inFlight: number; waiting: number } {
    return this.#guard.load;
  }

  /** Waits for calls in flight, then closes the connections. */
  async close(): Promise<void> {
    await this.#wire.close();
  }

  /** A read is repeated after any outage. @throws VendorFailure, CallCancelled */
  read(request: VendorRequest, limits: CallLimits): Promise<unknown> {
    return this.#repeated(request, limits, anyFailure);
  }

  /** A write is repeated only if it provably did nothing. @throws VendorFailure */
  write(request: VendorRequest, limits: CallLimits): Promise<unknown> {
    return this.#repeated(request, limits, neverLeft);
  }

  async #repeated(
    request: VendorRequest,
    limits: CallLimits,
    mayRepeat: (failure: VendorFailure) => boolean,
  ): Promise<unknown> {
    const { deadline, gone } = limits;
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.once(request, limits);
      } catch (error) {
        if (!(error instanceof VendorFailure) || tries >= this.#owner.config.readRetries) throw error;
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

  /** A single try. @throws VendorFailure, CallCancelled */
  once(request: VendorRequest, limits: CallLimits): Promise<unknown> {
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
    const call = this.#observer?.begin(this.#owner, operation, limits.deadline.requestId);
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
      const tooFast = this.#owner.adapter.errors.rules?.find(({ kind }) => kind === 'rate_limited');
      const seconds = (tooFast?.retryAfter ?? retryAfterHeader)(answer.headers, new Date()) ?? 0;
      this.#guard.silence(Math.min(seconds, LONGEST_PAUSE_SECONDS));
    }
  }

  /** @throws VendorFailure if it means an outage; a refusal is a sign of life, and returned */
  async #exchange(
    request: VendorRequest,
    session: string | undefined,
    { deadline, gone, isLogin, isList = false }: CallLimits & { isLogin: boolean },
    call: ObservedCall | undefined,
  ): Promise<{ answer: VendorAnswer; failure: VendorFailure | undefined }> {
    const headers = requestHeaders(this.#owner.adapter, request, session, call?.leaving());
    const answer = await this.#wire.send(request, { headers, deadline, gone, isLogin, isList });
    const failure = failureIn(answer, this.#owner.adapter.errors, this.#owner.title, request);
    if (failure && isOutage(failure)) throw failure;
    return { answer, failure };
  }

  async #logIn(login: Login): Promise<Session> {
    const limits = { deadline: new Deadline(this.#owner.config.timeoutMs / 2) };
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

function anyFailure(): boolean {
  return true;
}

function neverLeft({ fate }: VendorFailure): boolean {
  return fate === 'not_sent';
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
