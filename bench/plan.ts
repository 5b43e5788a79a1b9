/** How thorough a run is. */
export interface RunPlan {
  /** One gateway for all vendors, and updates of the status only, which is what its limits are about. */
  quick: boolean;
  /** How often all subjects are started and warmed up anew: two processes of one program differ by a tenth to a third for as long as they live. */
  sittings: number;
  /** In each sitting. */
  rounds: number;
  connections: number;
  /** Of each subject; until then the compiler's threads work as much as the subject. */
  warmUpRequests: number;
  /**
   * Each turn begins with about so long a load that is reported apart: while the others had their turns the subject rested, and
   * what has rested is dearer for a while, which is the interleaving's doing. 0: none.
   */
  settleSeconds: number;
  /** What a turn aims at after that; it ends by its number of requests. */
  turnSeconds: number;
  rates: readonly number[];
  latencySeconds: number;
  /** In how many of a sitting's rounds latency is measured too. */
  latencyRounds: number;
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
  sittings: 1,
  rounds: 5,
  warmUpRequests: 10_000,
  settleSeconds: 2,
  turnSeconds: 1.5,
  rates: [100, 200],
  latencySeconds: 3,
  latencyRounds: 2,
  budgetSeconds: Number.POSITIVE_INFINITY,
};

/** About 45 s on two cores. On a machine that is busy it stops after fewer rounds. */
export const QUICK: RunPlan = {
  ...COMMON,
  quick: true,
  sittings: 1,
  rounds: 3,
  warmUpRequests: 4000,
  settleSeconds: 0,
  turnSeconds: 0.6,
  rates: [200],
  latencySeconds: 1.5,
  latencyRounds: 1,
  budgetSeconds: 50,
};
