/**
 * `npm run soak -- console`: what each screen of the operators' console asks for, over very many dead deliveries and a large audit.
 * Prints the middle and the slowest of the rounds, in milliseconds.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Database, openDatabase } from '../../src/store/database';
import { createJournal } from '../../src/store/journal';
import { consoleClient } from '../support/console';
import { startGatewayProcess } from '../support/gatewayProcess';
import { fillAudit } from './audit';
import { soakConfiguration } from './configuration';

const ROUNDS = 21;
/** What a screen may take. */
const MOST_MS = 50;
const BATCH = 500;
const OPERATOR_KEY = 'key-of-the-operator-of-the-soak';

const SCREENS = [
  '/now',
  '/deliveries',
  '/deliveries?status=dead',
  '/deliveries?status=dead&limit=200',
  '/deliveries?status=dead&clinic=north&staffId=st-7',
  '/deliveries?status=unclear',
  '/deliveries?status=queued',
  '/staff/north/st-7',
  '/connections',
  '/capabilities',
  '/switch',
  '/switch/north',
  '/changes',
  '/changes?clinic=north&kind=update',
  '/changes?clinic=north&caller=retired-app',
  '/changes?clinic=north&kind=update&outcome=unknown',
  '/changes?staffId=st-none',
  '/configuration',
];

async function fillQueue({ db }: Database, dead: number): Promise<void> {
  for (let from = 0; from < dead; from += BATCH) {
    const rows = Array.from({ length: Math.min(BATCH, dead - from) }, (_, index) => {
      const number = from + index;
      return {
        id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
        clinic: number % 5 === 0 ? 'south' : 'north',
        staff_id: `st-${number}`,
        caller: 'app-1',
        request_id: `r-${number}`,
        patch: JSON.stringify({ changes: [{ field: 'status', value: 'active' }] }),
        lenient: 0,
        status: 'dead' as const,
        settle: number % 10 === 0 ? 1 : 0,
        attempts: 3,
        attempts_before: 0,
        last_code: 'vendor_unavailable',
        last_detail: 'The vendor cannot be reached.',
        created_at: new Date().toISOString(),
      };
    });
    await db.insertInto('operations').values(rows).execute();
  }
}

/** @returns whether no screen took too long */
export async function runConsoleSoak(
  { rows, dead }: { rows: number; dead: number },
  print: (line: string) => void,
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-console-'));
  const url = `sqlite:${join(folder, 'gateway.db')}`;
  const database = await openDatabase(url);
  const journal = createJournal(database, { values: { kind: 'hashed', salt: 'a-salt' }, keyTtlMs: 1_000 });
  await fillAudit(journal, rows);
  await fillQueue(database, dead);
  await journal.close();
  await database.close();
  const configPath = join(folder, 'gateway.yaml');
  const config = parse(soakConfiguration(url, 'http://127.0.0.1:1'));
  const keySha256 = createHash('sha256').update(OPERATOR_KEY).digest('hex');
  const clinic = { vendor: 'main', identity: 'linked' };
  await writeFile(
    configPath,
    stringify({
      ...config,
      clinics: { ...config.clinics, north: clinic, south: clinic },
      operators: [{ name: 'olga', keySha256, role: 'operator' }],
    }),
  );
  const gateway = await startGatewayProcess(configPath);
  let right = true;
  try {
    const client = consoleClient(gateway.opsUrl);
    await client.signIn(OPERATOR_KEY);
    for (const path of SCREENS) {
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
      print(`${path.padEnd(52)} middle ${middle.toFixed(1)}, slowest ${(times.at(-1) ?? 0).toFixed(1)} ms`);
    }
    return right;
  } finally {
    await gateway.kill();
    await rm(folder, { recursive: true, force: true });
  }
}
