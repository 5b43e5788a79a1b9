/** One deadline for everything that one request does at a vendor. Times are milliseconds of the monotonic clock. */
export class Deadline {
  readonly #at: number;

  constructor(milliseconds: number) {
    this.#at = performance.now() + milliseconds;
  }

  /** Milliseconds left, never negative. */
  remaining(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** An earlier deadline: keeps `milliseconds` of this one back for what comes after. */
  reserving(milliseconds: number): Deadline {
    return new Deadline(Math.max(0, this.remaining() - milliseconds));
  }

  /** Settles like `work`, or rejects with what `late` makes once the time is over; `work` itself goes on. */
  within<T>(work: Promise<T>, late: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(late()), this.remaining());
      work.finally(() => clearTimeout(timer)).then(resolve, reject);
    });
  }
}
