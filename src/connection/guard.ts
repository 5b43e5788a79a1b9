/**
 * What protects gateway and vendor from each other: a pause that the vendor asked for, a circuit breaker, a ceiling on calls
 * and a cap on concurrency. Every connection has its own, so that one vendor's trouble stays its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  BrokenCircuitError,
  type BulkheadPolicy,
  BulkheadRejectedError,
  bulkhead,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  type IBackoff,
} from 'cockatiel';
import type { FailureKind } from '../adapter/contract';
import type { VendorConfig } from '../config/types';
import type { Deadline } from '../lib/deadline';
import { type RateLimit, RetryBudget, SlidingLimit } from '../lib/limits';
import { type Reserve, SharedLimit, type Turn } from '../lib/sharedLimit';
import { CallCancelled, VendorFailure } from './failure';

export type GuardSettings = Pick<VendorConfig, 'maxConcurrent' | 'maxQueued' | 'breaker'> & {
  rateLimit?: RateLimit;
};

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Hears when calls are paused, with the kind of the failure that did it, and when they are made again. */
export interface BreakerWatch {
  opened(kind: FailureKind): void;
  closed(): void;
}

/** The ceiling that all replicas share; gives out turns of the limit that it is asked with. */
export type SharedCeiling = (limit: RateLimit) => Reserve;

/** The vendor counts arrivals, and calls travel for different times: a little room keeps them within its period. */
const ROOM = 0.1;
/** The part of a period for which a turn that was reserved for all replicas may be used; they are counted for longer by as much. */
const HOLD = 0.05;
/** Who waits for a turn of all replicas keeps the rest of its time for the call: under a lasting overload all turns come late. */
const WAITING_SHARE = 0.8;
/** So much later than asked for a timer may well be. */
const TIMER_MS = 5;

/** Of 100 calls at most 20 are repeated; a quiet connection may repeat 20 before that counts. */
const RETRY_SHARE = 0.2;
const RETRY_STOCK = 20;

/**
 * cockatiel measures its pause with the clock on the wall, and a clock that is set back would keep the circuit open. So its own
 * pause is always over, and the gate before it measures with the monotonic clock.
 */
const ALWAYS_OVER: IBackoff<unknown> & { next(): IBackoff<unknown> } = {
  duration: Number.NEGATIVE_INFINITY,
  next: () => ALWAYS_OVER,
};

/** The circuit breaker of one clinic's calls. */
class Circuit {
  readonly #breaker: CircuitBreakerPolicy;
  #openUntil = 0;

  constructor({ failures, openMs }: GuardSettings['breaker'], watch: BreakerWatch) {
    this.#breaker = circuitBreaker(
      handleWhen((error) => this.#isBadSign(error)),
      { halfOpenAfter: ALWAYS_OVER, breaker: new ConsecutiveBreaker(failures) },
    );
    // A probe that fails opens it again, which is no news.
    let told = false;
    this.#breaker.onBreak((reason) => {
      this.#openUntil = performance.now() + openMs;
      const error = 'error' in reason ? reason.error : undefined;
      if (!told && error instanceof VendorFailure) watch.opened(error.kind);
      told = true;
    });
    this.#breaker.onReset(() => {
      if (told) watch.closed();
      told = false;
    });
  }

  get state(): BreakerState {
    if (this.#breaker.state === CircuitState.Closed) return 'closed';
    return this.#breaker.state === CircuitState.Open ? 'open' : 'half-open';
  }

  /** @throws VendorFailure while calls are paused */
  check(): void {
    if (this.#breaker.state === CircuitState.Closed) return;
    const left = this.#openUntil - performance.now();
    // One call at a time finds out whether the vendor is back; the others are not kept waiting for it.
    if (left > 0 || this.#breaker.state === CircuitState.HalfOpen) throw paused(left);
  }

  run<T>(call: () => Promise<T>): Promise<T> {
    return this.#breaker.execute(call);
  }

  /** What a probe that was called off would have shown is not known, so it does not close the circuit. */
  #isBadSign(error: unknown): boolean {
    if (error instanceof CallCancelled) return this.#breaker.state === CircuitState.HalfOpen;
    return error instanceof VendorFailure && isOutage(error);
  }
}

export class Guard {
  readonly #settings: GuardSettings;
  readonly #bulkhead: BulkheadPolicy;
  readonly #watch: BreakerWatch | undefined;
  /** By the clinic for which calls are made: what the vendor makes of one clinic's updates does not pause another's. */
  readonly #circuits = new Map<string, Circuit>();
  /** The clinics whose calls are said to be paused. */
  readonly #paused = new Set<string>();
  /** Gives out turns ahead of time, so that a call without one within the deadline is refused at once. */
  readonly #ceiling: SlidingLimit | undefined;
  /** When calls really left, which is later than their turns if they had to wait for a slot. */
  readonly #departures: SlidingLimit | undefined;
  /** The same over all replicas. Without it, and while it cannot be asked, this process counts by itself. */
  readonly #shared: SharedLimit | undefined;
  readonly #retries = new RetryBudget(RETRY_SHARE, RETRY_STOCK);
  #silentUntil = 0;

  constructor(settings: GuardSettings, watch?: BreakerWatch, ceiling?: SharedCeiling) {
    this.#settings = settings;
    this.#bulkhead = bulkhead(settings.maxConcurrent, settings.maxQueued);
    this.#watch = watch;
    if (settings.rateLimit) {
      const { requests, perSeconds } = settings.rateLimit;
      const roomy = { requests, perSeconds: perSeconds * (1 + ROOM) };
      this.#ceiling = new SlidingLimit(roomy);
      this.#departures = new SlidingLimit(roomy);
      if (ceiling) {
        const reserve = ceiling({ requests, perSeconds: perSeconds * (1 + ROOM + HOLD) });
        this.#shared = new SharedLimit({ requests, holdMs: perSeconds * 1000 * HOLD, reserve });
      }
    }
  }

  /** For metrics and health pages: the worst, where it is not the same for all clinics. */
  get state(): BreakerState {
    const states = new Set([...this.#circuits.values()].map(({ state }) => state));
    return states.has('open') ? 'open' : states.has('half-open') ? 'half-open' : 'closed';
  }

  /** Calls under way, and those that wait for one of them to end. */
  get load(): { inFlight: number; waiting: number } {
    const { maxConcurrent, maxQueued } = this.#settings;
    return {
      inFlight: maxConcurrent - this.#bulkhead.executionSlots,
      waiting: maxQueued - this.#bulkhead.queueSlots,
    };
  }

  /**
   * Runs `call` when it may be made. What `call` throws affects the breaker only if it is an outage; what it gives
   * back counts as a sign of life.
   * @throws VendorFailure with the fate `not_sent` if the call was not made
   */
  async run<T>(call: () => Promise<T>, deadline: Deadline): Promise<T> {
    if (deadline.remaining() <= 0) throw noTime('timeout');
    const circuit = this.#circuitOf(deadline.owner);
    this.#checkSilence();
    circuit.check();
    const turn = this.#ceiling ? await this.#inTurn(this.#ceiling, deadline) : undefined;
    this.#retries.called();
    const start = () => {
      // The state may have changed while this call was waiting for its slot.
      this.#checkSilence();
      circuit.check();
      if (deadline.remaining() <= 0) throw noTime('unavailable');
      return circuit.run(call);
    };
    try {
      const departures = this.#departures;
      const inSlot = departures ? () => this.#depart(departures, turn, deadline).then(start) : start;
      return await this.#inSlot(inSlot, deadline);
    } catch (error) {
      if (error instanceof BulkheadRejectedError) {
        throw notSent('unavailable', 'Too many calls to the vendor are waiting.', 1);
      }
      if (error instanceof BrokenCircuitError) throw paused(this.#settings.breaker.openMs);
      throw error;
    }
  }

  /** True if a failed call may be repeated; the repetition is counted then. */
  mayRetry(): boolean {
    return this.#retries.take();
  }

  /** Lets no call through for so long, because the vendor asked for it. */
  silence(seconds: number): void {
    this.#silentUntil = Math.max(this.#silentUntil, performance.now() + seconds * 1000);
  }

  #checkSilence(): void {
    const left = this.#silentUntil - performance.now();
    if (left > 0) throw notSent('rate_limited', 'The vendor has asked for a pause.', left / 1000);
  }

  #circuitOf(owner: string): Circuit {
    const known = this.#circuits.get(owner);
    if (known) return known;
    const circuit = new Circuit(this.#settings.breaker, {
      opened: (kind) => {
        if (this.#paused.size === 0) this.#watch?.opened(kind);
        this.#paused.add(owner);
      },
      closed: () => {
        this.#paused.delete(owner);
        if (this.#paused.size === 0) this.#watch?.closed();
      },
    });
    this.#circuits.set(owner, circuit);
    return circuit;
  }

  /** Waits for this call's turn. @returns it, if it is one that all replicas count */
  async #inTurn(ceiling: SlidingLimit, deadline: Deadline): Promise<Turn | undefined> {
    const shared = await this.#sharedTurn(deadline);
    if (shared) return shared;
    const wait = ceiling.take(deadline.remaining());
    if (wait > deadline.remaining()) throw ceilingReached(wait);
    if (wait > 0) await sleep(wait);
    return undefined;
  }

  /** @returns undefined without a shared ceiling, and while it cannot be asked */
  async #sharedTurn(deadline: Deadline): Promise<Turn | undefined> {
    const left = deadline.remaining() * WAITING_SHARE;
    const taken = await (this.#shared &&
      deadline.within(this.#shared.take(left), () => ({ kind: 'none', waitMs: left }) as const));
    if (taken?.kind === 'none') throw ceilingReached(taken.waitMs);
    if (taken?.kind !== 'turn') return undefined;
    const wait = taken.from - performance.now();
    if (wait > 0) await sleep(wait);
    return taken;
  }

  /** In its slot, for which a call may have waited for longer than its turn lasts. */
  async #depart(departures: SlidingLimit, turn: Turn | undefined, deadline: Deadline): Promise<void> {
    for (let next = turn; next && performance.now() > next.until + TIMER_MS; )
      next = await this.#sharedTurn(deadline);
    for (let wait = departures.take(0); wait > 0; wait = departures.take(0)) await sleep(wait);
  }

  /** A call that never gets a slot is given up at its deadline, although its place in the queue is freed only in turn. */
  #inSlot<T>(call: () => Promise<T>, deadline: Deadline): Promise<T> {
    if (this.#bulkhead.executionSlots > 0) return this.#bulkhead.execute(call);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(noTime('unavailable')), deadline.remaining());
      this.#bulkhead
        .execute(() => {
          clearTimeout(timer);
          return call();
        })
        .catch((error) => {
          clearTimeout(timer);
          throw error;
        })
        .then(resolve, reject);
    });
  }
}

function ceilingReached(waitMs: number): VendorFailure {
  return notSent('rate_limited', 'The configured ceiling on calls to the vendor is reached.', waitMs / 1000);
}

/** True for failures that speak of the vendor's health rather than of one request. */
export function isOutage(failure: VendorFailure): boolean {
  return failure.kind === 'unavailable' || failure.kind === 'timeout';
}

function paused(milliseconds: number): VendorFailure {
  return notSent('unavailable', 'The vendor has been failing; calls to it are paused.', milliseconds / 1000);
}

/** `unavailable` if the call waited in a queue, `timeout` if earlier calls of the same request took the time. */
function noTime(kind: 'unavailable' | 'timeout'): VendorFailure {
  return notSent(kind, 'No time was left to call the vendor; nothing was sent.', 1);
}

function notSent(
  kind: 'unavailable' | 'rate_limited' | 'timeout',
  reason: string,
  retryAfter: number,
): VendorFailure {
  return new VendorFailure({
    kind,
    fate: 'not_sent',
    reason,
    retryAfter: Math.max(1, Math.ceil(retryAfter)),
  });
}
