/** How many requests at once, and how fast each caller may send them. */
import type { ServerResponse } from 'node:http';
import { type RateLimit, SlidingLimit } from '../lib/limits';
import { SharedLimit } from '../lib/sharedLimit';
import { Problem } from '../problem';
import type { Ceilings } from '../store/ceilings';

/** The requests that are being worked on. */
export class InFlight {
  readonly #most: number;
  #count = 0;
  #whenIdle: () => void = () => undefined;

  /** @param most more at the same time are refused, before memory grows with them */
  constructor(most: number) {
    this.#most = most;
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
    if (this.#count >= this.#most) {
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

/** What the limiter knows of a caller. */
interface Limited {
  readonly name: string;
  readonly rateLimit?: RateLimit;
}

/** What is known of one caller's limit. */
interface CallerLimit {
  readonly policy: RateLimit;
  /** What this process has let in: all that is known without other replicas, and while the store cannot be asked. */
  readonly own: SlidingLimit;
  readonly shared: SharedLimit | undefined;
}

/** For how long a reserved turn may be used, at most: refusals last longer by as much. */
const LONGEST_HOLD_MS = 250;

/** The callers' own limits. They outlive a change of the configuration: a new generation is no new allowance. */
export class CallerLimits {
  readonly #ceilings: Ceilings | undefined;
  readonly #limits = new Map<string, CallerLimit>();

  /** @param ceilings where replicas count together; absent: this process counts by itself */
  constructor(ceilings?: Ceilings) {
    this.#ceilings = ceilings;
  }

  /**
   * Counts one request of a caller, and says so in the headers of draft-ietf-httpapi-ratelimit-headers. A promise only if other
   * replicas count as well.
   * @throws Problem `rate_limited`
   */
  admit({ name, rateLimit }: Limited, res: Pick<ServerResponse, 'setHeader'>): void | Promise<void> {
    if (rateLimit === undefined) return;
    const { own, shared } = this.#limitOf(name, rateLimit);
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

  #limitOf(name: string, policy: RateLimit): CallerLimit {
    const known = this.#limits.get(name);
    const same = known?.policy.requests === policy.requests && known.policy.perSeconds === policy.perSeconds;
    if (known && same) return known;
    const limit = { policy, own: new SlidingLimit(policy), shared: this.#sharedLimit(name, policy) };
    this.#limits.set(name, limit);
    return limit;
  }

  #sharedLimit(name: string, { requests, perSeconds }: RateLimit): SharedLimit | undefined {
    if (this.#ceilings === undefined) return undefined;
    const holdMs = Math.min(LONGEST_HOLD_MS, perSeconds * 50);
    const counted = { requests, perSeconds: perSeconds + holdMs / 1000 };
    return new SharedLimit({ requests, holdMs, reserve: this.#ceilings.of(`caller ${name}`, counted) });
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
