/**
 * `npm run soak -- console`: what each screen of the operators' console asks for, over very many dead deliveries and a large audit.
 * Prints the middle and the slowest of the rounds, in milliseconds. Then updates at a steady rate, without and with an operator who
 * goes from screen to screen.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { createClinikapiSandbox } from '../../sandbox/clinikapi';
import { openDatabase } from '../../src/store/database';
import { createJournal } from '../../src/store/journal';
import { consoleClient } from '../support/console';
import { startGatewayProcess } from '../support/gatewayProcess';
import { fillAudit } from './audit';
import { type BrowsingPair, measureBrowsing } from './browsing';
import { connectionAt, soakConfiguration } from './configuration';
import { fillLinks, fillQueue } from './consoleStore';

const ROUNDS = 21;
/** What a screen may take. */
const MOST_MS = 50;
/** By so much the slowest hundredth of the updates may take longer while an operator is at work. */
const MOST_SLOWER = 1.2;
const OPERATOR_KEY = 'key-of-the-operator-of-the-soak';
const STAFF = 200;
const OPEN_LIMIT = 1_000_000;

/** @param rows of the audit @param dead deliveries */
function screensOf(rows: number, dead: number): string[] {
  const middle = Math.floor(rows / 2);
  return [
    '/now',
    '/deliveries',
    '/deliveries?status=dead',
    '/deliveries?status=dead&limit=200',
    `/deliveries?status=dead&cursor=${Math.floor(dead / 2)}`,
    '/deliveries?status=dead&clinic=north&staffId=st-7',
    '/deliveries?status=dead&clinic=north&staffId=st-none',
    '/deliveries?status=unclear',
    '/deliveries?status=queued',
    '/deliveries?status=failed',
    '/deliveries?status=succeeded',
    '/deliveries?status=succeeded&clinic=north&staffId=st-none',
    '/deliveries/00000000-0000-7000-8000-000000000007',
    '/staff/north/st-7',
    '/connections',
    '/capabilities',
    '/switch',
    '/switch/north',
    '/switch/south?connection=copy',
    '/changes',
    `/changes?cursor=${middle}`,
    '/changes?clinic=north',
    `/changes?clinic=north&cursor=${Math.floor(middle / 2)}`,
    '/changes?clinic=north&kind=update',
    '/changes?clinic=north&caller=retired-app',
    '/changes?clinic=north&kind=update&outcome=unknown',
    '/changes?clinic=north&since=2026-01-03&until=2026-01-04',
    '/changes?clinic=north&since=2026-01-01&outcome=failed&caller=app-1',
    '/changes?kind=refusal',
    '/changes?staffId=st-none',
    '/changes?since=2099-01-01',
    '/configuration',
  ];
}

export interface ConsoleSoakOptions {
  rows: number;
  dead: number;
  /** Pairs of rounds, and what they are made of. */
  pairs: number;
  seconds: number;
  rate: number;
}

/** @returns whether no screen took too long, and the updates were not disturbed */
export async function runConsoleSoak(
  { rows, dead, pairs, seconds, rate }: ConsoleSoakOptions,
  print: (line: string) => void,
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-console-'));
  const vendor = createClinikapiSandbox({ logLimit: OPEN_LIMIT, rateLimit: OPEN_LIMIT });
  const seed = vendor.state.roles.get('pr_abc123');
  if (seed === undefined) throw new Error('the sandbox has no seed role');
  const staff = Array.from({ length: STAFF }, (_, index) => `pr_night${index}`);
  for (const id of staff) vendor.state.roles.set({ ...seed, id });
  const listening = await vendor.listen();
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  await fill(url, rows, dead);
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, configuration(url, listening.url));
  const gateway = await startGatewayProcess(configPath);
  try {
    const client = consoleClient(gateway.opsUrl);
    await client.signIn(OPERATOR_KEY);
    const screens = screensOf(rows, dead);
    let right = true;
    for (const path of screens) {
      const times: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const started = performance.now();
        const { status } = await client.api('GET', path);
        times.push(performance.now() - started);
        if (status !== 200) throw new Error(`${path}: ${status}`);
      }
      times.sort((one, other) => one - other);
      const middle = times[ROUNDS >> 1] ?? 0;
      right &&= middle <= MOST_MS;
      print(`${path.padEnd(60)} middle ${middle.toFixed(1)}, slowest ${(times.at(-1) ?? 0).toFixed(1)} ms`);
    }
    const traffic = { url: gateway.url, client, screens, staff, perSecond: rate, seconds, pairs };
    const found = await measureBrowsing(traffic, (pair) => print(toldPair(pair)));
    return toldAll(found, print) && right;
  } finally {
    await gateway.kill();
    await listening.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function fill(url: string, rows: number, dead: number): Promise<void> {
  const database = await openDatabase(url);
  const journal = createJournal(database, { values: { kind: 'hashed', salt: 'a-salt' }, keyTtlMs: 1_000 });
  await fillAudit(journal, rows);
  await fillQueue(database, dead);
  await fillLinks(database, dead);
  await journal.close();
  await database.close();
}

function configuration(storeUrl: string, vendorUrl: string): string {
  const config = parse(
    soakConfiguration(storeUrl, vendorUrl, { vendors: { copy: connectionAt(vendorUrl) } }),
  );
  const keySha256 = createHash('sha256').update(OPERATOR_KEY).digest('hex');
  return stringify({
    ...config,
    clinics: {
      ...config.clinics,
      north: { vendor: 'main', identity: 'linked' },
      south: { vendor: 'main', identity: 'linked', mirror: 'copy' },
    },
    operators: [{ name: 'olga', keySha256, role: 'operator' }],
  });
}

function toldPair({ without, with: beside, asked, wrong }: BrowsingPair): string {
  return (
    `updates: p99 ${without.toFixed(1)} ms alone, ${beside.toFixed(1)} ms beside ${asked} requests of an operator ` +
    `(× ${(beside / without).toFixed(2)}), ${wrong} wrong answers`
  );
}

function toldAll(pairs: readonly BrowsingPair[], print: (line: string) => void): boolean {
  if (pairs.length === 0) return true;
  const ratios = pairs.map((pair) => pair.with / pair.without).sort((one, other) => one - other);
  const middle = ratios[ratios.length >> 1] ?? 0;
  const [least = 0] = ratios;
  print(
    `p99 of the updates with an operator beside them: × ${middle.toFixed(2)} by the middle of the pairs,`,
  );
  print(`× ${least.toFixed(2)} by the least of them, × ${(ratios.at(-1) ?? 0).toFixed(2)} by the greatest`);
  return middle <= MOST_SLOWER && pairs.every(({ wrong }) => wrong === 0);
}
