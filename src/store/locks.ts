import AsyncLock from 'async-lock';
import { Problem } from '../problem';

/** Among whom a lock is held: the updates of this process, or those of all replicas. */
export type Reach = 'process' | 'replicas';

/** Lets one update at a time through for each key, with a bounded wait. */
export interface Locks {
  /**
   * @param reach default `process`, which costs next to nothing
   * @param beforeWaiting asked where the turn does not come at once; what it throws is thrown, and nobody waits
   * @throws Problem `vendor_unavailable` when the turn does not come within `waitMs`
   */
  hold<T>(
    key: string,
    waitMs: number,
    work: () => Promise<T>,
    reach?: Reach,
    beforeWaiting?: () => Promise<void>,
  ): Promise<T>;
}

/** The turn did not come in time. */
export function busy(): Problem {
  return new Problem(
    'vendor_unavailable',
    'Other updates of this record are still under way. Nothing was sent.',
    {
      outcome: 'not_applied',
      headers: { 'retry-after': '1' },
    },
  );
}

/** Locks that hold within this process. */
export function createLocks(): Locks {
  const lock = new AsyncLock({ maxPending: 10_000 });
  return {
    async hold(key, waitMs, work, _reach, beforeWaiting) {
      const asked = performance.now();
      if (beforeWaiting && lock.isBusy(key)) await beforeWaiting();
      const left = waitMs - (performance.now() - asked);
      // The library rejects for a late turn; what the work itself throws must pass through untouched.
      let started = false;
      try {
        return await lock.acquire(
          key,
          () => {
            started = true;
            return work();
          },
          { timeout: Math.max(1, Math.ceil(left)) },
        );
      } catch (error) {
        if (started) throw error;
        throw busy();
      }
    },
  };
}
