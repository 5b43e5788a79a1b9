/** The store is full, or gone: nothing is sent that could not be written down, and all goes on when it is back. */

import { execFileSync } from 'node:child_process';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { Client } from 'pg';
import { type Database, openDatabase } from '../../src/store/database';
import { createJournal } from '../../src/store/journal';
import { verifyChain } from '../../src/store/verify';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';
import { startGatewayProcess } from '../support/gatewayProcess';
import { openRelay, type Relay } from '../support/relay';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';
import { until } from '../support/until';

const codeOf = ({ status, body }: Reply) => [status, body.code];

describe.each(ENGINES)('a gateway whose store is gone (%s)', (engine) => {
  let test: TestDatabase;
  let relay: Relay | undefined;
  let stage: Stage;
  let database: Database;

  const rename = async (from: string, to: string) => {
    await sql`alter table ${sql.table(from)} rename to ${sql.table(to)}`.execute(database.db);
  };
  /** PostgreSQL cannot be reached at all; the SQLite file has lost what it needs. */
  const takeAway = async (table = 'attempts') => {
    if (relay) await relay.cut();
    else await rename(table, `${table}_away`);
  };
  const bringBack = async (table = 'attempts') => {
    if (relay) await relay.restore();
    else await rename(`${table}_away`, table);
  };

  beforeAll(async () => {
    test = await createTestDatabase(engine);
    const url = new URL(test.url);
    if (engine === 'postgres') {
      relay = await openRelay({ host: url.hostname, port: Number(url.port) });
      url.port = String(relay.port);
    }
    stage = await openStage({
      configure: (config) => {
        config.store.url = engine === 'postgres' ? url.href : test.url;
        // Direct identity needs no store to read.
        config.clinics.north = { vendor: 'clinikapi-main', identity: 'direct' };
      },
    });
    database = await openDatabase(test.url);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await stage.close();
    await relay?.cut();
    await test.drop();
  });
  beforeEach(() => stage.clinikapi.reset());

  const patch = (status: string, headers: Record<string, string> = {}) =>
    stage.patch(KEYS.north, { status }, headers, 'pr_abc123');
  const patches = () => stage.clinikapi.log.filter(({ method }) => method === 'PATCH').length;
  /** An update whose outcome is unknown. */
  const unclear = async (key: Record<string, string>, when: 'before' | 'after') => {
    stage.clinikapi.faults.next({ kind: 'drop', when }, { method: 'PATCH' });
    const blind = stage.clinikapi.faults.add({ kind: 'answer', status: 500 }, { method: 'GET' });
    expect((await patch('inactive', key)).body.outcome).toBe('unknown');
    blind();
  };
  const refusedAsUnclear = (reply: Reply) => {
    expect(codeOf(reply)).toEqual([503, 'gateway_unavailable']);
    expect(reply.body.outcome).toBe('unknown');
  };
  const applied = (key: Record<string, string>) =>
    until(
      () => patch('inactive', key),
      ({ status }) => status === 200,
    );

  it('refuses updates before anything is sent, goes on reading, and recovers by itself', async () => {
    await takeAway();
    const refused = await patch('inactive');
    expect(codeOf(refused)).toEqual([503, 'gateway_unavailable']);
    expect(refused.body.outcome).toBe('not_applied');
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(codeOf(await patch('inactive', { 'idempotency-key': 'gone' }))).toEqual([
      503,
      'gateway_unavailable',
    ]);
    expect(patches()).toBe(0);
    expect((await stage.call('GET', '/staff/pr_abc123')).status).toBe(200);
    await bringBack();
    const again = await until(
      () => patch('inactive', { 'idempotency-key': 'gone' }),
      ({ status }) => status !== 503,
    );
    expect(again.status).toBe(200);
    expect(stage.clinikapi.writes).toBe(1);
    expect(await verifyChain(database)).toMatchObject({ valid: true });
  });

  it('tells what happened to an update during which it went away, and writes it down later', async () => {
    stage.clinikapi.faults.next({ kind: 'hook', when: 'answer', run: () => takeAway() }, { method: 'PATCH' });
    const answered = await patch('inactive', { 'x-request-id': `interrupted-${engine}` });
    expect(answered.status).toBe(200);
    expect(answered.body.meta.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
    await bringBack();
    const [row] = await until(
      async () =>
        (await stage.call('GET', '/changes')).body.data?.filter(
          ({ requestId }: { requestId: string }) => requestId === `interrupted-${engine}`,
        ) ?? [],
      (rows) => rows.length > 0,
    );
    expect(row).toMatchObject({ outcome: 'success', status: 200 });
    expect(await database.db.selectFrom('attempts').select('id').execute()).toEqual([]);
  });

  it('does not say of a repeated update that it was not applied: the first try may still have been', async () => {
    const key = { 'idempotency-key': `unclear-${engine}` };
    await unclear(key, 'before');
    stage.clinikapi.faults.next({ kind: 'hook', when: 'answer', run: () => takeAway() }, { method: 'GET' });
    refusedAsUnclear(await patch('inactive', key));
    await bringBack();
    expect((await applied(key)).body.meta.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
    expect(stage.clinikapi.writes).toBe(1);
  });

  it('does not say so either where the key cannot even be looked up', async () => {
    const key = { 'idempotency-key': `unseen-${engine}` };
    await unclear(key, 'after');
    await takeAway('idempotency');
    refusedAsUnclear(await patch('inactive', key));
    await bringBack('idempotency');
    await applied(key);
    expect(stage.clinikapi.writes).toBe(1);
  });

  it('does not say so either where the repeated update cannot be queued', async () => {
    const key = { 'idempotency-key': `unqueued-${engine}` };
    await unclear(key, 'after');
    await rename('operations', 'operations_away');
    refusedAsUnclear(await patch('inactive', { ...key, prefer: 'respond-async' }));
    await rename('operations_away', 'operations');
    await applied(key);
    expect(stage.clinikapi.writes).toBe(1);
  });

  it('says so where it cannot show the audit', async () => {
    await takeAway('changes');
    expect(codeOf(await stage.call('GET', '/changes'))).toEqual([503, 'gateway_unavailable']);
    await bringBack('changes');
    await until(
      () => stage.call('GET', '/changes'),
      ({ status }) => status === 200,
    );
  });
});

/** Somebody else's transaction: nobody can write until it is over. */
async function lockOf(url: string): Promise<{ take(): Promise<unknown>; free(): Promise<unknown> }> {
  if (url.startsWith('sqlite:')) {
    const other = new DatabaseSync(url.slice('sqlite:'.length));
    return { take: async () => other.exec('begin exclusive'), free: async () => other.close() };
  }
  const other = new Client({ connectionString: url });
  await other.connect();
  const tables = 'attempts, idempotency, change_chain, operations, settings';
  return {
    take: () => other.query(`begin; lock table ${tables} in exclusive mode`),
    free: () => other.end(),
  };
}

describe.each(ENGINES)('a store that another process is writing to for long (%s)', (engine) => {
  let test: TestDatabase;
  let stage: Stage;
  beforeAll(async () => {
    test = await createTestDatabase(engine);
    stage = await openStage({
      configure: (config) => {
        config.store.url = test.url;
      },
    });
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    await test.drop();
  });
  /** Nobody else writes until all of `work` has its answer; with waits of ten seconds each the test would not end in time. */
  const whileLocked = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const lock = await lockOf(test.url);
    await lock.take();
    try {
      return await work();
    } finally {
      await lock.free();
    }
  };

  it('refuses what is wrong as ever, reads, and does not let other updates wait long; all is written down later', async () => {
    const key = { 'idempotency-key': 'locked' };
    const answers = await whileLocked(async () => [
      codeOf(await stage.patch(KEYS.north, { nationalId: '30123456' })),
      codeOf(await stage.patch(KEYS.north, { status: 'asleep' })),
      codeOf(await stage.patch(KEYS.north, { status: 'inactive' }, {}, 'nobody')),
      codeOf(await stage.call('GET', '/staff/st-1')),
      codeOf(await stage.call('GET', '/changes')),
      ...(
        await Promise.all([
          stage.patch(KEYS.north, { status: 'inactive' }),
          stage.patch(KEYS.north, { status: 'inactive' }, key),
          stage.patch(KEYS.north, { status: 'inactive' }, { prefer: 'respond-async' }),
        ])
      ).map(codeOf),
    ]);
    expect(answers).toEqual([
      [422, 'unsupported_field'],
      [422, 'validation_failed'],
      [404, 'staff_not_found'],
      [200, undefined],
      [200, undefined],
      ...[1, 2, 3].map(() => [503, 'gateway_unavailable']),
    ]);
    expect(stage.clinikapi.writes).toBe(0);
    const changes = await until(
      async () => (await stage.call('GET', '/changes')).body.data,
      (rows) => rows.length >= 3,
    );
    expect(changes.map(({ code }: { code: string }) => code)).toEqual(
      expect.arrayContaining(['unsupported_field', 'staff_not_found', 'gateway_unavailable']),
    );
    expect((await stage.patch(KEYS.north, { status: 'inactive' }, key)).status).toBe(200);
  }, 30_000);
});

describe('a SQLite file that may not grow any more', () => {
  it('refuses what it cannot hold, keeps what it has, and takes on more when there is room', async () => {
    const test = await createTestDatabase('sqlite');
    const database = await openDatabase(test.url);
    const reasons: string[] = [];
    const journal = createJournal(database, {
      values: { kind: 'full' },
      keyTtlMs: 1_000,
      onFailure: ({ reason }) => void reasons.push(reason),
    });
    const end = (text: string) =>
      journal.end({
        change: {
          at: new Date().toISOString(),
          requestId: 'r',
          clinic: 'north',
          caller: 'app',
          staffId: 'st-1',
          vendor: 'main',
          vendorRecordId: null,
          outcome: 'refused',
          status: 422,
          code: 'unsupported_field',
          durationMs: 1,
          fields: {},
          values: { '/address/text': text },
        },
      });
    await end('small');
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database.db);
    await sql.raw(`pragma max_page_count = ${rows[0]?.page_count}`).execute(database.db);
    // A refusal is answered all the same, and its row follows.
    await end('x'.repeat(50_000));
    expect(reasons).toContain('SQLITE_FULL');
    await sql.raw('pragma max_page_count = 100000').execute(database.db);
    await end('x'.repeat(50_000));
    await until(
      () => verifyChain(database),
      (chain) => chain.valid && chain.rows === 3,
    );
    await journal.close();
    await database.close();
    await test.drop();
  });
});

it('a disk that takes nothing more: updates are refused unsent, reads go on, and it recovers by itself', async () => {
  const stage = await openStage({
    configure: (config) => {
      config.clinics.north = { vendor: 'clinikapi-main', identity: 'direct' };
    },
  });
  // A process of its own, whose files the kernel no longer lets grow.
  const gateway = await startGatewayProcess(stage.configPath);
  const allow = (bytes: string) =>
    execFileSync('prlimit', ['--pid', String(gateway.pid), `--fsize=${bytes}`]);
  const ask = async (method: string, body?: string) => {
    const response = await fetch(`${gateway.url}/staff/pr_abc123`, {
      method,
      headers: { authorization: `Bearer ${KEYS.north}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body }),
    });
    const answer: { code?: string; outcome?: string } = JSON.parse(await response.text());
    return [response.status, answer.code, answer.outcome];
  };
  const ready = (expected: number) =>
    until(
      () => fetch(`${gateway.url}/readyz`),
      ({ status }) => status === expected,
    );
  try {
    stage.clinikapi.reset();
    expect(await ask('PATCH', '{"status":"inactive"}')).toEqual([200, undefined, undefined]);
    allow('1:unlimited');
    for (const status of ['active', 'inactive']) {
      const refused = await ask('PATCH', JSON.stringify({ status }));
      expect(refused).toEqual([503, 'gateway_unavailable', 'not_applied']);
    }
    expect(await ask('GET')).toEqual([200, undefined, undefined]);
    expect(stage.clinikapi.writes).toBe(1);
    await ready(503);
    allow('unlimited:unlimited');
    expect(await ask('PATCH', '{"status":"active"}')).toEqual([200, undefined, undefined]);
    expect(stage.clinikapi.writes).toBe(2);
    await ready(200);
  } finally {
    await gateway.kill();
    await stage.close();
  }
}, 60_000);
