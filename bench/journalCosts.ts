/** What the journal's transactions take on a PostgreSQL, near and far. */
import { randomUUID } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { openDatabase } from '../src/store/database';
import { createJournal, type Journal } from '../src/store/journal';
import type { PostgresServer } from '../test/soak/postgresServer';
import type { Costs } from './simulation';
import { spread } from './statistics';

const PAIRS = 60;
const MANY = 100;

/** What the journal's two transactions take, alone, in milliseconds. */
export async function journalCosts(
  server: PostgresServer,
  roundTripMs: number,
): Promise<Omit<Costs, 'cpuMs'>> {
  const name = `journal_${roundTripMs}`;
  await server.tool('createdb', name);
  const url = new URL(server.urlOf(name));
  const relay = roundTripMs === 0 ? undefined : await slowRelay(Number(url.port), roundTripMs / 2);
  if (relay) url.port = String(relay.port);
  const database = await openDatabase(url.href);
  const journal = createJournal(database, { values: { kind: 'hashed', salt: 'bench' }, keyTtlMs: 60_000 });
  try {
    await pairs(journal, 1, 20);
    const one = await pairs(journal, 1, PAIRS);
    const many = await pairs(journal, MANY, 10);
    const perRow = (a: number, b: number) => Math.max(0, (b - a) / (MANY - 1));
    return {
      roundTripMs,
      beginMs: one.begin,
      beginRowMs: perRow(one.begin, many.begin),
      endMs: one.end,
      endRowMs: perRow(one.end, many.end),
    };
  } finally {
    await journal.close();
    await database.close();
    relay?.close();
  }
}

/** Transactions that each begin, then end, so many updates: the least of some, since what disturbs them only adds. */
async function pairs(
  journal: Journal,
  together: number,
  times: number,
): Promise<{ begin: number; end: number }> {
  const begins: number[] = [];
  const ends: number[] = [];
  for (let time = 0; time < times; time += 1) {
    const updates = Array.from({ length: together }, (_, index) => updateOf(`st-${index}`));
    const started = performance.now();
    await Promise.all(updates.map(({ attempt }) => journal.begin(attempt, 12_000, { first: true })));
    const begun = performance.now();
    await Promise.all(updates.map(({ attempt, change }) => journal.end({ attempt: attempt.id, change })));
    begins.push(begun - started);
    ends.push(performance.now() - begun);
  }
  return { begin: spread(begins).min, end: spread(ends).min };
}

function updateOf(staffId: string) {
  const common = {
    requestId: randomUUID(),
    clinic: 'north',
    caller: 'bench',
    staffId,
    vendor: 'clinikapi-main',
    vendorRecordId: `pr_${staffId}`,
  };
  const changes = [{ field: 'status' as const, value: 'inactive' }];
  const at = new Date().toISOString();
  return {
    attempt: {
      ...common,
      id: randomUUID(),
      patch: { changes, members: ['status'] },
      lenient: false,
      createdAt: at,
    },
    change: {
      ...common,
      at,
      outcome: 'success' as const,
      status: 200,
      code: null,
      durationMs: 3,
      fields: { '/status': 'verified' as const },
      values: { '/status': 'inactive' },
    },
  };
}

/** Every byte arrives so much later, in both directions. */
async function slowRelay(port: number, delayMs: number): Promise<{ port: number; close: () => void }> {
  const relay = createServer((client) => {
    const upstream = connect(port, '127.0.0.1').setNoDelay();
    client.setNoDelay();
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.on('error', () => {});
      from.on('data', (chunk) => setTimeout(() => to.write(chunk), delayMs));
      from.on('close', () => setTimeout(() => to.destroy(), delayMs));
    }
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => relay.once('listening', resolve));
  const address = relay.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close: () => relay.close(),
  };
}
