/**
 * Settles like `work`, or like `late` if that takes longer; `work` itself goes on.
 * @param milliseconds from now
 * @param late gives something else back, or throws
 */
export async function within<T, Late>(
  milliseconds: number,
  work: Promise<T>,
  late: () => Late | Promise<Late>,
): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  try {
    return await Promise.race([work, over.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}

/** One deadline for everything that one request does at a vendor. Times are milliseconds of the monotonic clock. */
export class Deadline {
  readonly #at: number;
  /** On whose behalf: a clinic. Failures of one do not hold up another at a connection that both use. */
  readonly owner: string;
  /** Of the request that all this is done for, for the log. */
  readonly requestId: string | undefined;

  constructor(milliseconds: number, owner = '', requestId?: string) {
    this.#at = performance.now() + milliseconds;
    this.owner = owner;
    this.requestId = requestId;
  }

  /** Milliseconds left, never negative. */
  remaining(): number {
    return Math.max(0, this.#at - performance.now());
  }

  /** An earlier deadline: keeps `milliseconds` of this one back for what comes after. */
  reserving(milliseconds: number): Deadline {
    return new Deadline(Math.max(0, this.remaining() - milliseconds), this.owner, this.requestId);
  }

  /** `within` the time that is left. */
  within<T, Late>(work: Promise<T>, late: () => Late | Promise<Late>): Promise<T | Late> {
    return within(this.remaining(), work, late);
  }
}
