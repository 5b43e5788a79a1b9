/**
 * Moves a clinic to and fro under load. Two processes on PostgreSQL, each with a file of its own; the second hears of each move
 * seconds later, and in every second round it is killed meanwhile and started with the old file.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { member } from '../../src/lib/json';
import { openDatabase } from '../../src/store/database';
import { createLinks } from '../../src/store/links';
import { startGatewayProcess } from '../support/gatewayProcess';
import { createPostgresDatabase } from '../support/postgres';
import { connectionAt, KEY } from './configuration';

export interface MovingSoakOptions {
  rounds: number;
  /** Updates in each round. */
  updates: number;
  lateMs: number;
  onProgress?: (round: number, moving: number) => void;
}

export interface MovingSoakResult {
  updates: number;
  /** Answers `clinic_is_moving`; each was asked for again. */
  moving: number;
  crashes: number;
  /** Updates that were written at no connection, at both, or twice. */
  notOnce: number;
  /** Updates that an answer says are at another connection than they are. */
  elsewhere: number;
  /** Updates of the other clinic that were not answered 200. */
  disturbed: number;
}

const LIMITS = { logLimit: 1_000_000, rateLimit: 1_000_000 };
const OTHER_KEY = 'key-of-the-other';
const NAMES = ['one', 'two'] as const;
const CLIENTS = 20;

export async function runMovingSoak(options: MovingSoakOptions): Promise<MovingSoakResult> {
  const database = await createPostgresDatabase();
  const folder = await mkdtemp(join(tmpdir(), 'gateway-soak-'));
  const vendors = { one: createClinikapiSandbox(LIMITS), two: createClinikapiSandbox(LIMITS) };
  const listening = { one: await vendors.one.listen(), two: await vendors.two.listen() };
  const fileFor = (vendor: string) =>
    stringify({
      server: { host: '127.0.0.1', port: 0, drainMs: 0 },
      ops: { host: '127.0.0.1', port: 0 },
      store: { url: database.url },
      vendors: { one: connectionAt(listening.one.url), two: connectionAt(listening.two.url) },
      clinics: { soak: { vendor }, other: { vendor: 'one' } },
      callers: Object.entries({ soak: KEY, other: OTHER_KEY }).map(([name, key]) => ({
        name,
        keySha256: createHash('sha256').update(key).digest('hex'),
        clinic: name,
        scopes: ['staff:read', 'staff:write'],
      })),
    });
  const paths = [join(folder, 'first.yaml'), join(folder, 'second.yaml')] as const;
  for (const path of paths) await writeFile(path, fileFor('one'));
  await link(database.url, vendors);
  const first = await startGatewayProcess(paths[0]);
  let second = await startGatewayProcess(paths[1]);
  const result = { updates: 0, moving: 0, crashes: 0, notOnce: 0, elsewhere: 0, disturbed: 0 };
  const answered = new Map<string, string>();

  /** Sends one update until it is answered, to one of the two after the other. */
  async function send(id: string, role: string, number: number): Promise<string> {
    for (let tries = number; ; tries += 1) {
      const { url } = [first, second][tries % 2] ?? first;
      const answer = await patch(url, id, role, KEY);
      if (answer.status === 200) return answer.vendor;
      if (answer.code === 'clinic_is_moving') result.moving += 1;
      // Only what was provably not sent is sent again: a process that is killed holds nothing but refusals.
      else if (answer.status !== 0) throw new Error(`${role} was answered ${answer.status}`);
      await sleep(20);
    }
  }

  try {
    for (let round = 0; round < options.rounds; round += 1) {
      const to = NAMES[(round + 1) % 2] ?? 'one';
      let sent = 0;
      const enough = () => sent >= options.updates;
      let isLate = true;
      const client = async (number: number) => {
        for (let index = 0; !enough() || isLate; index += 1) {
          sent += 1;
          const role = `r-${round}-${number}-${index}`;
          answered.set(role, await send(`st-${number}`, role, index));
          if (index % 10 === 0 && (await patch(first.url, 'st-0', `o-${role}`, OTHER_KEY)).status !== 200)
            result.disturbed += 1;
          await sleep(50);
        }
      };
      const load = Array.from({ length: CLIENTS }, (_, number) => client(number));
      await sleep(300);
      await writeFile(paths[0], fileFor(to));
      first.signal('SIGHUP');
      await sleep(options.lateMs / 2);
      if (round % 2 === 1) {
        await second.kill();
        result.crashes += 1;
        second = await startGatewayProcess(paths[1]);
      }
      await sleep(options.lateMs / 2);
      await writeFile(paths[1], fileFor(to));
      second.signal('SIGHUP');
      await sleep(500);
      isLate = false;
      await Promise.all(load);
      options.onProgress?.(round + 1, result.moving);
    }
    const written = new Map<string, string[]>();
    for (const name of NAMES) {
      for (const { method, body } of vendors[name].log) {
        const role = method === 'PATCH' ? member(body, 'role') : undefined;
        if (typeof role === 'string') written.set(role, [...(written.get(role) ?? []), name]);
      }
    }
    for (const [role, vendor] of answered) {
      const places = written.get(role) ?? [];
      if (places.length !== 1) result.notOnce += 1;
      else if (places[0] !== vendor) result.elsewhere += 1;
    }
    return { ...result, updates: answered.size };
  } finally {
    await Promise.all([first.kill(), second.kill()]);
    await Promise.all([listening.one.close(), listening.two.close()]);
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function link(
  url: string,
  vendors: Readonly<Record<(typeof NAMES)[number], ReturnType<typeof createClinikapiSandbox>>>,
): Promise<void> {
  const database = await openDatabase(url);
  const links = createLinks(database);
  for (const vendor of NAMES) {
    const { roles } = vendors[vendor].state;
    const seed = roles.get('pr_abc123');
    if (seed === undefined) throw new Error('the sandbox has no seed role');
    for (let index = 0; index < CLIENTS; index += 1) {
      const id = `pr_soak${index}`;
      roles.set({ ...seed, id });
      const at = { clinic: 'soak', staffId: `st-${index}`, vendor, vendorRecordId: id };
      await links.put(at, { checked: true });
    }
  }
  const other = { clinic: 'other', staffId: 'st-0', vendor: 'one', vendorRecordId: 'pr_abc123' };
  await links.put(other, { checked: true });
  await database.close();
}

/** Status 0: there was no answer. */
async function patch(url: string, id: string, role: string, key: string) {
  try {
    const response = await fetch(`${url}/staff/${id}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ role }),
    });
    const body: unknown = await response.json();
    return {
      status: response.status,
      code: member(body, 'code'),
      vendor: String(member(member(body, 'meta'), 'vendor')),
    };
  } catch {
    return { status: 0, code: undefined, vendor: '' };
  }
}
