/**
 * Whose queued updates are delivered next: connections take turns, and so do the clinics of one connection. No connection gets
 * more workers than it leaves free, so one whose vendor is slow has half of them at most, and two a third each; the same holds
 * for the clinics of a shared connection and its part. All of this is counted in one process.
 */
import type { Lane, Share } from '../store/lanes';

type LaneName = Pick<Lane, 'connection' | 'clinic'>;

export interface Workers {
  /** Deliveries of this process at the same time. */
  most: number;
  /** Where each delivery that is under way belongs. */
  busy: readonly LaneName[];
}

export interface Turns {
  /**
   * What is to be taken from these lanes, in each of which something is due.
   * @param shared the connections that more than one clinic uses
   */
  share(lanes: readonly Lane[], workers: Workers, shared: ReadonlySet<string>): Share[];
}

export function createTurns(): Turns {
  /** The number of the last turn of each connection, and of each lane; as many as there are names. */
  const turns = new Map<string, number>();
  let turn = 0;
  const isBefore = (a: Lane, b: Lane) =>
    (turnOf(`${a.connection}/`) - turnOf(`${b.connection}/`) ||
      turnOf(nameOf(a)) - turnOf(nameOf(b)) ||
      a.dueMs - b.dueMs) < 0;
  const turnOf = (name: string) => turns.get(name) ?? 0;

  return {
    share(lanes, { most, busy }, shared) {
      const counts = new Map<string, number>();
      const countOf = (name: string) => counts.get(name) ?? 0;
      const begin = (lane: LaneName) => {
        for (const name of ['', ...namesOf(lane)]) counts.set(name, countOf(name) + 1);
      };
      const mayBegin = (lane: Lane) => {
        const places = Math.ceil((most - countOf('') - countOf(`${lane.connection}/`)) / 2);
        return shared.has(lane.connection) ? countOf(nameOf(lane)) < places : places > 0;
      };
      busy.forEach(begin);
      const shares = new Map<Lane, number>();
      for (;;) {
        const next = lanes.reduce<Lane | undefined>(
          (first, lane) => (mayBegin(lane) && (first === undefined || isBefore(lane, first)) ? lane : first),
          undefined,
        );
        if (next === undefined) return [...shares].map(([lane, count]) => ({ lane, most: count }));
        begin(next);
        turn += 1;
        for (const name of namesOf(next)) turns.set(name, turn);
        shares.set(next, (shares.get(next) ?? 0) + 1);
      }
    },
  };
}

/** The connection's comes with a slash as well: that of versions which did not keep it is empty. */
function namesOf(lane: LaneName): string[] {
  return [`${lane.connection}/`, nameOf(lane)];
}

function nameOf({ connection, clinic }: LaneName): string {
  return `${connection}/${clinic}`;
}
