/** How thorough a run is. */
export interface RunPlan {
  quick: boolean;
  rounds: number;
  connections: number;
  /** Of each subject; until then the compiler's threads work as much as the subject. */
  warmUpRequests: number;
  /** What a turn aims at; it ends by its number of requests. */
  turnSeconds: number;
  rates: readonly number[];
  latencySeconds: number;
  /** In how many of the rounds latency is measured too. */
  latencyRounds: number;
  starts: number;
  links: number;
  providers: number;
  /** No further round is begun after this many seconds. */
  budgetSeconds: number;
  /** Names of the only subjects to measure; absent: all. */
  only?: readonly string[];
}

const COMMON = { connections: 32, links: 1000, providers: 32 };

/** Many short turns rather than few long ones: what disturbs the machine then disturbs neighbours alike. */
export const FULL: RunPlan = {
  ...COMMON,
  quick: false,
  rounds: 15,
  warmUpRequests: 10_000,
  turnSeconds: 1.5,
  rates: [100, 200],
  latencySeconds: 3,
  latencyRounds: 5,
  starts: 5,
  budgetSeconds: Number.POSITIVE_INFINITY,
};

/** Under a minute, also on two slow cores. */
export const QUICK: RunPlan = {
  ...COMMON,
  quick: true,
  rounds: 3,
  warmUpRequests: 2000,
  turnSeconds: 0.6,
  rates: [200],
  latencySeconds: 1.5,
  latencyRounds: 1,
  starts: 1,
  budgetSeconds: 50,
};
