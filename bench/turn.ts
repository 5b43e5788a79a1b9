/** One subject's turn under load, with the proof that it has done its work. */
import type { ChildProcess } from 'node:child_process';
import { ask, type Children, cpuMicros, memoryMb } from './children';
import type { LoadOrder, LoadReport } from './load';
import { checkMirror, takeCounts, untilMirrored } from './mirror';
import type { RunPlan } from './plan';
import { emptyLatency, type SubjectResult, type Turn } from './results';
import type { Subject } from './subject';
import { directTraffic } from './subjects';
import type { Traffic } from './traffic';

/** Fewer than this, and single events weigh too much. */
const LEAST_REQUESTS = 256;

export interface Bench {
  plan: RunPlan;
  stub: ChildProcess;
  load: ChildProcess;
  children: Children;
  say: (line: string) => void;
  vendorUrl: string;
  /** For the gateways. */
  nodeArgs: readonly string[];
  /** No further round is begun after it. */
  deadline: number;
}

export interface Measured {
  subject: Subject;
  result: SubjectResult;
  requestsPerSecond: number;
}

export async function turn(bench: Bench, { subject, requestsPerSecond }: Measured): Promise<Turn> {
  const { settleSeconds, turnSeconds } = bench.plan;
  const part = async (seconds: number, traffic = subject.traffic) => {
    const requests = Math.max(LEAST_REQUESTS, Math.round(requestsPerSecond * seconds));
    const before = cpuMicros(subject.pid);
    const report = await loadedWith(bench, subject, requests, traffic);
    return { ...report, cpuMicrosPerRequest: (cpuMicros(subject.pid) - before) / report.requests };
  };
  const { quick } = bench.plan;
  const first = settleSeconds > 0 ? await part(settleSeconds) : undefined;
  const { traffic, statusOnly } = subject;
  const { requests, seconds, cpuMicrosPerRequest } = await part(turnSeconds, quick ? statusOnly : traffic);
  const smallest = statusOnly && !quick ? await part(turnSeconds / 2, statusOnly) : undefined;
  return {
    requests: requests + (first?.requests ?? 0) + (smallest?.requests ?? 0),
    cpuMicrosPerRequest,
    ...(smallest && { cpuMicrosOfStatusOnly: smallest.cpuMicrosPerRequest }),
    ...(first && { cpuMicrosAfterRest: first.cpuMicrosPerRequest }),
    requestsPerSecond: requests / seconds,
    rssMb: memoryMb(subject.pid, 'VmRSS'),
  };
}

/**
 * One closed loop; it ends when a mirror has all of it too.
 * @throws Error when an answer was wrong or the vendor has not seen the work
 */
export async function loadedWith(
  bench: Bench,
  subject: Subject,
  requests: number,
  traffic = subject.traffic,
): Promise<LoadReport> {
  await takeCounts(bench.stub);
  const { connections } = bench.plan;
  const report = await loaded(bench, { kind: 'closed', traffic, connections, requests }, subject.title);
  if (subject.mirrored) {
    await untilMirrored(subject.mirrored);
    await checkMirror(subject.mirrored, bench.stub, report.requests);
  }
  const { reads, writes, refused } = (await takeCounts(bench.stub))[subject.vendor];
  const wanted = report.requests * subject.writes;
  if (refused > 0 || writes !== wanted || reads < report.requests * subject.reads) {
    throw new Error(
      `${subject.title} did not do its work: ${report.requests} answers, but the vendor saw ${writes} writes, ` +
        `${reads} reads, refused ${refused}`,
    );
  }
  return report;
}

async function loaded(bench: Bench, order: LoadOrder, title: string): Promise<LoadReport> {
  bench.children.check();
  const report = await ask<LoadReport>(bench.load, order);
  if (report.complaints.length > 0) throw new Error(`${title}: ${report.complaints.join('; ')}`);
  return report;
}

export async function latencyRound(bench: Bench, measured: readonly Measured[], rate: number): Promise<void> {
  const { plan, vendorUrl } = bench;
  const chosen = measured.filter(({ subject }) =>
    plan.quick ? subject.name === 'gateway' : subject.latency,
  );
  const timed = async (traffic: Traffic, title: string) => {
    await takeCounts(bench.stub);
    const order: LoadOrder = { kind: 'open', traffic, rate, seconds: plan.latencySeconds };
    const { latency } = await loaded(bench, order, title);
    if (latency === undefined) throw new Error('the load process has measured no latency');
    return latency;
  };
  const direct = await timed(directTraffic(vendorUrl, plan.links), 'direct call');
  for (const { subject, result } of chosen) {
    const { p50, p99 } = await timed(subject.traffic, subject.title);
    let entry = result.latency.find((item) => item.rate === rate);
    if (entry === undefined) {
      entry = emptyLatency(rate);
      result.latency.push(entry);
    }
    entry.p50.push(p50);
    entry.p99.push(p99);
    entry.addedP50.push(p50 - direct.p50);
    entry.addedP99.push(p99 - direct.p99);
  }
}
