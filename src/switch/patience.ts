import { setTimeout as sleep } from 'node:timers/promises';
import { VendorFailure } from '../connection/failure';

/** A longer pause is not waited for; nor are more pauses for one call. */
const LONGEST_PAUSE_SECONDS = 600;
const MOST_PAUSES = 20;

/** Waits as long as the vendor, or the configured ceiling on calls, asks for. @throws whatever `call` throws else */
export async function patiently<Result>(call: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
  for (let pauses = 0; ; pauses += 1) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof VendorFailure) || error.kind !== 'rate_limited') throw error;
      const seconds = error.retryAfter ?? 1;
      if (seconds > LONGEST_PAUSE_SECONDS || pauses === MOST_PAUSES) throw error;
      await sleep(seconds * 1000, undefined, signal && { signal });
    }
  }
}
