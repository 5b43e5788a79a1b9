/**
 * Two small counters that no library offers in this form (docs/decisions/0005-resilience.md). Times are milliseconds of the
 * monotonic clock, so that a clock that is set neither opens nor closes anything.
 */

export interface RateLimit {
  requests: number;
  perSeconds: number;
}

/** At most so many events in any period, strictly: the next one has its turn when the oldest is a period ago. */
export class SlidingLimit {
  readonly #periodMs: number;
  /** When the last events had their turns, as a ring; the oldest stands at `#next`. */
  readonly #turns: Float64Array;
  #next = 0;

  constructor({ requests, perSeconds }: RateLimit) {
    this.#turns = new Float64Array(requests).fill(Number.NEGATIVE_INFINITY);
    this.#periodMs = perSeconds * 1000;
  }

  /**
   * Takes the next turn if it comes within `maxWaitMs`; turns are given in the order in which they are asked for.
   * @returns milliseconds until the turn; more than `maxWaitMs` means that none was taken
   */
  take(maxWaitMs: number, now = performance.now()): number {
    const wait = Math.max(0, (this.#turns[this.#next] ?? 0) + this.#periodMs - now);
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
    return { remaining: free, moreInMs: free === size ? 0 : oldest + this.#periodMs - now };
  }
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

  /** True where a retry may be made; it is counted then. */
  take(): boolean {
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
