/** `GET /changes` of a gateway in a process of its own over a filled audit, and whether `/healthz` is kept waiting meanwhile. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { ChangeFilter } from '../../src/store/changes';
import { startGatewayProcess } from '../support/gatewayProcess';

const KEY = 'key-of-the-auditor-in-the-soak';
/** A machine that stands still for a moment does so once; what a filter costs it costs in each round. */
const ROUNDS = 8;
const PAGES = 5;
const HEALTH_EVERY_MS = 3;

/** Milliseconds: the slowest page, and the slowest answer of `/healthz` beside them. */
export interface Round {
  page: number;
  health: number;
}

export async function measurePages(
  folder: string,
  { storeUrl, auditKey }: { storeUrl: string; auditKey: string },
  filters: Readonly<Record<string, Omit<ChangeFilter, 'clinic'>>>,
  hear: (name: string, best: Round, worst: Round) => void,
): Promise<void> {
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, configuration(storeUrl, auditKey));
  const gateway = await startGatewayProcess(configPath);
  try {
    for (const [name, filter] of Object.entries(filters)) {
      const path = `/changes?${queryOf(filter)}`;
      await timed(gateway.url + path);
      const rounds: Round[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const watch = watchHealth(gateway.url);
        const pages: number[] = [];
        for (let page = 0; page < PAGES; page += 1) pages.push(await timed(gateway.url + path));
        rounds.push({ page: Math.max(...pages), health: await watch.slowest() });
      }
      const slowest = ({ page, health }: Round) => Math.max(page, health);
      rounds.sort((a, b) => slowest(a) - slowest(b));
      const [best, worst] = [rounds[0], rounds.at(-1)];
      if (best && worst) hear(name, best, worst);
    }
  } finally {
    await gateway.kill();
  }
}

function watchHealth(url: string) {
  let going = true;
  const times: number[] = [];
  const watching = (async () => {
    while (going) {
      times.push(await timed(`${url}/healthz`));
      await sleep(HEALTH_EVERY_MS);
    }
  })();
  return {
    slowest: async () => {
      going = false;
      await watching;
      return Math.max(...times);
    },
  };
}

/** Milliseconds until the whole answer is here. */
async function timed(url: string): Promise<number> {
  const began = performance.now();
  const response = await fetch(url, { headers: { authorization: `Bearer ${KEY}` } });
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`${url} was answered ${response.status}`);
  return performance.now() - began;
}

function queryOf({ kind = undefined, ...rest }: Omit<ChangeFilter, 'clinic'>): string {
  return String(new URLSearchParams({ kind: kind ?? 'all', ...rest }));
}

function configuration(storeUrl: string, auditKey: string): string {
  const vendor = {
    adapter: 'clinikapi',
    baseUrl: 'http://127.0.0.1:9',
    credentials: { apiKey: 'ck_live_none' },
  };
  return stringify({
    server: { host: '127.0.0.1', port: 0, drainMs: 0 },
    ops: { host: '127.0.0.1', port: 0 },
    store: { url: storeUrl },
    audit: { key: auditKey },
    vendors: { before: vendor, after: vendor },
    clinics: { north: { vendor: 'after' }, south: { vendor: 'before' } },
    callers: [
      {
        name: 'auditor',
        keySha256: createHash('sha256').update(KEY).digest('hex'),
        clinic: 'north',
        scopes: ['changes:read'],
      },
    ],
  });
}
