/** A vendor with very many staff: the memory and time that listing them takes, and its own limit on calls. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  const { vendor, gateway, get, close } = await openListSoak(staff);
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
    await close();
  }
}

export interface LimitedListResult {
  /** Different staff members that walking the pages has shown. */
  listed: number;
  calls: number;
  /** Calls that the vendor refused with 429. */
  refused: number;
  /** The most calls that the vendor saw within a minute. */
  most: number;
  /** Updates that came through while the list was read, of those that were sent. */
  updates: { sent: number; done: number };
  seconds: number;
}

/** What the vendor's smallest paid plan allows in a rolling minute (contract section 6); its sandbox refuses more. */
const CALLS_PER_MINUTE = 200;

/** The same list at a vendor that refuses what is too fast, with an update every other second meanwhile, which takes two calls. */
export async function runLimitedList({ staff }: { staff: number }): Promise<LimitedListResult> {
  const { vendor, gateway, get, close } = await openListSoak(staff, CALLS_PER_MINUTE);
  const times: number[] = [];
  vendor.faults.add({ kind: 'hook', when: 'request', run: () => void times.push(performance.now()) });
  const started = performance.now();
  const updates = { sent: 0, done: 0 };
  const patch = async () => {
    updates.sent += 1;
    const response = await fetch(`${gateway.url}/staff/st-${updates.sent}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/merge-patch+json' },
      body: JSON.stringify({ status: 'inactive' }),
    });
    await response.arrayBuffer();
    if (response.status === 200) updates.done += 1;
  };
  const timer = setInterval(() => void patch(), 2_000);
  try {
    let page = await firstPage(gateway.url);
    clearInterval(timer);
    const seconds = (performance.now() - started) / 1000;
    const seen = new Set<string>();
    for (;;) {
      for (const { id } of page.data) seen.add(id);
      if (page.meta.nextCursor === null) break;
      page = await get(`/staff?limit=200&cursor=${page.meta.nextCursor}`);
    }
    return {
      ...{ listed: seen.size, updates, seconds },
      calls: vendor.log.filter(({ method }) => method === 'GET').length,
      refused: vendor.log.filter(({ status }) => status === 429).length,
      most: Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 60_000).length)),
    };
  } finally {
    clearInterval(timer);
    await close();
  }
}

/** A list that takes minutes is read on, and asked for again. */
async function firstPage(url: string) {
  for (;;) {
    const response = await fetch(`${url}/staff?limit=200`, { headers: { authorization: `Bearer ${KEY}` } });
    const body = JSON.parse(await response.text());
    if (response.status === 200) return body;
    if (response.status !== 503) throw new Error(`${response.status} ${body.detail}`);
    await sleep(1000 * Number(response.headers.get('retry-after')));
  }
}

/** @param limit calls a minute, of which the gateway knows, and which the vendor enforces; absent: none */
async function openListSoak(staff: number, limit?: number) {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-list-'));
  const { clinikapi } = seedPeople(makePeople(staff));
  const vendor = createClinikapiSandbox({ ...clinikapi, rateLimit: limit ?? 1_000_000 });
  const listening = await vendor.listen();
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  await importLinks(url, clinikapi.roles);
  const configPath = join(folder, 'gateway.yaml');
  const more = {
    clinic: { identity: 'linked' },
    ...(limit !== undefined && { vendor: { rateLimit: { requests: limit, perSeconds: 60 } } }),
  };
  await writeFile(configPath, soakConfiguration(url, listening.url, more));
  // As `npm start` runs it.
  const gateway = await startGatewayProcess(configPath, ['--max-semi-space-size=8']);
  const get = async (path: string, fresh = false) => {
    const response = await fetch(gateway.url + path, {
      headers: { authorization: `Bearer ${KEY}`, ...(fresh && { 'cache-control': 'no-cache' }) },
    });
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return JSON.parse(await response.text());
  };
  const close = async () => {
    await gateway.kill();
    await listening.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { vendor, gateway, get, close };
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
