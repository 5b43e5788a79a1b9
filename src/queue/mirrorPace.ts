/**
 * When updates for mirrors are fetched of a mirror that does not work: one at a time with growing pauses. All of this is kept in one
 * process and forgotten with it.
 */
import type { DeliveriesConfig } from '../config/types';
import type { Lane } from '../store/lanes';

type LaneName = Pick<Lane, 'connection' | 'clinic'>;

export interface MirrorPace {
  /** Milliseconds until something may be fetched of this lane, 0 at once. */
  restOf(lane: LaneName): number;
  /** Whether one at a time is enough to find out if it works again. */
  isDown(lane: LaneName): boolean;
  /** A delivery to a mirror has ended. @param isDone false if it has to be tried again */
  ended(
    lane: LaneName,
    isDone: boolean,
    settings: Pick<DeliveriesConfig, 'baseDelayMs' | 'maxDelayMs'>,
  ): void;
}

/** One or two may be one person's record. */
const TRIES = 3;
/** So long at most until a mirror that works again gets what it lacks. */
const LONGEST_REST_MS = 5_000;

/** @param now milliseconds of a clock that only goes forward */
export function createMirrorPace(now: () => number = () => performance.now()): MirrorPace {
  /** Of each lane that did not work last; as many as there are mirrors. */
  const troubles = new Map<string, { failures: number; until: number }>();

  return {
    restOf: (lane) => Math.max(0, Math.ceil((troubles.get(nameOf(lane))?.until ?? 0) - now())),
    isDown: (lane) => (troubles.get(nameOf(lane))?.failures ?? 0) >= TRIES,
    ended: (lane, isDone, { baseDelayMs, maxDelayMs }) => {
      if (isDone) return void troubles.delete(nameOf(lane));
      const failures = (troubles.get(nameOf(lane))?.failures ?? 0) + 1;
      const rest = Math.min(LONGEST_REST_MS, maxDelayMs, baseDelayMs * 2 ** (failures - TRIES));
      troubles.set(nameOf(lane), { failures, until: failures < TRIES ? 0 : now() + rest });
    },
  };
}

function nameOf({ connection, clinic }: LaneName): string {
  return `${connection}/${clinic}`;
}
