#!/usr/bin/env node
/** `npm run bench`: measures what the gateway costs, beside others that do the same or less. See docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { breakdown } from './breakdown';
import { chart } from './chart';
import { measure } from './measure';
import { FULL, QUICK } from './plan';
import { replicas } from './replicas';
import { judge, leastCpu, subjectTable, targetTable, type Verdict } from './report';
import type { Measurements, Results } from './results';
import { ROOT } from './workFolder';

interface Options {
  quick?: true;
  sittings?: string;
  rounds?: string;
  seconds?: string;
  only?: string;
  cpuOnly?: true;
  cpuProf?: string;
}

/** A quick run is a smoke test on any machine: it fails only where a ratio is far off. */
const QUICK_TOLERANCE = 2;

async function main(options: Options): Promise<void> {
  const base = options.quick ? QUICK : FULL;
  const plan = {
    ...base,
    sittings: Number(options.sittings ?? base.sittings),
    rounds: Number(options.rounds ?? base.rounds),
    turnSeconds: Number(options.seconds ?? base.turnSeconds),
    ...(options.only !== undefined && { only: options.only.split(',') }),
    ...((options.cpuOnly || options.cpuProf !== undefined) && { rates: [] }),
  };
  const profiling = options.cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.cpuProf}`];
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const results = await measure(plan, say, profiling);
  const verdicts = judge(results);
  console.log(`\n${subjectTable(results)}\n\n${targetTable(verdicts)}\n`);
  const { loadAverageBefore, cores } = results.machine;
  if (loadAverageBefore > cores / 2) {
    console.log(
      `The machine was busy before the run (load ${loadAverageBefore.toFixed(1)} on ${cores} cores): latencies mean nothing, ratios little.\n`,
    );
  }
  if (!options.quick && !options.only && !options.cpuOnly && !options.cpuProf) {
    const folder = join(ROOT, 'bench');
    writeFileSync(join(folder, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
    writeFileSync(join(folder, 'results.svg'), chart(results));
    const parts = await breakdown(say);
    console.log(`${parts}\n`);
    writePage(`${headingOf(results)}\n\n${subjectTable(results)}\n\n${targetTable(verdicts)}\n\n${parts}`);
  }
  const fails = options.quick ? (verdict: Verdict) => isFarOff(verdict, results.subjects) : isMissed;
  process.exitCode = verdicts.some(fails) ? 1 : 0;
}

/** Puts the tables of a run where the page shows the last one. */
function writePage(tables: string): void {
  const path = join(ROOT, 'docs/performance.md');
  const [before = '', rest = ''] = readFileSync(path, 'utf8').split(BEGIN);
  const [, after = ''] = rest.split(END);
  writeFileSync(path, `${before}${BEGIN}\n\n${tables}\n\n${END}${after}`);
}

const BEGIN = '<!-- npm run bench writes from here -->';
const END = '<!-- to here -->';

function headingOf({ measuredAt, machine, settings }: Results): string {
  const { node, cores, loadAverageBefore, loadAverageAfter } = machine;
  const load = `load ${loadAverageBefore.toFixed(1)} before and ${loadAverageAfter.toFixed(1)} after`;
  const turns = `${settings.sittings} sitting(s), ${settings.rounds} rounds, ${settings.connections} connections`;
  return `${measuredAt.slice(0, 10)}, Node ${node.replace('v', '')}, ${cores} cores, ${load}; ${turns}.`;
}

function isMissed({ met }: Verdict): boolean {
  return met === false;
}

/** By the median of the rounds, and by the least of all: what a neighbour adds to one of the two is not in the other. */
function isFarOff({ target, spread }: Verdict, subjects: Measurements['subjects']): boolean {
  const most = target.limit * (target.quickTolerance ?? QUICK_TOLERANCE);
  // On a machine that is so busy nothing can be said.
  if (subjects.some(({ turns }) => turns.length > 0 && turns.length < QUICK.rounds)) return false;
  if (target.ratioOf === undefined || spread.median <= most) return false;
  const least = (name: string) => leastCpu(subjects.find((subject) => subject.name === name));
  return least(target.ratioOf.subject) / least(target.ratioOf.reference) > most;
}

const program = new Command('bench')
  .description('measures the gateway beside other proxies, interleaved round by round')
  .option('--quick', 'a smoke test in less than a minute; fails only when a ratio is beyond twice its target')
  .option('--sittings <number>', 'how often every subject is started anew')
  .option('--rounds <number>', 'rounds in each sitting; the median is over all of them')
  .option('--seconds <number>', 'length of one turn of one subject')
  .option('--only <names>', 'measure these subjects only, for tuning; see the names in subjects.ts')
  .option('--cpu-only', 'leave out latencies, for tuning; writes nothing')
  .option('--cpu-prof <folder>', 'write a CPU profile of the gateway there; its figures then mean nothing')
  .action(main);

program
  .command('breakdown')
  .description('what an update is made up of, by taking parts away')
  .action(async () => console.log(await breakdown((line) => process.stderr.write(`${line}\n`))));

program
  .command('replicas')
  .description('1, 2 and 4 processes on one PostgreSQL behind nginx, and a simulation of more')
  .action(replicas);

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
