import { codeOf } from './engine';

/** The store cannot be read or written now: the disk is full, the server is gone. The same call may succeed later. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

  constructor(cause: unknown) {
    super('the store is not available', { cause });
  }

  /** What the database said, for the log: an error code such as `SQLITE_FULL`, never a text that may quote a value. */
  get reason(): string {
    const { cause } = this;
    return codeOf(cause) || (cause instanceof Error ? cause.name : 'unknown');
  }
}

/** Runs a query of a request; whatever the database refuses is `StoreUnavailable`, a mistake of ours stays one. */
export async function orUnavailable<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof TypeError || error instanceof StoreUnavailable
      ? error
      : new StoreUnavailable(error);
  }
}
