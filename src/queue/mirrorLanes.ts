/**
 * What is on its way to mirrors, lane by lane. Nobody waits for it and callers' requests share the process with it: so it is fetched
 * many at a time, and begun one after the other with pauses in which requests have their turn.
 */
import type { DeliveriesConfig } from '../config/types';
import { Deadline } from '../lib/deadline';
import type { Lane, Share } from '../store/lanes';
import type { Locks, Release } from '../store/locks';
import type { Lease } from '../store/operation';
import type { MirrorPace } from './mirrorPace';

type LaneName = Pick<Lane, 'connection' | 'clinic'>;

export interface MirrorLanes {
  /**
   * What is to be fetched of these lanes, in each of which something is due. Nothing of one that another replica has: one process at a
   * time delivers to a mirror, so that no slow one is overtaken by another.
   * @throws StoreUnavailable, Problem `vendor_unavailable`
   */
  shares(lanes: readonly Lane[]): Promise<Share[]>;
  /** Takes in what was fetched, and tells of each when its turn has come; false if there is none, and it was given back. */
  take(leases: readonly Lease[]): Promise<(lease: Lease) => Promise<boolean>>;
  /** One whose turn has come is over. */
  ended(lease: Lease): void;
  /** Lanes in which nothing is left are free for other replicas. */
  leaveIdle(): void;
  /** Whether the last that was fetched of some lane were all that may be fetched, and none of them is left. */
  readonly isBehind: boolean;
  /** No turn comes any more. */
  stop(): Promise<void>;
}

export interface MirrorLanesParts {
  locks: Pick<Locks, 'take'>;
  pace: MirrorPace;
  settings: () => Pick<DeliveriesConfig, 'concurrency'>;
  giveBack: (leases: readonly Lease[]) => Promise<void>;
}

interface Held {
  lease: Lease;
  decide: (hasTurn: boolean) => void;
}

interface LaneState {
  lane: LaneName;
  /** Ends this process' hold on the lane. */
  leave: Release;
  waiting: Held[];
  underWay: number;
  isFull: boolean;
}

/** Of one lane at a time. */
const MOST_FETCHED = 64;
/** Between two beginnings; a request that comes meanwhile waits for one of them at most. */
const PAUSE_MS = 5;
const LOCK_MS = 1_000;

export function createMirrorLanes({ locks, pace, settings, giveBack }: MirrorLanesParts): MirrorLanes {
  const lanes = new Map<string, LaneState>();
  let pause: NodeJS.Timeout | undefined;
  let isStopped = false;

  async function enter(lane: LaneName): Promise<LaneState | undefined> {
    const name = nameOf(lane);
    const known = lanes.get(name);
    if (known) return known;
    const key = `mirror ${name}`;
    const leave = await locks.take({ key, reach: 'replicas', deadline: new Deadline(LOCK_MS) });
    if (leave === undefined) return undefined;
    const state = { lane, leave, waiting: [], underWay: 0, isFull: false };
    lanes.set(name, state);
    return state;
  }

  function mayBegin({ lane, waiting }: LaneState): boolean {
    const { concurrency } = settings();
    const all = [...lanes.values()];
    const beside = all.filter(({ lane: other }) => other.connection === lane.connection);
    return waiting.length > 0 && sumOf(all) < concurrency && sumOf(beside) < Math.ceil(concurrency / 2);
  }

  /** Begins one, if any may begin, and the next one after a pause. */
  function beginNext(): void {
    if (pause !== undefined) return;
    const next = [...lanes].find(([, state]) => mayBegin(state));
    if (next === undefined) return;
    const [name, state] = next;
    // Lanes take turns.
    lanes.delete(name);
    lanes.set(name, state);
    state.underWay += 1;
    state.waiting.shift()?.decide(true);
    pause = setTimeout(() => {
      pause = undefined;
      beginNext();
    }, PAUSE_MS);
  }

  /** What waits for its turn waits in the store again. If that cannot be written, the leases run out. */
  async function returnAll(leases: readonly Lease[]): Promise<void> {
    if (leases.length > 0) await giveBack(leases).catch(() => {});
  }

  function withoutTurn(held: readonly Held[]): readonly Lease[] {
    for (const { decide } of held) decide(false);
    return held.map(({ lease }) => lease);
  }

  return {
    async shares(due) {
      const shares: Share[] = [];
      for (const lane of due) {
        const state = await enter(lane);
        if (state === undefined || state.waiting.length > 0) continue;
        const most = pace.isDown(lane) ? 1 : MOST_FETCHED;
        if (most > state.underWay) shares.push({ lane, most: most - state.underWay });
      }
      return shares;
    },
    async take(leases) {
      const turns = new Map<string, Promise<boolean>>();
      const strays: Lease[] = [];
      for (const lease of leases) {
        const state = await enter(laneOf(lease)).catch(() => undefined);
        if (state === undefined || isStopped) strays.push(lease);
        else turns.set(lease.id, new Promise((decide) => state.waiting.push({ lease, decide })));
      }
      for (const state of lanes.values())
        state.isFull = state.waiting.length + state.underWay >= MOST_FETCHED;
      await returnAll(strays);
      beginNext();
      return (lease) => turns.get(lease.id) ?? Promise.resolve(false);
    },
    ended(lease) {
      const state = lanes.get(nameOf(laneOf(lease)));
      if (state === undefined) return;
      state.underWay -= 1;
      if (pace.isDown(state.lane)) void returnAll(withoutTurn(state.waiting.splice(0)));
      beginNext();
    },
    leaveIdle() {
      for (const [name, { waiting, underWay, leave }] of lanes) {
        if (waiting.length + underWay > 0) continue;
        lanes.delete(name);
        leave();
      }
    },
    get isBehind() {
      return [...lanes.values()].some(({ isFull, waiting }) => isFull && waiting.length === 0);
    },
    async stop() {
      isStopped = true;
      clearTimeout(pause);
      await returnAll(withoutTurn([...lanes.values()].flatMap(({ waiting }) => waiting.splice(0))));
    },
  };
}

function sumOf(states: readonly LaneState[]): number {
  return states.reduce((sum, { underWay }) => sum + underWay, 0);
}

/** Where an operation belongs. */
export function laneOf({ clinic, target, mirror }: Lease): LaneName {
  return { connection: mirror ?? target?.vendor ?? '', clinic };
}

function nameOf({ connection, clinic }: LaneName): string {
  return `${connection}/${clinic}`;
}
