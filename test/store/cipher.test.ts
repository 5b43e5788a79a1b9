/** Encryption at rest: what the store holds of a person is sealed with a key from outside. */
import type { Attempt } from '../../src/store/attempts';
import { createCipher } from '../../src/store/cipher';
import { type Database, openDatabase } from '../../src/store/database';
import type { Claim } from '../../src/store/idempotency';
import { createJournal, type Journal } from '../../src/store/journal';
import { listOperations } from '../../src/store/operationList';
import { createOperations } from '../../src/store/operations';
import { claimDue } from '../support/claims';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';

const OLD = 'the-first-key-of-the-store-in-tests';
const NEW = 'the-second-key-of-the-store-in-tests';
const CANARY = '99887766X';
const HOUR = 3_600_000;
const ANSWER = { status: 200, headers: {}, body: { phone: CANARY } };

const attempt: Attempt = {
  ...{ id: 'a-1', requestId: 'r-1', clinic: 'north', caller: 'app', staffId: 'st-1' },
  ...{ vendor: 'main', vendorRecordId: 'pr_1', lenient: false, createdAt: '2026-11-20T09:59:59.000Z' },
  patch: { changes: [{ field: 'nationalId', value: CANARY }], members: ['nationalId'] },
};

describe.each(ENGINES)('what the store holds of a person on %s', (engine) => {
  let test: TestDatabase;
  let database: Database;
  const journals: Journal[] = [];
  const open = (...secrets: string[]): Journal => {
    const options = { values: { kind: 'hashed', salt: 'a-salt-of-the-test' }, keyTtlMs: HOUR } as const;
    const journal = createJournal(database, { ...options, cipher: createCipher(secrets) });
    journals.push(journal);
    return journal;
  };
  let owners = 0;
  const claim = (scope: string): Claim => {
    owners += 1;
    return { scope, fingerprint: 'f', owner: `o-${owners}`, leaseMs: 1_000 };
  };
  const keep = async (journal: Journal, scope: string) => {
    const claimed = await journal.claim(claim(scope));
    if (claimed.kind !== 'mine') throw new Error('the key is new');
    await journal.endClaim({ handle: claimed.handle, state: 'done', answer: ANSWER });
  };
  const stored = () =>
    Promise.all([
      database.db.selectFrom('idempotency').selectAll().execute(),
      database.db.selectFrom('attempts').selectAll().execute(),
    ]);

  beforeEach(async () => {
    test = await createTestDatabase(engine);
    database = await openDatabase(test.url);
  }, 60_000);
  afterEach(async () => {
    await Promise.all(journals.splice(0).map((journal) => journal.close()));
    await database.close();
    await test.drop();
  });

  it('is not readable there, and comes back as it was', async () => {
    const journal = open(OLD);
    await keep(journal, 's-1');
    await journal.begin(attempt, -1);
    expect(JSON.stringify(await stored())).not.toContain(CANARY);
    expect(await journal.claim(claim('s-1'))).toEqual({ kind: 'replay', answer: ANSWER });
    expect((await journal.takeAbandoned(1, HOUR))[0]).toEqual(attempt);
  });

  it('is not readable in the queue either, whatever becomes of an update', async () => {
    const at = (...secrets: string[]) => createOperations(database, { cipher: createCipher(secrets) });
    const patch = JSON.stringify(attempt.patch);
    const queued = { ...{ clinic: 'north', caller: 'app', requestId: 'r-1' }, lenient: false, settle: false };
    const { id } = await at(OLD).enqueue({ ...queued, staffId: 'st-1', patch });
    const rows = () => database.db.selectFrom('operations').selectAll().execute();
    expect(JSON.stringify(await rows())).not.toContain(CANARY);

    const [lease] = await claimDue(at(NEW, OLD), 'worker', 1, 30);
    if (lease === undefined) throw new Error('nothing is due');
    expect(lease.patch).toBe(patch);
    const { status, body } = ANSWER;
    await at(NEW, OLD).finish(lease, { status: 'dead', answer: { status, body } });
    expect(JSON.stringify(await rows())).not.toContain(CANARY);
    expect(await at(NEW).find(id)).toMatchObject({ answer: { status, body } });
    const fieldsBy = async (...secrets: string[]) =>
      (await listOperations(database, { ids: [id] }, 1, createCipher(secrets)))[0]?.fields;
    expect(await fieldsBy(OLD)).toEqual(['/nationalId']);

    // Without its key it is neither shown nor delivered, and nothing of it is lost.
    await at(NEW).retry(id, { caller: 'operator:test' });
    const [blind] = await claimDue(at(NEW), 'worker', 1, -1);
    expect(blind).toMatchObject({ id });
    expect(blind?.patch).toBeUndefined();
    expect(await fieldsBy(NEW)).toEqual([]);
    expect((await claimDue(at(OLD), 'worker', 1, 30))[0]?.patch).toBe(patch);
  });

  it('is opened by the keys of before, and what was kept in clear as well', async () => {
    await keep(open(), 's-1');
    await keep(open(OLD), 's-2');
    const journal = open(NEW, OLD);
    for (const scope of ['s-1', 's-2']) {
      expect(await journal.claim(claim(scope))).toEqual({ kind: 'replay', answer: ANSWER });
    }
    await keep(journal, 's-3');
    expect(await open(OLD).claim(claim('s-3'))).toMatchObject({ kind: 'mine', settleFirst: true });
  });

  it.each([
    ['the key is lost', async () => {}, [NEW]],
    ['there is no key any more', async () => {}, []],
    [
      'it was put into the place of another',
      async () => {
        const { db } = database;
        const [row] = await db
          .selectFrom('idempotency')
          .select('answer')
          .where('scope', '=', 's-2')
          .execute();
        await db
          .updateTable('idempotency')
          .set({ answer: row?.answer ?? '' })
          .where('scope', '=', 's-1')
          .execute();
      },
      [OLD],
    ],
  ])('is given to nobody if %s: the record is looked at instead', async (_name, change, secrets) => {
    await keep(open(OLD), 's-1');
    await keep(open(OLD), 's-2');
    await open(OLD).begin(attempt, -1);
    await change();
    const journal = open(...secrets);
    expect(await journal.claim(claim('s-1'))).toMatchObject({ kind: 'mine', settleFirst: true });
    const [left] = await journal.takeAbandoned(1, HOUR);
    expect(left?.patch.members).toEqual(secrets.includes(OLD) ? ['nationalId'] : []);
  });
});
