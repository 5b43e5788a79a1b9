/**
 * A sliding limit over several processes. Turns are reserved somewhere that all of them can reach, in small blocks: for those who
 * wait, and for those who can be expected within the time that a block may be used.
 */

/**
 * Reserves so many turns, all at once, if they come within `patienceMs`.
 * @returns milliseconds until then, more than `patienceMs` if none was reserved; and how many more could come at once
 */
export type Reserve = (count: number, patienceMs: number) => Promise<{ waitMs: number; remaining: number }>;

/** Times are those of `performance.now()`. */
export interface Turn {
  kind: 'turn';
  from: number;
  /** Later it is not counted any more: another one is needed. */
  until: number;
  remaining: number;
}

/** `none`: none comes in time. `unknown`: those who know cannot be asked. */
export type Taken = Turn | { kind: 'none'; waitMs: number } | { kind: 'unknown' };

interface Waiting {
  patientUntil: number;
  resolve: (taken: Taken) => void;
}

export interface SharedLimitOptions {
  /** Turns in a period. */
  requests: number;
  /** For how long a reserved turn may be used, in milliseconds; the period has to be longer by as much. */
  holdMs: number;
  reserve: Reserve;
}

/** The largest block is this part of the limit: larger ones would leave turns unused while others wait for them. */
const LARGEST_BLOCK = 0.1;

export class SharedLimit {
  readonly #options: SharedLimitOptions;
  readonly #largest: number;
  #waiting: Waiting[] = [];
  #asking = false;
  /** What is left of the last block. */
  #spare: Turn | undefined;
  #spares = 0;
  /** Whether the last block could be used at once. If not, nothing is reserved for those who may come. */
  #free = true;
  /** Until then there is no turn to be had. */
  #nextAt = 0;
  /** How many were taken since when, and in the hold before. */
  #pace = { since: 0, count: 0, before: 0 };

  constructor(options: SharedLimitOptions) {
    this.#options = options;
    this.#largest = Math.max(1, Math.floor(options.requests * LARGEST_BLOCK));
  }

  /** Turns are given in the order in which they are asked for. Never rejects. */
  take(patienceMs: number): Promise<Taken> {
    const now = performance.now();
    this.#count(now);
    const spare = this.#takeSpare(now);
    if (spare) return Promise.resolve(spare);
    if (this.#nextAt > now + patienceMs) return Promise.resolve({ kind: 'none', waitMs: this.#nextAt - now });
    return new Promise((resolve) => {
      this.#waiting.push({ patientUntil: now + patienceMs, resolve });
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    while (this.#waiting.length > 0) await this.#askFor(this.#waiting.splice(0, this.#largest));
    this.#asking = false;
  }

  async #askFor(block: readonly Waiting[]): Promise<void> {
    const asked = performance.now();
    const patience = Math.max(0, ...block.map(({ patientUntil }) => patientUntil - asked));
    const size = this.#free
      ? Math.max(block.length, Math.min(this.#expected(asked), this.#largest))
      : block.length;
    try {
      const { waitMs, remaining } = await this.#options.reserve(size, patience);
      const now = performance.now();
      this.#free = waitMs === 0;
      if (waitMs > patience) this.#nextAt = now + waitMs;
      // A block that took long to come may be used at once, and then not any more.
      const until = Math.max(now, asked + this.#options.holdMs) + waitMs;
      const turn: Turn = { kind: 'turn', from: now + waitMs, until, remaining };
      const reserved = waitMs <= patience;
      this.#keepSpare(reserved && waitMs === 0 ? turn : undefined, size - block.length);
      for (const { patientUntil, resolve } of block) {
        resolve(reserved && turn.from <= patientUntil + 1 ? turn : { kind: 'none', waitMs });
      }
    } catch {
      for (const { resolve } of block) resolve({ kind: 'unknown' });
    }
  }

  #keepSpare(turn: Turn | undefined, count: number): void {
    this.#spare = turn;
    this.#spares = turn ? count : 0;
  }

  #takeSpare(now: number): Turn | undefined {
    if (this.#spares === 0 || this.#spare === undefined || now > this.#spare.until) return undefined;
    this.#spares -= 1;
    return this.#spare;
  }

  #count(now: number): void {
    const passed = now - this.#pace.since;
    const { holdMs } = this.#options;
    if (passed >= holdMs)
      this.#pace = { since: now, count: 0, before: passed < 2 * holdMs ? this.#pace.count : 0 };
    this.#pace.count += 1;
  }

  /** How many come while a block may be used, if they go on coming as they do. */
  #expected(now: number): number {
    return now - this.#pace.since < this.#options.holdMs
      ? Math.max(this.#pace.before, this.#pace.count)
      : this.#pace.count;
  }
}
