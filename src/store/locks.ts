import AsyncLock from 'async-lock';
import type { Deadline } from '../lib/deadline';
import { Problem } from '../problem';

/** One turn at something that one update at a time may work on. */
export interface Turn {
  key: string;
  /** Among whom: the updates of this process, which costs next to nothing, or those of all replicas. */
  reach: 'process' | 'replicas';
  deadline: Deadline;
}

/** Ends the turn. May be called again. */
export type Release = () => void;

export interface Locks {
  /** @returns undefined if somebody else has the turn now */
  take(turn: Turn): Promise<Release | undefined>;
  /**
   * Waits for the turn, first come, first served.
   * @throws Problem `vendor_unavailable` if it does not come by the deadline
   */
  wait(turn: Turn): Promise<Release>;
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
  const wait = ({ key, deadline }: Turn) =>
    new Promise<Release>((resolve, reject) => {
      const held = (done: () => void) => resolve(() => done());
      lock
        .acquire(key, held, { timeout: Math.max(1, Math.ceil(deadline.remaining())) })
        .catch(() => reject(busy()));
    });
  return {
    wait,
    take: async (turn) => (lock.isBusy(turn.key) ? undefined : wait(turn)),
  };
}
