/** How many requests at once, and how fast each caller may send them. */
import type { ServerResponse } from 'node:http';
import { type RateLimit, SlidingLimit } from '../lib/limits';
import { SharedLimit } from '../lib/sharedLimit';
import { Problem } from '../problem';
import type { Ceilings } from '../store/ceilings';
import type { Caller } from './caller';

/** The requests that are being worked on. */
export class InFlight {
  readonly most: number;
  #count = 0;
  #whenIdle: () => void = () => undefined;

  /** @param most more at the same time are refused, before memory grows with them */
  constructor(most: number) {
    this.most = most;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Counts one request in.
   * @returns counts it out again; to be called when the work has ended, which may be after the client has gone
   * @throws Problem `gateway_unavailable`
   */
  enter(): () => void {
    if (this.#count >= this.most) {
      throw new Problem('gateway_unavailable', 'Too many requests are under way. Nothing was sent.', {
        headers: { 'retry-after': '1' },
      });
    }
    this.#count += 1;
    return () => {
      this.#count -= 1;
      if (this.#count === 0) this.#whenIdle();
    };
  }

  /** Resolves when none is under way, which may be after its client has gone. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
      if (this.#count === 0) resolve();
    });
  }
}

/** What a bound says to whoever goes beyond it. */
type Refusal = (most: number) => Problem;

/** Counts what each of many has under way. Knows only those who have something under way. */
export class Shares {
  readonly #refusal: Refusal;
  readonly #counts = new Map<string, number>();

  constructor(refusal: Refusal) {
    this.#refusal = refusal;
  }

  /**
   * @param most how many `who` may have under way
   * @returns counts it out again
   * @throws Problem if it has as many
   */
  enter(who: string, most: number): () => void {
    const count = this.#counts.get(who) ?? 0;
    if (count >= most) throw this.#refusal(most);
    this.#counts.set(who, count + 1);
    return () => {
      const left = (this.#counts.get(who) ?? 1) - 1;
      if (left === 0) this.#counts.delete(who);
      else this.#counts.set(who, left);
    };
  }
}

function tooMany(what: string): Refusal {
  return (most) =>
    new Problem('rate_limited', `${what}: ${most} at the same time.`, { headers: { 'retry-after': '1' } });
}

/** Without authentication: what all of them, and each address, may have under way. */
export class Anonymous {
  readonly #all: InFlight;
  readonly #perAddress: number;
  readonly #addresses = new Shares(tooMany('This address has as many requests without a key as it may'));

  constructor({ maxInFlight, maxPerAddress }: { maxInFlight: number; maxPerAddress: number }) {
    this.#all = new InFlight(maxInFlight);
    this.#perAddress = maxPerAddress;
  }

  /**
   * @param address of the other end of the connection
   * @returns counts it out again; to be called once
   * @throws Problem `rate_limited` for the address, `gateway_unavailable` for all
   */
  enter(address: string | undefined): () => void {
    const leaveAddress = this.#addresses.enter(address ?? '', this.#perAddress);
    try {
      const leave = this.#all.enter();
      return () => {
        leave();
        leaveAddress();
      };
    } catch (error) {
      leaveAddress();
      throw error;
    }
  }
}

/** What the limiter knows of a caller. */
type Limited = Pick<Caller, 'name' | 'clinic' | 'rateLimit' | 'maxInFlight'>;

/** What is known of one caller's limit. */
interface CallerLimit {
  readonly policy: RateLimit;
  /** What this process has let in: all that is known without other replicas, and while the store cannot be asked. */
  readonly own: SlidingLimit;
  readonly shared: SharedLimit | undefined;
}

/** For how long a reserved turn may be used, at most: refusals last longer by as much. */
const LONGEST_HOLD_MS = 250;

/** Streams of one caller at the same time: each holds its connection and its slot for as long as its reader likes. */
const MOST_STREAMS = 4;

/** Callers with a ceiling whose last requests are remembered. An issuer may name any number of clients. */
const MOST_REMEMBERED = 10_000;

/**
 * The callers' own limits. They outlive a change of the configuration: a new generation is no new allowance. Callers are told
 * apart by clinic and name: an issuer's client may be one of several clinics.
 */
export class CallerLimits {
  readonly #ceilings: Ceilings | undefined;
  /** The one that was asked for last is the last one. */
  readonly #limits = new Map<string, CallerLimit>();
  #sweepAt = 64;
  readonly #working = new Shares(tooMany('This caller has as many requests under way as it may'));
  readonly #streaming = new Shares(tooMany('This caller reads as many streams as it may'));

  /** @param ceilings where replicas count together; absent: this process counts by itself */
  constructor(ceilings?: Ceilings) {
    this.#ceilings = ceilings;
  }

  /** Callers whose last requests are remembered. */
  get remembered(): number {
    return this.#limits.size;
  }

  /**
   * Counts one request of a caller, and says so in the headers of draft-ietf-httpapi-ratelimit-headers. A promise only if other
   * replicas count as well.
   * @throws Problem `rate_limited`
   */
  admit(caller: Limited, res: Pick<ServerResponse, 'setHeader'>): void | Promise<void> {
    const { rateLimit } = caller;
    if (rateLimit === undefined) return;
    const { own, shared } = this.#limitOf(keyOf(caller), rateLimit);
    if (shared === undefined) return answer(rateLimit, takeOwn(own), res);
    return shared.take(0).then((taken) => {
      if (taken.kind === 'none') {
        const { waitMs } = taken;
        return answer(rateLimit, { waitMs, remaining: 0, moreInMs: waitMs }, res);
      }
      const mine = takeOwn(own);
      const counted = taken.kind === 'turn' ? { ...mine, waitMs: 0, remaining: taken.remaining } : mine;
      answer(rateLimit, counted, res);
    });
  }

  /**
   * Counts one request into the caller's share of those under way.
   * @param all what all callers together may have under way; absent of its own, a caller's share is half of it
   * @returns counts it out again
   * @throws Problem `rate_limited`
   */
  enter(caller: Limited, all: number): () => void {
    return this.#working.enter(keyOf(caller), caller.maxInFlight ?? Math.ceil(all / 2));
  }

  /** As `enter`, for an answer that is a stream. */
  enterStream(caller: Limited): () => void {
    return this.#streaming.enter(keyOf(caller), MOST_STREAMS);
  }

  #limitOf(key: string, policy: RateLimit): CallerLimit {
    const known = this.#limits.get(key);
    const same = known?.policy.requests === policy.requests && known.policy.perSeconds === policy.perSeconds;
    const entry =
      known && same
        ? known
        : { policy, own: new SlidingLimit(policy), shared: this.#sharedLimit(key, policy) };
    this.#limits.delete(key);
    this.#limits.set(key, entry);
    if (this.#limits.size > this.#sweepAt) this.#sweep();
    return entry;
  }

  /** A limit that is idle says nothing that a new one would not. Each sweep pays for itself with what was added since. */
  #sweep(): void {
    const now = performance.now();
    for (const [key, { own }] of this.#limits) if (own.isIdle(now)) this.#limits.delete(key);
    const most = MOST_REMEMBERED * (this.#limits.size > MOST_REMEMBERED ? 0.9 : 1);
    for (const key of this.#limits.keys()) {
      if (this.#limits.size <= most) break;
      this.#limits.delete(key);
    }
    this.#sweepAt = Math.max(64, Math.min(MOST_REMEMBERED, this.#limits.size * 2));
  }

  #sharedLimit(key: string, { requests, perSeconds }: RateLimit): SharedLimit | undefined {
    if (this.#ceilings === undefined) return undefined;
    const holdMs = Math.min(LONGEST_HOLD_MS, perSeconds * 50);
    const counted = { requests, perSeconds: perSeconds + holdMs / 1000 };
    return new SharedLimit({
      requests,
      holdMs,
      reserve: this.#ceilings.of(`caller ${key.replace('\0', ' ')}`, counted),
    });
  }
}

/** Whether a request has its turn, and what the caller is told of its limit. */
interface Counted {
  /** More than 0 if it has none yet. */
  waitMs: number;
  remaining: number;
  moreInMs: number;
}

function takeOwn(limit: SlidingLimit): Counted {
  const waitMs = limit.take(0);
  return { waitMs, ...limit.state() };
}

/** @throws Problem `rate_limited` */
function answer(
  { requests, perSeconds }: RateLimit,
  { waitMs, remaining, moreInMs }: Counted,
  res: Pick<ServerResponse, 'setHeader'>,
): void {
  res.setHeader('ratelimit-policy', `"caller";q=${requests};w=${Math.ceil(perSeconds)}`);
  res.setHeader('ratelimit', `"caller";r=${remaining};t=${Math.ceil(moreInMs / 1000)}`);
  if (waitMs > 0) {
    throw new Problem('rate_limited', 'This caller sends more requests than it may.', {
      headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1000))) },
    });
  }
}

/** Names of clinics hold no NUL. */
function keyOf({ clinic, name }: Limited): string {
  return `${clinic}\0${name}`;
}
