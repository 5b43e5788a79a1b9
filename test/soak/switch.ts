/** Moving a clinic: very many people in bounded memory, and copies that are killed again and again. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePeople } from '../../sandbox/people';
import { PROGRAM } from '../support/gatewayProcess';
import { copyKilledAt, type Moment } from '../support/killedCopy';
import { type Movable, openMovable } from '../support/movable';
import { randomness } from '../support/pairs';

const HERE = 'clinikapi-main';
const THERE = 'vitalis-centro';
const ROOT = join(__dirname, '../..');

export interface SwitchSizes {
  /** Of each command: megabytes at its peak above what it takes for ten people, and seconds. */
  commands: { name: string; growthMb: number; seconds: number; code: number }[];
}

/** What `rehearse` and `compare` take for very many people. */
export async function measureSwitch(staff: number, onProgress: (line: string) => void): Promise<SwitchSizes> {
  const base = await peaks(10, onProgress);
  const large = await peaks(staff, onProgress);
  return {
    commands: large.map(({ name, peakMb, ...rest }) => {
      const least = base.find((one) => one.name === name)?.peakMb ?? 0;
      return { name, growthMb: peakMb - least, ...rest };
    }),
  };
}

interface Peak {
  name: string;
  peakMb: number;
  seconds: number;
  code: number;
}

async function peaks(staff: number, onProgress: (line: string) => void): Promise<Peak[]> {
  const stage = await openMovable(staff, {
    clinikapi: { rateLimit: 1_000_000 },
    configure: ({ vendors }) => {
      for (const name of [HERE, THERE]) vendors[name].timeoutMs = 60_000;
    },
  });
  try {
    await stage.link('north', HERE);
    await stage.link('north', THERE);
    const found: Peak[] = [];
    for (const name of ['rehearse', 'compare']) {
      onProgress(`${staff} people: ${name}`);
      found.push(await peakOf(stage, name));
    }
    return found;
  } finally {
    await stage.close();
  }
}

async function peakOf(stage: Movable, name: string): Promise<Peak> {
  const file = join(stage.folder, `${name}.csv`);
  // As `npm run cli` does.
  const args = [
    '--max-semi-space-size=4',
    ...PROGRAM,
    '-c',
    stage.configPath,
    'switch',
    name,
    'north',
    THERE,
    '--out',
    file,
  ];
  const started = performance.now();
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'ignore' });
  let peakMb = 0;
  const look = setInterval(() => {
    peakMb = Math.max(peakMb, residentMb(child.pid ?? 0));
  }, 10);
  const [code] = await once(child, 'exit');
  clearInterval(look);
  return { name, peakMb, seconds: (performance.now() - started) / 1000, code: Number(code) };
}

/** At its peak so far; 0 once it is gone. */
function residentMb(pid: number): number {
  try {
    const [, kilobytes = '0'] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1024;
  } catch {
    return 0;
  }
}

export interface KilledCopies {
  kills: number;
  /** Runs after which the target was another one than after an uninterrupted run. */
  wrong: number;
  /** Writes that were stored more often than an uninterrupted run stores them. */
  twice: number;
  /** Runs after which undo has not put back every byte. */
  notUndone: number;
}

const MOMENTS: readonly Moment[] = ['request', 'commit', 'answer'];
const PEOPLE = 40;

/** Kills a copy at random points, one to three times, and lets it go on to its end each time. */
export async function killCopies(kills: number, onProgress: (done: number) => void): Promise<KilledCopies> {
  const random = randomness(20);
  const stage = await openMovable(makePeople(PEOPLE), {
    configure: ({ vendors }) => {
      Object.assign(vendors[THERE], { timeoutMs: 2_000, maxConcurrent: 6 });
    },
  });
  const stored = () =>
    JSON.stringify(stage.vitalis.state.professionals.all().map((row) => ({ ...row, updatedAt: '' })));
  const prepare = () => {
    stage.vitalis.reset();
    for (const { id } of stage.vitalis.state.professionals.all().slice(0, PEOPLE)) {
      stage.vitalis.state.professionals.change(id, { phone: '+54 11 0000-0000', address: 'Elsewhere 1' });
    }
  };
  const result: KilledCopies = { kills: 0, wrong: 0, twice: 0, notUndone: 0 };
  try {
    await stage.link('north', HERE);
    await stage.link('north', THERE);
    prepare();
    const before = stored();
    const args = ['north', THERE, '--apply', '--overwrite'];
    await stage.command('switch', 'copy', ...args);
    const [whole, writes] = [stored(), stage.vitalis.writes];
    for (let run = 0; result.kills < kills; run += 1) {
      prepare();
      const undo = join(stage.folder, `undo-${run}.ndjson`);
      const withUndo = [...args, '--undo', undo];
      for (let times = 1 + Math.floor(random() * 3); times > 0 && result.kills < kills; times -= 1) {
        const nth = 1 + Math.floor(random() * (PEOPLE / 4));
        await copyKilledAt(stage, withUndo, nth, MOMENTS[Math.floor(random() * 3)] ?? 'commit');
        result.kills += 1;
        onProgress(result.kills);
      }
      await stage.command('switch', 'copy', ...withUndo);
      if (stored() !== whole) result.wrong += 1;
      result.twice += stage.vitalis.writes - writes;
      await stage.command('switch', 'undo', undo);
      if (stored() !== before) result.notUndone += 1;
    }
    return result;
  } finally {
    await stage.close();
  }
}
