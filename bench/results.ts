/** What one run of the benchmark has measured, and the questions that the table, the chart and the targets ask of it. */

/** One subject under closed-loop load, once. */
export interface Turn {
  requests: number;
  /** CPU time of the whole process, user and system, all threads. */
  cpuMicrosPerRequest: number;
  /** The same for the load before, which began right after the subject had rested. */
  cpuMicrosAfterRest?: number;
  /** The same for updates of the status only. */
  cpuMicrosOfStatusOnly?: number;
  requestsPerSecond: number;
  /** Resident memory right after the turn. */
  rssMb: number;
}

/** One subject under open-loop load at one rate: one entry in each list for each round. */
export interface LatencyResult {
  rate: number;
  p50: number[];
  p99: number[];
  /** Above the direct call of the same round. */
  addedP50: number[];
  addedP99: number[];
}

export interface SubjectResult {
  name: string;
  title: string;
  turns: Turn[];
  latency: LatencyResult[];
  peakRssMb?: number;
  /** Why there are no figures. */
  skipped?: string;
  note?: string;
}

/** What targets are judged by. */
export interface Measurements {
  startSeconds: readonly number[];
  subjects: readonly SubjectResult[];
}

export interface Results {
  measuredAt: string;
  machine: { cpu: string; cores: number; node: string; loadAverageBefore: number; loadAverageAfter: number };
  settings: {
    sittings: number;
    /** Of all sittings together. */
    rounds: number;
    connections: number;
    secondsToSettle: number;
    secondsPerTurn: number;
    links: number;
  };
  startSeconds: number[];
  subjects: SubjectResult[];
}

/** The view of the results that targets are written against. */
export interface Summary {
  /** CPU per request of one subject over that of another, round by round. */
  ratios(subject: string, reference: string): number[];
  latency(subject: string, rate: number): LatencyResult;
  peakRss(subject: string): number[];
  readonly startSeconds: readonly number[];
}

export function summaryOf(results: Measurements): Summary {
  const find = (name: string) => results.subjects.find((subject) => subject.name === name);
  return {
    ratios(subject, reference) {
      const others = find(reference)?.turns ?? [];
      return (find(subject)?.turns ?? []).flatMap((turn, round) => {
        const other = others[round];
        return other ? [turn.cpuMicrosPerRequest / other.cpuMicrosPerRequest] : [];
      });
    },
    latency: (subject, rate) =>
      find(subject)?.latency.find((entry) => entry.rate === rate) ?? emptyLatency(rate),
    peakRss: (subject) => [find(subject)?.peakRssMb ?? []].flat(),
    startSeconds: results.startSeconds,
  };
}

export function emptyLatency(rate: number): LatencyResult {
  return { rate, p50: [], p99: [], addedP50: [], addedP99: [] };
}
