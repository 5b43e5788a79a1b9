/** A gateway of `mirrorCost.ts` with its vendor and its mirror, each in a process of its own, and what it has taken so far. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../../src/store/database';
import { queuesOf } from '../../src/store/evidence';
import { createLinks } from '../../src/store/links';
import { createTestDatabase } from '../support/engines';
import { type GatewayProcess, startGatewayProcess, TYPESCRIPT } from '../support/gatewayProcess';
import { connectionAt, soakConfiguration } from './configuration';
import type { Condition, Holding, Told } from './mirrorCopy';
import { type SteadyTraffic, sendSteadily } from './steady';

/** The answer to one update. */
export interface Answered {
  ms: number;
  right: boolean;
}

/** Since the start: transactions that have changed the store, and milliseconds of the gateway's processor time. */
export interface Counters {
  commits: number;
  cpu: number;
}

export interface MirrorStage {
  send(traffic: Pick<SteadyTraffic, 'count' | 'perSecond'>): Promise<Answered[]>;
  counters(): Promise<Counters>;
  mirror(condition?: Condition): Promise<Holding>;
  vendor(): Promise<Holding>;
  /** Resolves when nothing is on its way to the mirror any more. @returns how many it will never get */
  emptied(): Promise<number>;
  close(): Promise<void>;
}

const STAFF = Array.from({ length: 200 }, (_, index) => `pr_cost${index}`);
/** Of the clock in which Linux tells processor time. */
const TICK_MS = 10;

/** @param nodeOptions for the gateway's Node */
export async function openMirrorStage(
  engine: 'sqlite' | 'postgres',
  isMirrored: boolean,
  nodeOptions: readonly string[] = [],
): Promise<MirrorStage> {
  const testDatabase = await createTestDatabase(engine);
  const folder = await mkdtemp(join(tmpdir(), 'gateway-mirror-'));
  const [vendor, copy] = [await startVendor(), await startVendor()];
  const configPath = join(folder, 'gateway.yaml');
  const more = {
    vendors: { copy: connectionAt(copy.url) },
    ...(isMirrored && { clinic: { mirror: 'copy' } }),
  };
  await writeFile(configPath, soakConfiguration(testDatabase.url, vendor.url, more));
  const database = await openDatabase(testDatabase.url);
  const links = createLinks(database);
  for (const id of STAFF)
    await links.put({ clinic: 'soak', staffId: id, vendor: 'copy', vendorRecordId: id }, { checked: true });
  const counting = ['-r', join(__dirname, 'commits.cjs'), ...nodeOptions];
  const gateway = await startGatewayProcess(configPath, counting);

  return {
    send: (traffic) => sendSteadily({ ...traffic, url: gateway.url, staff: STAFF }),
    counters: async () => ({
      cpu: processorTime(gateway.pid),
      commits: await (engine === 'sqlite' ? flushed(gateway) : numbered(database)),
    }),
    mirror: (condition) => copy.told({ ...(condition && { condition }) }),
    vendor: () => vendor.told({}),
    async emptied() {
      for (;;) {
        const { mirrorQueue } = await queuesOf(database, 'soak');
        if (mirrorQueue.queued === 0) return mirrorQueue.dead;
        await sleep(100);
      }
    },
    async close() {
      await gateway.kill();
      vendor.end();
      copy.end();
      await database.close();
      await testDatabase.drop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface VendorProcess {
  url: string;
  told(what: Told): Promise<Holding>;
  end(): void;
}

async function startVendor(): Promise<VendorProcess> {
  const child = fork(join(__dirname, 'mirrorCopy.ts'), STAFF, { execArgv: [...TYPESCRIPT] });
  const { url } = await nextFrom(child);
  return {
    url,
    told: (what) => {
      const answer = nextFrom(child);
      child.send(what);
      return answer;
    },
    end: () => void child.kill(),
  };
}

async function nextFrom(child: ChildProcess): Promise<Holding> {
  const [holding] = await once(child, 'message');
  return holding;
}

function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(stat[11]) + Number(stat[12])) * TICK_MS;
}

async function flushed(gateway: GatewayProcess): Promise<number> {
  const told = () => [...gateway.output().matchAll(/^commits (\d+)$/gm)];
  const { length } = told();
  gateway.signal('SIGUSR2');
  while (told().length === length) await sleep(5);
  return Number(told().at(-1)?.[1]);
}

/** PostgreSQL numbers the transactions that write. */
async function numbered({ db }: Database): Promise<number> {
  const { rows } = await sql<{ next: string }>`
    select pg_snapshot_xmax(pg_current_snapshot())::text as next`.execute(db);
  return Number(rows[0]?.next);
}
