/**
 * What a mirror costs the callers of its clinic: the same updates at the same rate with no mirror, with one that works, and with ones
 * that do not. The gateways stand beside each other from the start to the end and are measured in turns, warm, so that what
 * else the machine does meets all of them. At the end every mirror works again, and has to hold what the clinic's own vendor holds.
 */
import type { Condition } from './mirrorCopy';
import { type Answered, type MirrorStage, openMirrorStage } from './mirrorStage';

const TARGETS = ['none', 'healthy', 'hung', 'failing', 'refusing', 'back'] as const;
/** `refusing` takes no connections, and `back` does again in the middle of each turn. */
export type Target = (typeof TARGETS)[number];

const CONDITIONS: Readonly<Partial<Record<Target, Condition>>> = {
  hung: 'hung',
  failing: 'failing',
  refusing: 'shut',
  back: 'shut',
};

export interface MirrorCostOptions {
  engine: 'sqlite' | 'postgres';
  rounds: number;
  /** Of each target in each round. */
  seconds: number;
  perSecond: number;
  onProgress?: (line: string) => void;
}

/** What one target took in one turn. Times are milliseconds. */
interface Turn {
  times: readonly number[];
  /** Of the store, for each update of a caller. */
  commits: number;
  /** Processor time of the gateway, for each update of a caller. */
  cpu: number;
  /** Answers that are not the ones without a mirror. */
  wrong: number;
}

/** What the mirror has in the end that it should not have. */
interface Unequal {
  /** Staff whose record is not the same there. */
  records: number;
  /** How many writes it has more or fewer than the vendor. */
  writes: number;
  /** Updates that it will never get. */
  dead: number;
}

export interface MirrorCosts {
  turns: ReadonlyMap<Target, readonly Turn[]>;
  unequal: ReadonlyMap<Target, Unequal>;
}

/** Until the compilers of Node have nothing to do any more. */
const WARM_UP = { count: 2_000, perSecond: 150 };

export async function measureMirror(options: MirrorCostOptions): Promise<MirrorCosts> {
  const stages = new Map<Target, MirrorStage>();
  const turns = new Map<Target, Turn[]>(TARGETS.map((target) => [target, []]));
  const unequal = new Map<Target, Unequal>();
  try {
    for (const target of TARGETS) {
      const stage = await openMirrorStage(options.engine, target !== 'none');
      stages.set(target, stage);
      await stage.send(WARM_UP);
      await stage.emptied();
      const condition = CONDITIONS[target];
      if (condition) await stage.mirror(condition);
    }
    for (let round = 0; round < options.rounds; round += 1) {
      // Who comes first is another one each time.
      for (let place = 0; place < TARGETS.length; place += 1) {
        const target = TARGETS[(place + round) % TARGETS.length] ?? 'none';
        const turn = await take(target, stageOf(stages, target), options);
        turns.get(target)?.push(turn);
        options.onProgress?.(`${options.engine}, round ${round + 1}, ${target}: ${told(turn)}`);
      }
    }
    for (const [target, stage] of stages) if (target !== 'none') unequal.set(target, await endOf(stage));
  } finally {
    for (const stage of stages.values()) await stage.close();
  }
  return { turns, unequal };
}

function stageOf(stages: ReadonlyMap<Target, MirrorStage>, target: Target): MirrorStage {
  const stage = stages.get(target);
  if (stage === undefined) throw new Error(`${target} was not begun`);
  return stage;
}

async function take(target: Target, stage: MirrorStage, options: MirrorCostOptions): Promise<Turn> {
  const { perSecond, seconds } = options;
  if (target === 'back') await stage.mirror('shut');
  const before = await stage.counters();
  const count = Math.round((seconds * perSecond) / 2);
  const first = await stage.send({ count, perSecond });
  if (target === 'back') await stage.mirror('works');
  const answers: Answered[] = [...first, ...(await stage.send({ count, perSecond }))];
  // What is left for the mirror belongs to this turn, and disturbs no other one.
  if (target === 'healthy' || target === 'back') await stage.emptied();
  const after = await stage.counters();
  return {
    times: answers.map(({ ms }) => ms),
    commits: (after.commits - before.commits) / answers.length,
    cpu: (after.cpu - before.cpu) / answers.length,
    wrong: answers.filter(({ right }) => !right).length,
  };
}

async function endOf(stage: MirrorStage): Promise<Unequal> {
  await stage.mirror('works');
  const dead = await stage.emptied();
  const [here, there] = [await stage.vendor(), await stage.mirror()];
  const records = Object.entries(here.roles).filter(([id, role]) => there.roles[id] !== role).length;
  return { records, writes: Math.abs(here.writes - there.writes), dead };
}

function told({ times, commits, cpu, wrong }: Turn): string {
  return (
    `median ${quantile(times, 0.5).toFixed(1)} ms, p99 ${quantile(times, 0.99).toFixed(1)} ms, ` +
    `${commits.toFixed(2)} commits and ${cpu.toFixed(2)} ms of the processor an update, ${wrong} wrong answers`
  );
}

/** One line for each target: what it took, and its times against those without a mirror. */
export function compareMirrors({ turns, unequal }: MirrorCosts): { line: string; right: boolean }[] {
  const none = turns.get('none') ?? [];
  return TARGETS.map((target) => {
    const own = turns.get(target) ?? [];
    const wrong = own.reduce((sum, turn) => sum + turn.wrong, 0);
    const end = unequal.get(target) ?? { records: 0, writes: 0, dead: 0 };
    const isEqual = end.records + end.writes + end.dead === 0;
    const of = (part: number) =>
      `${quantile(timesOf(own), part).toFixed(1)} ms (× ${(quantile(timesOf(own), part) / quantile(timesOf(none), part)).toFixed(2)}, ` +
      `× ${middle(own.map(({ times }, round) => quantile(times, part) / quantile(none[round]?.times ?? [], part))).toFixed(2)})`;
    const line =
      `mirror ${target}: median ${of(0.5)}, p99 ${of(0.99)} of all and of the middle round, against none; ` +
      `${middle(own.map(({ commits }) => commits)).toFixed(2)} commits and ` +
      `${middle(own.map(({ cpu }) => cpu)).toFixed(2)} ms of the processor an update; ${wrong} wrong answers` +
      `${target === 'none' ? '' : isEqual ? ', both sides equal in the end' : `, NOT EQUAL: ${JSON.stringify(end)}`}`;
    return { line, right: wrong === 0 && isEqual };
  });
}

function timesOf(turns: readonly Turn[]): number[] {
  return turns.flatMap(({ times }) => times);
}

function middle(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** @param part from 0 to 1 */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
