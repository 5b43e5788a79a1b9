/** Holds back whoever guesses: so many failed sign-ins from one address, and under one name, within a few minutes. */
import { type RateLimit, SlidingLimit } from '../lib/limits';
import { Problem } from '../problem';

const PER_ADDRESS: RateLimit = { requests: 10, perSeconds: 300 };
/** Over all addresses: guesses that come from many. */
const PER_NAME: RateLimit = { requests: 30, perSeconds: 300 };
/** Addresses and names that are told apart; all others share one limit, so memory has a bound. */
const MOST = 2_000;
const OTHERS = '';

export class SignInLimits {
  readonly #addresses = new Failures(PER_ADDRESS);
  readonly #names = new Failures(PER_NAME);

  /**
   * Nothing may be awaited between this and `failed`, or guesses side by side would all get past it.
   * @throws Problem `rate_limited`
   */
  check(address: string, name: string | undefined): void {
    const named = name === undefined ? 0 : this.#names.wait(name);
    const wait = Math.max(this.#addresses.wait(address), named);
    if (wait === 0) return;
    throw new Problem('rate_limited', 'Too many sign-ins have failed. Nothing was looked at.', {
      headers: { 'retry-after': String(Math.ceil(wait / 1000)) },
    });
  }

  failed(address: string, name: string | undefined): void {
    this.#addresses.count(address);
    // Without a name there is nobody whose door others could keep shut.
    if (name !== undefined) this.#names.count(name);
  }
}

class Failures {
  readonly #limit: RateLimit;
  readonly #known = new Map<string, SlidingLimit>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Milliseconds until the next one may be tried; 0 for at once. */
  wait(who: string): number {
    const state = (this.#known.get(who) ?? (this.#isFull() ? this.#known.get(OTHERS) : undefined))?.state();
    return state === undefined || state.remaining > 0 ? 0 : Math.max(1, state.moreInMs);
  }

  count(who: string): void {
    const key = this.#known.has(who) || !this.#isFull() ? who : OTHERS;
    let limit = this.#known.get(key);
    if (limit === undefined) {
      limit = new SlidingLimit(this.#limit);
      this.#known.set(key, limit);
    }
    limit.take(0);
  }

  #isFull(): boolean {
    if (this.#known.size < MOST) return false;
    for (const [who, limit] of this.#known) if (limit.isIdle()) this.#known.delete(who);
    return this.#known.size >= MOST;
  }
}
