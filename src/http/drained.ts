import { once } from 'node:events';
import type { Response } from 'express';

/** Until the client has taken what was written, or has gone. */
export async function drained(res: Response): Promise<void> {
  const closed = new AbortController();
  const abort = () => closed.abort();
  res.once('close', abort);
  try {
    if (!res.destroyed) await once(res, 'drain', { signal: closed.signal });
  } catch {
    // The client has gone; who writes sees that.
  } finally {
    res.off('close', abort);
  }
}
