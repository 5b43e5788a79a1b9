/** Idempotency keys: in the store, over HTTP, and across the death of the process that worked on one. */
import { sql } from 'kysely';
import { type Database, openDatabase } from '../../src/store/database';
import type { Claim, StoredAnswer } from '../../src/store/idempotency';
import { createJournal, type Journal } from '../../src/store/journal';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';
import { startGatewayProcess } from '../support/gatewayProcess';
import { KEYS, openStage, type Reply, type Stage } from '../support/stage';
import { until } from '../support/until';

const HOUR = 3_600_000;
const ANSWER: StoredAnswer = { status: 200, headers: { etag: '"e"' }, body: { data: { id: 'st-1' } } };

describe.each(ENGINES)('keys in the store on %s', (engine) => {
  let test: TestDatabase;
  let database: Database;
  let journal: Journal;
  let time = Date.parse('2026-11-20T10:00:00.000Z');
  let counter = 0;
  const open = (on: Database) =>
    createJournal(on, {
      values: { kind: 'hashed', salt: 'a-salt-of-the-test' },
      keyTtlMs: HOUR,
      now: () => new Date(time),
    });
  const claim = (more: Partial<Claim> = {}): Claim => {
    counter += 1;
    return { scope: 'scope', fingerprint: 'body', owner: `owner-${counter}`, leaseMs: 1_000, ...more };
  };
  const mine = async (more: Partial<Claim> = {}) => {
    const claimed = await journal.claim(claim(more));
    if (claimed.kind !== 'mine') throw new Error(`the key is ${claimed.kind}`);
    return claimed;
  };

  beforeAll(async () => {
    test = await createTestDatabase(engine);
    database = await openDatabase(test.url);
    journal = open(database);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await database.db.deleteFrom('idempotency').execute();
  });

  it('belongs to the first; the others wait for the same answer', async () => {
    const first = await mine();
    expect(first.settleFirst).toBe(false);
    expect(await journal.claim(claim())).toEqual({ kind: 'in_progress' });
    expect(await journal.claim(claim({ fingerprint: 'other' }))).toEqual({ kind: 'reused' });
    await journal.endClaim({ handle: first.handle, state: 'done', answer: ANSWER });
    expect(await journal.claim(claim())).toEqual({ kind: 'replay', answer: ANSWER });
    expect(await journal.claim(claim({ fingerprint: 'other' }))).toEqual({ kind: 'reused' });
    expect(await mine({ scope: 'another' })).toMatchObject({ settleFirst: false });
  });

  it('belongs to exactly one of many that come at once, from two replicas', async () => {
    const other = await openDatabase(test.url);
    const second = open(other);
    const results = await Promise.all(
      Array.from({ length: 40 }, (_, index) => (index % 2 ? journal : second).claim(claim())),
    );
    await second.close();
    await other.close();
    expect(results.filter(({ kind }) => kind === 'mine')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'in_progress')).toHaveLength(39);
  });

  it('is free again where nothing was done', async () => {
    await journal.endClaim({ handle: (await mine()).handle, state: 'free' });
    expect(await mine({ fingerprint: 'other' })).toMatchObject({ settleFirst: false });
  });

  it('has to be settled first if the outcome is unknown', async () => {
    await journal.endClaim({ handle: (await mine()).handle, state: 'unsettled' });
    expect(await journal.claim(claim({ fingerprint: 'other' }))).toEqual({ kind: 'reused' });
    expect(await mine()).toMatchObject({ settleFirst: true });
    expect(await journal.claim(claim())).toEqual({ kind: 'in_progress' });
  });

  it('keeps what an earlier request has left until there is an answer, or something newer', async () => {
    const asLeft = { status: 'a-digest' };
    await journal.endClaim({ handle: (await mine()).handle, state: 'unsettled', asLeft });
    const second = await mine();
    expect(second).toMatchObject({ settleFirst: true, asLeft });
    await journal.endClaim({ handle: second.handle, state: 'unsettled' });
    const third = await mine();
    expect(third).toMatchObject({ settleFirst: true, asLeft });
    // Its process ends without a word.
    time += 1_000;
    const fourth = await mine();
    expect(fourth).toMatchObject({ settleFirst: true, asLeft });
    await journal.endClaim({ handle: fourth.handle, state: 'unsettled', asLeft: { status: 'another' } });
    const fifth = await mine();
    expect(fifth).toMatchObject({ asLeft: { status: 'another' } });
    await journal.endClaim({ handle: fifth.handle, state: 'done', answer: ANSWER });
    expect(await journal.claim(claim())).toEqual({ kind: 'replay', answer: ANSWER });
    time += HOUR;
    expect(await mine()).not.toHaveProperty('asLeft');
  });

  it('is taken over, to be settled, once the lease of its owner is over', async () => {
    const first = await mine();
    time += 1_000;
    const [taken, late] = await Promise.all([journal.claim(claim()), journal.claim(claim())]);
    expect([taken.kind, late.kind].sort()).toEqual(['in_progress', 'mine']);
    // The first owner was only slow. What it has to say comes too late.
    await journal.endClaim({ handle: first.handle, state: 'done', answer: ANSWER });
    await journal.endClaim({ handle: first.handle, state: 'free' });
    expect(await journal.claim(claim())).toEqual({ kind: 'in_progress' });
  });

  it('is forgotten after its time, and then purged', async () => {
    await journal.endClaim({ handle: (await mine()).handle, state: 'done', answer: ANSWER });
    await mine({ scope: 'old' });
    time += HOUR;
    expect(await mine({ fingerprint: 'other' })).toMatchObject({ settleFirst: false });
    await journal.tidy();
    const left = await database.db.selectFrom('idempotency').select('scope').execute();
    expect(left).toEqual([{ scope: 'scope' }]);
  });
});

describe.each(ENGINES)('keys over HTTP on %s', (engine) => {
  let test: TestDatabase;
  let stage: Stage;
  let counter = 0;
  const newKey = () => {
    counter += 1;
    return `key-${engine}-${counter}`;
  };
  const send = (
    key: string,
    body: unknown = { status: 'inactive' },
    headers: Record<string, string> = {},
    query = '',
  ) => stage.patch(KEYS.north, body, { 'idempotency-key': key, ...headers }, 'st-1', query);
  const codeOf = ({ status, body }: Reply) => [status, body.code];
  const sentWrites = () => stage.clinikapi.log.filter(({ method }) => method === 'PATCH').length;

  beforeAll(async () => {
    test = await createTestDatabase(engine);
    stage = await openStage({
      configure: (config) => {
        config.store.url = test.url;
        config.vendors['clinikapi-main'].timeoutMs = 3_000;
        config.vendors['clinikapi-main'].breaker = { failures: 1_000 };
      },
    });
  }, 60_000);
  afterAll(async () => {
    await stage.close();
    await test.drop();
  });
  beforeEach(() => stage.clinikapi.reset());

  it('answers the same again, and writes once', async () => {
    const key = newKey();
    const first = await send(key);
    const second = await send(key);
    expect(first.status).toBe(200);
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('etag')).toBe(first.headers.get('etag'));
    expect(second.headers.get('idempotency-replayed')).toBe('true');
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(stage.clinikapi.writes).toBe(1);
  });

  it('takes a key with and without quotes, and members in any order, for the same', async () => {
    const key = newKey();
    await send(`"${key}"`, { status: 'inactive', role: 'nurse' });
    const again = await send(key, { role: 'nurse', status: 'INACTIVE' });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(stage.clinikapi.writes).toBe(1);
  });

  it.each([
    ['another body', { role: 'nurse' }, {}],
    ['another preference', { status: 'inactive' }, { prefer: 'handling=lenient' }],
    ['another precondition', { status: 'inactive' }, { 'if-match': '*' }],
  ])('refuses the key with %s', async (_name, body, headers) => {
    const key = newKey();
    await send(key);
    expect(codeOf(await send(key, body, headers))).toEqual([422, 'idempotency_key_reused']);
    expect(stage.clinikapi.writes).toBe(1);
  });

  it('keeps the answers of two staff members apart', async () => {
    const key = newKey();
    await stage.call('PUT', '/staff/st-2/links/clinikapi-main', { body: { vendorRecordId: 'pr_def456' } });
    await send(key);
    const other = await stage.patch(KEYS.north, { status: 'inactive' }, { 'idempotency-key': key }, 'st-2');
    expect(other.body.data.id).toBe('st-2');
    expect(stage.clinikapi.writes).toBe(2);
  });

  it('lets one of two at once through, and tells the other to wait', async () => {
    const key = newKey();
    let second: Reply | undefined;
    stage.clinikapi.faults.next(
      {
        kind: 'hook',
        run: async () => {
          second = await send(key);
        },
      },
      { method: 'PATCH' },
    );
    const first = await send(key);
    expect(first.status).toBe(200);
    expect(second && codeOf(second)).toEqual([409, 'idempotency_in_progress']);
    expect(second?.headers.get('retry-after')).toBe('1');
    expect(stage.clinikapi.writes).toBe(1);
    expect((await send(key)).body).toEqual(first.body);
  });

  it.each([
    ['empty', ''],
    ['too long', 'k'.repeat(256)],
    ['an open quote', '"abc'],
    ['two keys', 'abc, def'],
    ['a space', 'a b'],
    ['not ASCII', 'caf\u00e9'],
  ])('refuses a key that is %s', async (_name, key) => {
    expect(codeOf(await send(key))).toEqual([400, 'malformed_request']);
    expect(sentWrites()).toBe(0);
  });

  it('takes a key of 255 characters', async () => {
    expect((await send('k'.repeat(255), { status: 'inactive' })).status).toBe(200);
  });

  it.each([
    ['not valid', { status: 'nonsense' }],
    ['not supported by the vendor', { nationalId: '30999888' }],
  ])('is not used up by an update that is %s', async (_name, body) => {
    const key = newKey();
    expect((await send(key, body)).status).toBe(422);
    expect((await send(key)).status).toBe(200);
    expect(stage.clinikapi.writes).toBe(1);
  });

  it('is not used up by a dry run', async () => {
    const key = newKey();
    expect((await send(key, { role: 'nurse' }, {}, '?dryRun=true')).body.meta.dryRun).toBe(true);
    expect((await send(key)).headers.get('idempotency-replayed')).toBeNull();
    expect(stage.clinikapi.writes).toBe(1);
  });

  it('is free again after a vendor that did nothing', async () => {
    const key = newKey();
    stage.clinikapi.faults.add({ kind: 'answer', status: 503 }, { method: 'PATCH' });
    expect((await send(key)).status).toBe(503);
    stage.clinikapi.faults.clear();
    const again = await send(key);
    expect(again.status).toBe(200);
    expect(again.headers.get('idempotency-replayed')).toBeNull();
    expect(stage.clinikapi.writes).toBe(1);
  });

  it('is kept with what the vendor has judged', async () => {
    const key = newKey();
    stage.clinikapi.faults.next({ kind: 'answer', status: 422, body: { errors: [] } }, { method: 'PATCH' });
    const first = await send(key);
    expect(codeOf(first)).toEqual([422, 'vendor_rejected']);
    const second = await send(key);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('content-type')).toContain('application/problem+json');
    expect(sentWrites()).toBe(1);
  });

  it('finds out instead of writing twice if the outcome is unknown', async () => {
    const key = newKey();
    stage.clinikapi.faults.next({ kind: 'drop', when: 'after' }, { method: 'PATCH' });
    const blind = stage.clinikapi.faults.add({ kind: 'answer', status: 500 }, { method: 'GET' });
    const first = await send(key);
    expect([first.status, first.body.outcome]).toEqual([504, 'unknown']);
    blind();
    const second = await send(key);
    expect(second.status).toBe(200);
    expect(second.body.meta.receipt).toEqual([{ pointer: '/status', outcome: 'verified' }]);
    expect(stage.clinikapi.writes).toBe(1);
    expect((await send(key)).headers.get('idempotency-replayed')).toBe('true');
  });

  it('keeps no staff data where none was asked for', async () => {
    const key = newKey();
    const first = await send(key, { role: 'nurse' }, { prefer: 'return=minimal' });
    const second = await send(key, { role: 'nurse' }, { prefer: 'return=minimal' });
    expect(Object.keys(second.body)).toEqual(['meta']);
    expect(second.headers.get('preference-applied')).toBe('return=minimal');
    expect(second.body).toEqual(first.body);
  });

  describe('when the process dies', () => {
    /** As if it had died as long ago as its leases last. */
    const expireLeases = async () => {
      const database = await openDatabase(test.url);
      for (const table of ['idempotency', 'attempts']) {
        await sql`update ${sql.table(table)} set lease_until = '2000-01-01T00:00:00.000Z'`.execute(
          database.db,
        );
      }
      await database.close();
    };
    /** Sends an update to a gateway that is killed when the vendor is `when` with it. */
    const sendAndDie = async (key: string, requestId: string, when: 'commit' | 'answer', role: string) => {
      const gateway = await startGatewayProcess(stage.configPath);
      stage.clinikapi.faults.next(
        {
          kind: 'hook',
          when,
          run: async () => {
            await gateway.kill();
            if (when === 'commit') throw new Error('the write is lost with the connection');
          },
        },
        { method: 'PATCH' },
      );
      const answer = fetch(`${gateway.url}/staff/st-1`, {
        method: 'PATCH',
        headers: {
          authorization: `Bearer ${KEYS.north}`,
          'content-type': 'application/json',
          'idempotency-key': key,
          'x-request-id': requestId,
        },
        body: JSON.stringify({ role }),
      });
      await expect(answer).rejects.toThrow();
      await gateway.kill();
    };
    const changesOf = async (requestId: string) =>
      (await stage.call('GET', '/changes')).body.data.filter(
        (row: { requestId: string }) => row.requestId === requestId,
      );

    it.each([
      ['has written', 'answer', 'verified', 'success'],
      ['would have written', 'commit', 'not_applied', 'failed'],
    ] as const)(
      'after the vendor %s: one write in the end, and nothing missing in the audit',
      async (_, when, field, outcome) => {
        const key = newKey();
        const requestId = `died-${when}-${engine}`;
        const role = `role-${when}`;
        await sendAndDie(key, requestId, when, role);
        expect(stage.clinikapi.writes).toBe(when === 'answer' ? 1 : 0);
        expect(codeOf(await send(key, { role }))).toEqual([409, 'idempotency_in_progress']);
        await expireLeases();
        // The gateway that goes on settles what it finds; the audit then has a row for the update nobody was answered.
        const [row] = await until(
          () => changesOf(requestId),
          (rows) => rows.length > 0,
        );
        expect(row).toMatchObject({
          outcome,
          status: null,
          code: 'settled_by_reading',
          fields: [{ pointer: '/role', outcome: field }],
        });
        const again = await send(key, { role });
        expect(again.status).toBe(200);
        expect(again.body.meta.receipt).toEqual([{ pointer: '/role', outcome: 'verified' }]);
        expect(stage.clinikapi.writes).toBe(1);
      },
      60_000,
    );
  });
});
