/** A vendor with very many staff, and the memory and time that listing them takes. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { makePeople } from '../../sandbox/people';
import { seedPeople } from '../../sandbox/seedPeople';
import { openDatabase } from '../../src/store/database';
import { createLinks } from '../../src/store/links';
import { startGatewayProcess } from '../support/gatewayProcess';
import { KEY, soakConfiguration } from './configuration';

export interface ListSoakResult {
  /** Different staff members that walking the pages has shown. */
  listed: number;
  /** Calls to the vendor that the first list took. */
  calls: number;
  /** Megabytes of resident memory, above what the process had after it had read single records. */
  growthMb: number;
  /** Milliseconds until the first page of a list that was read before: the median of the rounds. */
  firstPageMs: number;
  /** Milliseconds until the first page of a list that was not. */
  readMs: number;
}

/** @param rounds how often the list is read anew and walked through, so that several are kept for their cursors */
export async function runListSoak({
  staff,
  rounds,
  onProgress,
}: {
  staff: number;
  rounds: number;
  onProgress?: (round: number) => void;
}): Promise<ListSoakResult> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-list-'));
  const { clinikapi } = seedPeople(makePeople(staff));
  const vendor = createClinikapiSandbox({ ...clinikapi, rateLimit: 1_000_000 });
  const listening = await vendor.listen();
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  await importLinks(url, clinikapi.roles);
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, soakConfiguration(url, listening.url, { clinic: { identity: 'linked' } }));
  // As `npm start` runs it.
  const gateway = await startGatewayProcess(configPath, ['--max-semi-space-size=8']);
  const get = async (path: string, fresh = false) => {
    const response = await fetch(gateway.url + path, {
      headers: { authorization: `Bearer ${KEY}`, ...(fresh && { 'cache-control': 'no-cache' }) },
    });
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return JSON.parse(await response.text());
  };
  try {
    for (let number = 1; number <= 2_000; number += 1) await get(`/staff/st-${number % 100}`);
    const before = residentMb(gateway.pid);
    vendor.log.length = 0;
    const result: ListSoakResult = { listed: 0, calls: 0, growthMb: 0, firstPageMs: 0, readMs: 0 };
    const firstPages: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      onProgress?.(round);
      const started = performance.now();
      let { data, meta } = await get('/staff?limit=200', true);
      result.readMs = Math.max(result.readMs, performance.now() - started);
      if (round === 0) result.calls = vendor.log.length;
      const again = performance.now();
      await get('/staff');
      firstPages.push(performance.now() - again);
      const seen = new Set<string>();
      for (;;) {
        for (const { id } of data) seen.add(id);
        result.growthMb = Math.max(result.growthMb, residentMb(gateway.pid) - before);
        if (meta.nextCursor === null) break;
        ({ data, meta } = await get(`/staff?limit=200&cursor=${meta.nextCursor}`));
      }
      result.listed = seen.size;
    }
    result.firstPageMs = firstPages.sort((a, b) => a - b)[firstPages.length >> 1] ?? 0;
    return result;
  } finally {
    await gateway.kill();
    await listening.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function importLinks(url: string, roles: readonly { id: string }[]): Promise<void> {
  const database = await openDatabase(url);
  const rows = async function* () {
    for (const [index, { id }] of roles.entries()) {
      yield { clinic: 'soak', staffId: `st-${index}`, vendor: 'main', vendorRecordId: id };
    }
  };
  await createLinks(database).importAll(rows(), { onRefused: () => undefined });
  await database.close();
}

function residentMb(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}
