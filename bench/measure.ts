/** One run: start everything, check everything, warm up, measure round by round, end everything. */
import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { ask, Children, cpuMicros, memoryMb, originOf } from './children';
import {
  checkGateway,
  loggedRequests,
  MODULES,
  prepareGateway,
  type RunningGateway,
  startGateway,
} from './gateway';
import type { LoadOrder, LoadReport } from './load';
import { checkMirror, type Mirror, type Mirrored, startMirror, takeCounts, untilMirrored } from './mirror';
import type { RunPlan } from './plan';
import { emptyLatency, type Results, type SubjectResult, type Turn } from './results';
import { spread } from './statistics';
import { type Absent, directTraffic, type Places, type Subject, startSubjects } from './subjects';
import type { Traffic } from './traffic';
import { workFolder } from './workFolder';

/** Fewer than this, and single events weigh too much. */
const LEAST_REQUESTS = 256;

const WARM_UP_PARTS = 4;

interface Bench {
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

interface Measured {
  subject: Subject;
  result: SubjectResult;
  requestsPerSecond: number;
}

/**
 * @param nodeArgs options of Node for the gateway's process, such as `--cpu-prof`
 * @throws Error when a subject does not do its work: that is a failed run, not a fast subject
 */
export async function measure(
  plan: RunPlan,
  say: (line: string) => void,
  nodeArgs: string[] = [],
): Promise<Results> {
  const children = new Children();
  const { folder, remove } = workFolder(children);
  try {
    return await run({ plan, say, nodeArgs }, children, folder);
  } finally {
    await children.stopAll();
    remove();
  }
}

async function run(
  asked: Pick<Bench, 'plan' | 'say' | 'nodeArgs'>,
  children: Children,
  folder: string,
): Promise<Results> {
  const { plan, say } = asked;
  const deadline = performance.now() + plan.budgetSeconds * 1000;
  const loadAverageBefore = loadavg()[0] ?? 0;
  const stub = children.fork('vendor stub', 'stub.js', { STUB_COBALT_PROVIDERS: String(plan.providers) });
  const vendorUrl = await originOf(stub);
  const load = children.fork('load', 'load.js');
  const bench: Bench = { ...asked, stub, load, children, vendorUrl, deadline };
  const startSeconds: number[] = [];
  const results = new Map<string, SubjectResult>();
  for (let sitting = 1; sitting <= plan.sittings; sitting += 1) {
    say(`sitting ${sitting} of ${plan.sittings}`);
    startSeconds.push(...(await sit(bench, join(folder, `sitting-${sitting}`), results)));
    await children.stopAll([stub, load]);
  }
  const subjects = [...results.values()];
  return {
    measuredAt: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      node: process.version,
      loadAverageBefore,
      loadAverageAfter: loadavg()[0] ?? 0,
    },
    settings: {
      sittings: plan.sittings,
      rounds: Math.max(0, ...subjects.map(({ turns }) => turns.length)),
      connections: plan.connections,
      secondsToSettle: plan.settleSeconds,
      secondsPerTurn: plan.turnSeconds,
      links: plan.links,
    },
    startSeconds,
    subjects,
  };
}

/**
 * Starts every subject, warms it up, and measures it in some rounds.
 * @param results what each subject has come to so far, by name; is added to
 * @returns how long the gateways took to start, in seconds
 */
async function sit(bench: Bench, folder: string, results: Map<string, SubjectResult>): Promise<number[]> {
  const { plan, children, vendorUrl } = bench;
  mkdirSync(folder);
  const gateways = await startGateways(bench, folder);
  const mirrored = plan.quick ? undefined : await startMirrored(bench, folder);
  const places = {
    vendorUrl,
    gateways,
    ...(mirrored && { mirrored }),
    links: plan.links,
    providers: plan.providers,
  };
  const started = await startSubjects(children, places);
  const subjects = started.filter(({ name }) => plan.only?.includes(name) ?? true);
  const measured: Measured[] = [];
  for (const subject of subjects) {
    if ('skipped' in subject) results.set(subject.name, withoutFigures(subject));
    else if (plan.quick && subject.onlyInFullRuns) {
      results.set(subject.name, withoutFigures(await onlyChecked(bench, subject)));
    } else measured.push(await warmedUp(bench, subject, results));
  }
  const sent = new Map<number, number>();
  for (let round = 0; round < plan.rounds; round += 1) {
    if (round > 0 && performance.now() > bench.deadline) break;
    bench.say(`round ${round + 1} of ${plan.rounds}`);
    for (const item of rotated(measured, round)) {
      const { pid } = item.subject;
      const done = await turn(bench, item);
      item.result.turns.push(done);
      sent.set(pid, (sent.get(pid) ?? 0) + done.requests);
    }
    if (round >= plan.latencyRounds) continue;
    for (const rate of plan.rates) await latencyRound(bench, measured, rate);
  }
  for (const { subject, result } of measured) {
    result.peakRssMb = Math.max(result.peakRssMb ?? 0, memoryMb(subject.pid, 'VmHWM'));
  }
  const running = [...new Set([...Object.values(gateways), ...(mirrored ? [mirrored.gateway] : [])])];
  for (const { folder: of, pid } of running) checkLog(of, sent.get(pid) ?? 0);
  return running.map(({ startSeconds }) => startSeconds);
}

/** In a quick run one gateway serves all three vendors: it has little time to get warm. */
async function startGateways(bench: Bench, folder: string): Promise<Places['gateways']> {
  const start = (name: string) => newGateway(bench, join(folder, name));
  if (bench.plan.quick) {
    const only = await start('only');
    return { clinikapi: only, vitalis: only, cobalt: only };
  }
  return {
    clinikapi: await start('clinikapi'),
    vitalis: await start('vitalis'),
    cobalt: await start('cobalt'),
  };
}

async function startMirrored(bench: Bench, folder: string): Promise<Mirrored> {
  const mirror = await startMirror(bench.children);
  return { mirror, gateway: await newGateway(bench, join(folder, 'mirrored'), mirror) };
}

/** A gateway with a configuration, a store and a log of its own, all of them alike but for the mirror. */
async function newGateway(
  { plan, children, vendorUrl, nodeArgs }: Bench,
  folder: string,
  mirror?: Mirror,
): Promise<RunningGateway> {
  mkdirSync(folder);
  const { links, providers } = plan;
  await prepareGateway({ folder, vendorUrl, links, providers, ...(mirror && { mirrorUrl: mirror.url }) });
  // A profile of the bundle could not tell one package from another.
  const way = nodeArgs.length > 0 ? { main: MODULES, nodeArgs } : {};
  const gateway = await startGateway(children, folder, way);
  await checkGateway(gateway.origin);
  return gateway;
}

function withoutFigures({ name, title, skipped }: Absent): SubjectResult {
  return { name, title, skipped, turns: [], latency: [] };
}

/** Every round begins with another subject, so that none always has the same neighbour. */
function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const first = by % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

async function onlyChecked(bench: Bench, subject: Subject): Promise<Absent> {
  await loadedWith(bench, subject, bench.plan.connections * 2);
  return {
    name: subject.name,
    title: subject.title,
    skipped: 'its answers were checked; measured in full runs only',
  };
}

/**
 * Loads a subject until it runs at its speed, each with the same number of requests (the one gateway of a quick run with as many
 * for each vendor). The last part tells its speed.
 */
async function warmedUp(
  bench: Bench,
  subject: Subject,
  results: Map<string, SubjectResult>,
): Promise<Measured> {
  const { warmUpRequests } = bench.plan;
  bench.say(`warming up: ${subject.title}`);
  let rate = 0;
  for (let part = 0; part < WARM_UP_PARTS; part += 1) {
    const { requests, seconds } = await loadedWith(bench, subject, warmUpRequests / WARM_UP_PARTS);
    rate = requests / seconds;
  }
  const result: SubjectResult = results.get(subject.name) ?? {
    name: subject.name,
    title: subject.title,
    turns: [],
    latency: [],
    ...(subject.note !== undefined && { note: subject.note }),
  };
  results.set(subject.name, result);
  return { subject, result, requestsPerSecond: rate };
}

async function turn(bench: Bench, { subject, requestsPerSecond }: Measured): Promise<Turn> {
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
async function loadedWith(
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

async function latencyRound(bench: Bench, measured: readonly Measured[], rate: number): Promise<void> {
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

/** @throws Error unless the gateway with this folder has logged every request of so many and more */
function checkLog(folder: string, sent: number): void {
  const logged = loggedRequests(folder);
  if (logged < sent) throw new Error(`the gateway has logged ${logged} of at least ${sent} requests`);
}

/** For messages: the median of what was measured. */
export function medianCpu({ turns }: SubjectResult): number {
  return spread(turns.map((turn) => turn.cpuMicrosPerRequest)).median;
}
