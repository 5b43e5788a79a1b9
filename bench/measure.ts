/** One run: start everything, check everything, warm up, measure round by round, end everything. */
import { mkdirSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { Children, memoryMb, originOf } from './children';
import {
  checkGateway,
  loggedRequests,
  MODULES,
  prepareGateway,
  type RunningGateway,
  startGateway,
} from './gateway';
import { type Mirror, type Mirrored, startMirror } from './mirror';
import type { RunPlan } from './plan';
import type { Results, SubjectResult } from './results';
import { spread } from './statistics';
import type { Absent, Places, Subject } from './subject';
import { startSubjects } from './subjects';
import { type Bench, latencyRound, loadedWith, type Measured, turn } from './turn';
import { workFolder } from './workFolder';

const WARM_UP_PARTS = 4;

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
    folder,
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

/** @throws Error unless the gateway with this folder has logged every request of so many and more */
function checkLog(folder: string, sent: number): void {
  const logged = loggedRequests(folder);
  if (logged < sent) throw new Error(`the gateway has logged ${logged} of at least ${sent} requests`);
}

/** For messages: the median of what was measured. */
export function medianCpu({ turns }: SubjectResult): number {
  return spread(turns.map((turn) => turn.cpuMicrosPerRequest)).median;
}
