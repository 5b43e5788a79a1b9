/** How thorough a run is. */
export interface RunPlan {
  quick: boolean;
  rounds: number;
  connections: number;
  warmUpSeconds: number;
  /** What a turn aims at; it ends by its number of requests. */
  turnSeconds: number;
  rates: readonly number[];
  latencySeconds: number;
  starts: number;
  links: number;
  providers: number;
  /** No further round is begun after this many seconds. */
  budgetSeconds: number;
  /** Names of the only subjects to measure; absent: all. */
  only?: readonly string[];
}

const COMMON = { connections: 32, links: 1000, providers: 32 };

export const FULL: RunPlan = {
  ...COMMON,
  quick: false,
  rounds: 5,
  warmUpSeconds: 4,
  turnSeconds: 4,
  rates: [100, 200],
  latencySeconds: 4,
  starts: 5,
  budgetSeconds: Number.POSITIVE_INFINITY,
};

export const QUICK: RunPlan = {
  ...COMMON,
  quick: true,
  rounds: 3,
  warmUpSeconds: 1.2,
  turnSeconds: 0.7,
  rates: [200],
  latencySeconds: 1.5,
  starts: 1,
  budgetSeconds: 40,
};
