/**
 * Two small counters that no library offers in this form (docs/decisions/0005-resilience.md). Times are milliseconds of the
 * monotonic clock, so that a clock that is set neither opens nor closes anything.
 */

export interface RateLimit {
  requests: number;
  perSeconds: number;
}

/** Turns that a new limit has room for; more as they are taken, so that who does little costs little. */
const FIRST_TURNS = 16;

/** At most so many events in any period, strictly: the next one has its turn when the oldest is a period ago. */
export class SlidingLimit {
  readonly #requests: number;
  readonly #periodMs: number;
  /** When the last events had their turns, as a ring; the oldest is at `#next`. */
  #turns: Float64Array;
  #next = 0;

  constructor({ requests, perSeconds }: RateLimit) {
    this.#requests = requests;
    this.#turns = emptyTurns(Math.min(requests, FIRST_TURNS));
    this.#periodMs = perSeconds * 1000;
  }

  /**
   * Takes the next turn if it comes within `maxWaitMs`; turns are given in the order in which they are asked for.
   * @returns milliseconds until the turn; more than `maxWaitMs` means that none was taken
   */
  take(maxWaitMs: number, now = performance.now()): number {
    if (this.#waitAt(now) > 0 && this.#turns.length < this.#requests) this.#grow();
    const wait = this.#waitAt(now);
    if (wait > maxWaitMs) return wait;
    this.#turns[this.#next] = now + wait;
    this.#next = (this.#next + 1) % this.#turns.length;
    return wait;
  }

  /** How many more may come at once, and in how many milliseconds it will be one more. */
  state(now = performance.now()): { remaining: number; moreInMs: number } {
    const size = this.#turns.length;
    let free = 0;
    let taken = size;
    // Turns only ever get later around the ring, so the first that still counts is found by halving.
    while (free < taken) {
      const middle = (free + taken) >> 1;
      const turn = this.#turns[(this.#next + middle) % size] ?? 0;
      if (turn + this.#periodMs <= now) free = middle + 1;
      else taken = middle;
    }
    const oldest = this.#turns[(this.#next + free) % size] ?? now;
    return {
      remaining: free + this.#requests - size,
      moreInMs: free === size ? 0 : oldest + this.#periodMs - now,
    };
  }

  /** Whether it is as if it were new. */
  isIdle(now = performance.now()): boolean {
    const latest = this.#turns[(this.#next + this.#turns.length - 1) % this.#turns.length] ?? 0;
    return latest + this.#periodMs <= now;
  }

  #waitAt(now: number): number {
    return Math.max(0, (this.#turns[this.#next] ?? 0) + this.#periodMs - now);
  }

  /** Turns that were never taken come before the oldest that was. */
  #grow(): void {
    const old = this.#turns;
    const turns = emptyTurns(Math.min(this.#requests, old.length * 2));
    const free = turns.length - old.length;
    turns.set(old.subarray(this.#next), free);
    turns.set(old.subarray(0, this.#next), free + old.length - this.#next);
    this.#turns = turns;
    this.#next = 0;
  }
}

function emptyTurns(size: number): Float64Array {
  return new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
}

/**
 * Keeps retries to a share of the calls, so that an outage does not multiply the load: every call adds a part of a retry,
 * every retry takes a whole one, and there is a stock for quiet times. The scheme of gRPC (proposal A6) and Finagle.
 */
export class RetryBudget {
  readonly #share: number;
  readonly #stock: number;
  #left: number;

  /**
   * @param share retries per call
   * @param stock retries that are there at the start, and the most that can be saved up
   */
  constructor(share: number, stock: number) {
    this.#share = share;
    this.#stock = stock;
    this.#left = stock;
  }

  called(): void {
    this.#left = Math.min(this.#stock, this.#left + this.#share);
  }

  /** True if a retry may be made; it is counted then. */
  take(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
