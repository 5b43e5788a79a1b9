/** How many requests at once, and how fast each caller may send them. */
import type { ServerResponse } from 'node:http';
import { type RateLimit, SlidingLimit } from '../lib/limits';
import { Problem } from '../problem';

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

/** The callers' own limits. They outlive a change of the configuration: a new generation is no new allowance. */
export class CallerLimits {
  readonly #limits = new Map<string, { policy: RateLimit; limit: SlidingLimit }>();

  /**
   * Counts one request of a caller, and says so in the headers of draft-ietf-httpapi-ratelimit-headers.
   * @throws Problem `rate_limited`
   */
  admit({ name, rateLimit }: Limited, res: Pick<ServerResponse, 'setHeader'>): void {
    if (rateLimit === undefined) return;
    const limit = this.#limitOf(name, rateLimit);
    const wait = limit.take(0);
    const { remaining, moreInMs } = limit.state();
    res.setHeader(
      'ratelimit-policy',
      `"caller";q=${rateLimit.requests};w=${Math.ceil(rateLimit.perSeconds)}`,
    );
    res.setHeader('ratelimit', `"caller";r=${remaining};t=${Math.ceil(moreInMs / 1000)}`);
    if (wait > 0) {
      throw new Problem('rate_limited', 'This caller sends more requests than it may.', {
        headers: { 'retry-after': String(Math.max(1, Math.ceil(wait / 1000))) },
      });
    }
  }

  #limitOf(name: string, policy: RateLimit): SlidingLimit {
    const known = this.#limits.get(name);
    const same = known?.policy.requests === policy.requests && known.policy.perSeconds === policy.perSeconds;
    if (known && same) return known.limit;
    const limit = new SlidingLimit(policy);
    this.#limits.set(name, { policy, limit });
    return limit;
  }
}
