/** What the audit proves, and against whom: somebody who may do everything to the database and does not hold the key. */
import { hash } from 'node:crypto';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { auditKeys } from '../../src/store/auditKeys';
import { hashOf } from '../../src/store/chain';
import { act, type Change, createChanges } from '../../src/store/changes';
import { type Database, openDatabase, openForReading } from '../../src/store/database';
import { createJournal, type Journal } from '../../src/store/journal';
import type { Schema } from '../../src/store/schema';
import { createTrail } from '../../src/store/trail';
import { type Anchor, headOf, type VerifyOptions, verifyChain } from '../../src/store/verify';
import { createTestDatabase, ENGINES, type TestDatabase } from '../support/engines';

const OLD = 'the-first-key-of-the-audit-in-tests';
const NEW = 'the-second-key-of-the-audit-in-tests';
const keys = auditKeys([OLD]);
const HOUR = 3_600_000;

const change = (more: Partial<Change> = {}): Change =>
  act({
    kind: 'update',
    at: '2026-11-20T10:00:00.000Z',
    requestId: 'r-1',
    clinic: 'north',
    caller: 'app',
    staffId: 'st-1',
    vendor: 'main',
    vendorRecordId: 'pr_1',
    status: 200,
    fields: { '/gender': 'verified' },
    values: { '/gender': 'female' },
    ...more,
  });

describe.each(ENGINES)('the audit on %s', (engine) => {
  let test: TestDatabase;
  let database: Database;
  const journals: Journal[] = [];

  const open = (
    secrets: readonly string[] = [OLD],
    more: { retentionMs?: number; now?: () => Date } = {},
  ): Journal => {
    const signing = auditKeys(secrets);
    const salt = signing?.signing.digests ?? 'a-salt-of-the-test';
    const options = { values: { kind: 'hashed', salt }, keyTtlMs: HOUR, ...more } as const;
    const journal = createJournal(database, { ...options, keys: signing });
    journals.push(journal);
    return journal;
  };
  const add = async (journal: Journal, count: number, more: Partial<Change> = {}) => {
    for (let index = 0; index < count; index += 1) {
      await journal.end({ change: change({ requestId: `r-${index}`, ...more }) });
    }
  };
  const verify = (options: VerifyOptions = { keys }) => verifyChain(database, options);
  /** As somebody with all rights to the database. */
  const tamper = async (...statements: readonly string[]) => {
    const off =
      engine === 'sqlite'
        ? [
            'drop trigger if exists changes_never_updated',
            'drop trigger if exists changes_deleted_by_retention_only',
          ]
        : ['alter table changes disable trigger user'];
    for (const text of [...off, ...statements]) await sql.raw(text).execute(database.db);
  };

  beforeEach(async () => {
    test = await createTestDatabase(engine);
    database = await openDatabase(test.url);
  }, 60_000);
  afterEach(async () => {
    await Promise.all(journals.splice(0).map((journal) => journal.close()));
    await database.close();
    await test.drop();
  });

  it('is whole, and tells its newest row and from where on it is signed', async () => {
    await add(open([]), 2);
    await add(open(), 3);
    // The row from which on the key signs is one of them.
    expect(await verify()).toEqual({
      valid: true,
      rows: 6,
      head: { sequence: 6, hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
      signedFrom: 3,
      deletedUpTo: 0,
    });
  });

  /** The plain way of before, from a row on: what who has only the database can still do. */
  const rechain = async (from: number, edit: (row: Schema['changes']) => void) => {
    await tamper();
    const rows = await database.db.selectFrom('changes').selectAll().orderBy('seq').execute();
    let previous = rows.find(({ seq }) => Number(seq) === from - 1)?.hash ?? '0'.repeat(64);
    for (const row of rows.filter(({ seq }) => Number(seq) >= from)) {
      edit(row);
      row.previous_hash = previous;
      row.hash = hashOf(row, undefined);
      previous = row.hash;
      const { seq, ...rest } = row;
      await database.db.updateTable('changes').set(rest).where('seq', '=', seq).execute();
    }
    await database.db
      .updateTable('change_chain')
      .set({ hash: previous })
      .where('name', '=', 'head')
      .execute();
  };

  it('finds a row of before that says more than was hashed then', async () => {
    await add(open([]), 3);
    await rechain(1, (row) => {
      row.version = 1;
    });
    expect(await verify({})).toMatchObject({ valid: true, rows: 3 });
    await tamper("update changes set kind = 'switch' where seq = 2");
    expect(await verify({})).toMatchObject({ valid: false, sequence: 2 });
    await tamper("update changes set kind = 'update', detail = '{\"a\":1}' where seq = 2");
    expect(await verify({})).toMatchObject({ valid: false, sequence: 2 });
  });
  const hashAt = async (seq: number) => {
    const row = await database.db
      .selectFrom('changes')
      .select('hash')
      .where('seq', '=', seq)
      .executeTakeFirst();
    return row?.hash ?? '';
  };

  describe('to somebody who can write the database', () => {
    /** Row 1 names the key; 2 to 6 are updates. */
    beforeEach(() => add(open(), 5));

    it.each([
      [
        'moving the checkpoint and deleting rows',
        async () => {
          const row = await hashAt(3);
          await tamper(
            `update change_chain set seq = 3, hash = '${row}' where name = 'checkpoint'`,
            'delete from changes where seq <= 3',
          );
        },
      ],
      [
        'taking the signature of the checkpoint away as well',
        async () => {
          const row = await hashAt(3);
          await tamper(
            `update change_chain set seq = 3, hash = '${row}', key_id = null, signature = null where name = 'checkpoint'`,
            'delete from changes where seq <= 3',
          );
        },
      ],
      [
        'cutting the newest rows and moving the head',
        async () => {
          const row = await hashAt(4);
          await tamper(
            'delete from changes where seq > 4',
            `update change_chain set seq = 4, hash = '${row}' where name = 'head'`,
          );
        },
      ],
      [
        'editing a row and chaining anew by plain SHA-256',
        () =>
          rechain(3, (row) => {
            row.key_id = null;
            if (Number(row.seq) === 3) row.caller = 'nobody';
          }),
      ],
      [
        'the same under the name of the key',
        () =>
          rechain(3, (row) => {
            if (Number(row.seq) === 3) row.caller = 'nobody';
          }),
      ],
      [
        'chaining everything anew without any key',
        async () => {
          await rechain(1, (row) => {
            row.key_id = null;
          });
          await tamper('update change_chain set key_id = null, signature = null');
        },
      ],
      ['another kind of a row', () => tamper(`update changes set kind = 'read' where seq = 4`)],
      ['another address of a row', () => tamper(`update changes set detail = '{}' where seq = 4`)],
    ])('%s is found', async (_name, attack) => {
      expect(await verify()).toMatchObject({ valid: true, rows: 6 });
      await attack();
      expect(await verify()).toMatchObject({ valid: false });
    });

    it('a gateway that goes on from there does not cover it up', async () => {
      const seen = open();
      await add(seen, 1);
      const row = await hashAt(4);
      await tamper(
        'delete from changes where seq > 4',
        `update change_chain set seq = 4, hash = '${row}' where name = 'head'`,
      );
      await add(open(), 2);
      expect(await verify()).toMatchObject({ valid: false, sequence: 5 });
    });

    it('putting an earlier state back, signatures and all, is found by the gateway that has seen more', async () => {
      const journal = open();
      await add(journal, 1);
      const { db } = database;
      const before = await db
        .selectFrom('change_chain')
        .selectAll()
        .where('name', '=', 'head')
        .executeTakeFirst();
      await add(journal, 2);
      await tamper('delete from changes where seq > 7');
      await db
        .updateTable('change_chain')
        .set({ ...before })
        .where('name', '=', 'head')
        .execute();
      expect(await verify()).toMatchObject({ valid: true, rows: 7 });
      await add(journal, 1);
      expect(await verify()).toMatchObject({ valid: false, sequence: 8 });
    });
  });

  describe('with what was told elsewhere', () => {
    let told: Anchor;

    beforeEach(async () => {
      await add(open(), 3);
      told = await headOf(database);
      await add(open(), 2);
    });

    it('finds the row that is expected, and another one in its place', async () => {
      expect(await verify({ keys, expected: [told] })).toMatchObject({ valid: true });
      const other = { ...told, hash: hash('sha256', 'another') };
      expect(await verify({ keys, expected: [other] })).toMatchObject({ valid: false, sequence: 4 });
    });

    it('finds that another database was put in the place of this one, an empty one too', async () => {
      const other = await createTestDatabase(engine);
      const empty = await openDatabase(other.url);
      await createTrail(empty, { values: { kind: 'full' }, keys }).adopt();
      expect(await verifyChain(empty, { keys })).toMatchObject({ valid: true });
      expect(await verifyChain(empty, { keys, expected: [told] })).toMatchObject({
        valid: false,
        sequence: 2,
      });
      await empty.close();
      await other.drop();
    });

    it('takes a row for deleted only if a signed checkpoint says so', async () => {
      await open([OLD], { retentionMs: HOUR, now: () => new Date('2036-01-01T00:30:00.000Z') }).tidy();
      expect(await verify({ keys, expected: [told] })).toMatchObject({ valid: true, deletedUpTo: 6 });
    });
  });

  it('without a key takes no checkpoint for a proof of what is expected', async () => {
    const journal = open([]);
    await add(journal, 3);
    const first = { sequence: 1, hash: await hashAt(1) };
    const last = await hashAt(2);
    await tamper(
      `update change_chain set seq = 2, hash = '${last}' where name = 'checkpoint'`,
      'delete from changes where seq <= 2',
    );
    expect(await verify({})).toMatchObject({ valid: true, signedFrom: null, deletedUpTo: 2 });
    expect(await verify({ expected: [first] })).toMatchObject({ valid: false });
  });

  it('says so where there is a key and nothing was ever signed', async () => {
    expect(await verify()).toMatchObject({ valid: false, unsigned: true });
  });

  it('lets no rows in without the key once there was one', async () => {
    await add(open(), 1);
    const without = open([]);
    await expect(without.end({ change: change() })).rejects.toMatchObject({ name: 'StoreUnavailable' });
    await expect(createTrail(database, { values: { kind: 'full' } }).adopt()).rejects.toThrow('audit.key');
    expect(await verify()).toMatchObject({ valid: true, rows: 2 });
  });

  it('goes on under another key, and is verified by both', async () => {
    await add(open(), 2);
    await add(open([NEW, OLD]), 2);
    const both = auditKeys([NEW, OLD]);
    expect(await verify({ keys: both })).toMatchObject({ valid: true, rows: 6, signedFrom: 1 });
    expect(await verify({ keys: auditKeys([NEW]) })).toMatchObject({ valid: false });
    expect(await verify({ keys })).toMatchObject({ valid: false });
    const rows = await database.db.selectFrom('changes').select(['code', 'detail']).orderBy('seq').execute();
    expect(rows[3]).toEqual({ code: 'audit_key', detail: expect.stringContaining('"to"') });
  });

  it('keeps whole when retention deletes, and deletes nothing behind a checkpoint that somebody moved', async () => {
    await add(open(), 3, { at: '2026-01-01T00:00:00.000Z' });
    const journal = open([OLD], { retentionMs: HOUR });
    await tamper(`update change_chain set seq = 1 where name = 'checkpoint'`);
    await expect(journal.tidy()).rejects.toThrow('checkpoint');
    await tamper(`update change_chain set seq = 0 where name = 'checkpoint'`);
    expect(await verify()).toMatchObject({ valid: true });
  });

  it('numbers the rows of each clinic by themselves, over restarts and retention', async () => {
    const journal = open();
    await add(journal, 2, { at: '2026-01-01T00:00:00.000Z' });
    await add(journal, 5, { clinic: 'south', at: '2026-01-01T00:00:00.000Z' });
    await add(journal, 1, { at: '2036-01-01T00:00:00.000Z' });
    await open([OLD], { retentionMs: HOUR, now: () => new Date('2036-01-01T00:30:00.000Z') }).tidy();
    await add(open(), 1, { at: '2036-01-01T00:00:00.000Z' });
    const numbers = async (clinic: string) =>
      (await createChanges(database).list({ clinic }, 10)).map(({ clinicSequence }) => clinicSequence);
    expect([await numbers('north'), await numbers('south')]).toEqual([[4, 3], []]);
  });

  it('gives the same value of two people, or in two clinics, two digests', async () => {
    const journal = open();
    await add(journal, 1);
    await add(journal, 1, { staffId: 'st-2' });
    await add(journal, 1, { clinic: 'south' });
    await add(journal, 1);
    const rows = await database.db.selectFrom('changes').select('sent_values').where('seq', '>', 1).execute();
    const digests = rows.map(({ sent_values }) => JSON.parse(sent_values)['/gender']);
    expect(new Set(digests).size).toBe(3);
    expect(digests[0]).toBe(digests[3]);
  });

  it('finds rows by every filter, alone and together, as going through all of them would', async () => {
    const journal = open();
    const all = Array.from({ length: 2_500 }, (_, index) =>
      change({
        kind: index % 7 ? 'update' : 'read',
        at: new Date(Date.UTC(2026, 0, 1) + ((index * 37) % 2_500) * 1_000).toISOString(),
        requestId: `r-${index}`,
        caller: `app-${index % 3}`,
        staffId: `st-${index % 11}`,
        vendor: index < 1_200 ? 'first' : 'second',
        outcome: index % 5 ? 'success' : 'failed',
      }),
    );
    await Promise.all(all.map((each) => journal.end({ change: each })));
    const times = { since: '2026-01-01T00:05:00.000Z', until: '2026-01-01T00:20:00.000Z' };
    const filters = [
      { kind: 'read' },
      { caller: 'app-1' },
      { vendor: 'first' },
      { outcome: 'failed' },
      { staffId: 'st-3' },
      { kind: 'update', caller: 'app-2', vendor: 'first', outcome: 'failed' },
      { since: times.since },
      { until: times.until },
      { ...times, caller: 'app-0', kind: 'read' },
      { caller: 'nobody', vendor: 'first' },
    ] as const;
    for (const filter of filters) {
      const { since = '', until = '9', ...equal } = { since: undefined, until: undefined, ...filter };
      const wanted = all.filter(
        (row) =>
          row.at >= since &&
          row.at < until &&
          Object.entries(equal).every(([name, value]) => value === undefined || Object(row)[name] === value),
      );
      const found: string[] = [];
      let before: number | undefined;
      for (;;) {
        const page = await createChanges(database).list({ clinic: 'north', ...filter }, 400, before);
        found.push(...page.map(({ requestId }) => requestId));
        before = page.at(-1)?.clinicSequence;
        if (page.length < 400) break;
      }
      expect(new Set(found)).toEqual(new Set(wanted.map(({ requestId }) => requestId)));
      expect(found).toHaveLength(wanted.length);
    }
  }, 60_000);

  it('is verified as it is: nothing is written, no table is brought up to date', async () => {
    await add(open(), 2);
    const reading = await openForReading(test.url);
    expect(await verifyChain(reading, { keys })).toMatchObject({ valid: true, rows: 3 });
    const writing = async (db: Kysely<Schema>) => db.updateTable('settings').set({ value: 'x' }).execute();
    if (engine === 'sqlite') await expect(writing(reading.db)).rejects.toThrow('readonly');
    await reading.close();
  });
});

describe('a copy of a SQLite store', () => {
  it.each([
    ['without a log', ['']],
    ['with its log', ['', '-wal']],
    ['with its log and index', ['', '-wal', '-shm']],
  ])('%s is verified, and nothing is left beside it', async (_name, parts) => {
    const test = await createTestDatabase('sqlite');
    const database = await openDatabase(test.url);
    const journal = createJournal(database, { values: { kind: 'full' }, keyTtlMs: HOUR, keys });
    await journal.end({ change: change() });
    const file = test.url.replace(/^sqlite:/, '');
    const folder = mkdtempSync(join(tmpdir(), 'evidence-'));
    if (!parts.includes('-wal')) await journal.close().then(() => database.close());
    for (const part of parts) copyFileSync(`${file}${part}`, join(folder, `e.db${part}`));
    const before = readdirSync(folder);
    const reading = await openForReading(`sqlite:${join(folder, 'e.db')}`);
    expect(await verifyChain(reading, { keys })).toMatchObject({ valid: true, rows: 2 });
    await reading.close();
    expect(readdirSync(folder)).toEqual(before);
    rmSync(folder, { recursive: true });
    if (parts.includes('-wal')) await journal.close().then(() => database.close());
    await test.drop();
  });
});

describe('the page on security', () => {
  it('names a test of this file in each row on the audit', () => {
    const page = readFileSync(join(__dirname, '../../docs/security.md'), 'utf8');
    const [, section = ''] = /## The audit, and who[\s\S]*?\n(\| who[\s\S]*?)\n\n/.exec(page) ?? [];
    const names = section
      .split('\n')
      .slice(2)
      .map((row) => (row.split('|').at(-2) ?? '').trim().replace(/ is found$/, ''));
    expect(names.length).toBeGreaterThan(10);
    const source = readFileSync(__filename, 'utf8');
    expect(names.filter((name) => name === '' || !source.includes(`'${name}'`))).toEqual([]);
  });
});

describe('a role of PostgreSQL that may only add to the audit', () => {
  it('runs the gateway, and can neither change nor delete a row', async () => {
    const test = await createTestDatabase('postgres');
    const owner = await openDatabase(test.url);
    const roles = readFileSync(join(__dirname, '../../docs/security.md'), 'utf8');
    const [, statements = ''] = /```sql\n([\s\S]*?)```/.exec(roles) ?? [];
    const name = `gateway_app_${process.pid}`;
    await sql.raw(statements.replaceAll('gateway_app', name)).execute(owner.db);
    const url = new URL(test.url);
    url.username = name;
    url.password = 'choose-one';
    const app = await openDatabase(url.href);
    const journal = createJournal(app, { values: { kind: 'full' }, keyTtlMs: HOUR, keys });
    await journal.end({ change: change() });
    await journal.tidy();
    for (const statement of [
      `update changes set caller = 'x'`,
      'delete from changes',
      'truncate changes',
      'alter table changes disable trigger user',
      'drop table changes',
    ]) {
      await expect(sql.raw(statement).execute(app.db)).rejects.toThrow(/permission denied|must be owner/);
    }
    expect(await verifyChain(app, { keys })).toMatchObject({ valid: true, rows: 2 });
    await journal.close();
    await app.close();
    await sql.raw(`drop owned by ${name}; drop role ${name}`).execute(owner.db);
    await owner.close();
    await test.drop();
  }, 60_000);
});

describe('what is deleted from a SQLite store', () => {
  it('is in no file of it once the house is kept', async () => {
    const test = await createTestDatabase('sqlite');
    const database = await openDatabase(test.url);
    const canary = 'zz-deleted-canary-zz';
    let time = Date.now();
    const journal = createJournal(database, {
      values: { kind: 'full' },
      keyTtlMs: HOUR,
      now: () => new Date(time),
    });
    const claim = { scope: 's', fingerprint: 'f', owner: 'o', leaseMs: 1_000 };
    const claimed = await journal.claim(claim);
    if (claimed.kind !== 'mine') throw new Error('the key is new');
    const answer = { status: 200, headers: {}, body: { phone: canary } };
    await journal.endClaim({ handle: claimed.handle, state: 'done', answer });
    time += 2 * HOUR;
    await journal.tidy();
    const folder = dirname(test.url.slice('sqlite:'.length));
    const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'latin1'));
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => text.includes(canary))).toEqual([]);
    await journal.close();
    await database.close();
    expect(existsSync(folder)).toBe(true);
    await test.drop();
  });
});
