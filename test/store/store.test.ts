import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { cachedLinks } from '../../src/store/cachedLinks';
import { type Database, openDatabase, parameter } from '../../src/store/database';
import { isUniqueViolation } from '../../src/store/engine';
import { createLinks, type Link, type Links } from '../../src/store/links';
import { migrate } from '../../src/store/migrate';
import { migrations } from '../../src/store/migrations';
import { checkSqliteVersion } from '../../src/store/sqlite';
import { StoreUnavailable } from '../../src/store/unavailable';
import { createPostgresDatabase } from '../support/postgres';

const ENGINES = ['sqlite', 'postgres'] as const;

interface TestDatabase {
  url: string;
  drop(): Promise<void>;
}

async function createTestDatabase(engine: (typeof ENGINES)[number]): Promise<TestDatabase> {
  if (engine === 'postgres') return createPostgresDatabase();
  const folder = mkdtempSync(join(tmpdir(), 'gateway-store-'));
  return {
    url: `sqlite:${join(folder, 'new', 'gateway.db')}`,
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

const link = (clinic: string, staffId: string, vendor: string, vendorRecordId: string): Link => ({
  clinic,
  staffId,
  vendor,
  vendorRecordId,
});

async function* from<Row>(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

async function collected<Row>(rows: AsyncIterable<Row>): Promise<Row[]> {
  const all: Row[] = [];
  for await (const row of rows) all.push(row);
  return all;
}

const tableCount = async (database: Database) =>
  (await database.db.introspection.getTables()).filter((table) => table.name === 'links').length;

describe.each(ENGINES)('the store on %s', (engine) => {
  let test: TestDatabase;
  let database: Database;
  let links: Links;

  beforeAll(async () => {
    test = await createTestDatabase(engine);
    database = await openDatabase(test.url);
    links = createLinks(database);
  }, 60_000);
  afterAll(async () => {
    await database.close();
    await test.drop();
  });
  beforeEach(async () => {
    await database.db.deleteFrom('links').execute();
  });

  describe('opening', () => {
    let fresh: TestDatabase;
    beforeEach(async () => {
      fresh = await createTestDatabase(engine);
    });
    afterEach(() => fresh.drop());

    it('creates the tables, and finds them the second time', async () => {
      for (const expected of [0, 1]) {
        const opened = await openDatabase(fresh.url);
        expect(opened.engine).toBe(engine);
        expect(await tableCount(opened)).toBe(1);
        expect(await collected(createLinks(opened).exportAll())).toHaveLength(expected);
        await createLinks(opened).put(link('north', 'st-1', 'v', 'pr-1'));
        await opened.close();
      }
    });

    it('lets ten openings at once all succeed', async () => {
      const opened = await Promise.all(Array.from({ length: 10 }, () => openDatabase(fresh.url)));
      const recorded = await sql<{ name: string }>`select name from kysely_migration`.execute(database.db);
      expect(recorded.rows.map((row) => row.name)).toEqual(Object.keys(migrations(engine)));
      for (const [index, each] of opened.entries()) {
        expect(await createLinks(each).put(link('north', `st-${index}`, 'v', `pr-${index}`))).toEqual({
          created: true,
        });
        await each.close();
      }
    });

    it('runs only the migrations that are missing, and all or none of them', async () => {
      const opened = await openDatabase(fresh.url);
      await createLinks(opened).put(link('north', 'st-1', 'v', 'pr-1'));
      const adds: Migration = { up: (db) => db.schema.createTable('later').addColumn('a', 'text').execute() };
      const fails: Migration = { up: (db) => sql`this is not SQL`.execute(db).then(() => undefined) };
      const known = { ...migrations(engine), '0098_adds': adds };

      await expect(migrate(opened.db, engine, { ...known, '0099_fails': fails })).rejects.toThrow(/syntax/);
      const names = async () => (await opened.db.introspection.getTables()).map((table) => table.name);
      expect(await names()).not.toContain('later');

      await migrate(opened.db, engine, known);
      expect(await names()).toContain('later');
      expect(await createLinks(opened).find('north', 'st-1', 'v')).toBe('pr-1');
      await opened.close();
    });

    it('refuses a database of a newer version, and leaves it as it is', async () => {
      const newer = await openDatabase(fresh.url);
      await migrate(newer.db, engine, {
        ...migrations(engine),
        '9999_future': { up: (db) => db.schema.createTable('future').addColumn('a', 'text').execute() },
      });
      await newer.close();
      await expect(openDatabase(fresh.url)).rejects.toThrow(/newer version.*"9999_future".*does not know/);
    });
  });

  it('answers a check, and fails it when closed', async () => {
    await expect(database.check()).resolves.toBeUndefined();
    const closed = await openDatabase(test.url);
    await closed.close();
    await expect(closed.check()).rejects.toThrow();
    await expect(createLinks(database).find('a', 'b', 'c')).resolves.toBeUndefined();
  });

  it('rolls back a transaction that fails, and keeps the others out of it', async () => {
    let asked: Promise<string | undefined> | undefined;
    await expect(
      database.db.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('links')
          .values({
            clinic: 'north',
            staff_id: 'st-1',
            vendor: 'v',
            vendor_record_id: 'pr-1',
            revision: 1,
            created_at: '',
            updated_at: '',
          })
          .execute();
        asked = links.find('north', 'st-1', 'v');
        // With one connection it is answered only after the transaction.
        if (engine === 'postgres') await asked;
        throw new Error('undo');
      }),
    ).rejects.toThrow('undo');
    expect(asked).toBeDefined();
    expect(await asked).toBeUndefined();
    expect(await links.find('north', 'st-1', 'v')).toBeUndefined();
  });

  it('stores what SQL, JSON and terminals find special exactly as given', async () => {
    const ids = [
      "o'neil",
      '%_',
      '"q"',
      '\\',
      '医師-7',
      'Ñandú',
      'é',
      '🩺',
      '$1',
      '?',
      '{"a":1}',
      ' x ',
      '00042',
      '1e3',
      'null',
    ];
    for (const [index, id] of ids.entries()) await links.put(link('north', `st-${index}`, 'v', id));
    for (const [index, id] of ids.entries()) expect(await links.find('north', `st-${index}`, 'v')).toBe(id);
    await database.db.deleteFrom('links').execute();
    await links.importAll(from(ids.map((id, index) => link('north', `st-${index}`, 'v', id))), {
      onRefused: (row) => expect(row).toBeUndefined(),
    });
    for (const [index, id] of ids.entries()) expect(await links.find('north', `st-${index}`, 'v')).toBe(id);
  });

  it.each(['', 'a\0b', '-a', 'a b', 'a'.repeat(129), 'ü'])(
    'has no staff id %j, whoever asks',
    async (staffId) => {
      expect(await links.find('north', staffId, 'v')).toBeUndefined();
      expect(await links.list('north', staffId)).toEqual([]);
      expect(await links.remove('north', staffId, 'v')).toBe(false);
      await expect(links.put(link('north', staffId, 'v', 'pr-1'))).rejects.toThrow('not a staff id');
    },
  );

  it.each(['', 'a\0b', 'a\nb', 'x'.repeat(201), '\ud83e'])(
    'refuses to store the record id %j',
    async (id) => {
      await expect(links.put(link('north', 'st-1', 'v', id))).rejects.toThrow('not a vendor record id');
    },
  );

  it('puts, replaces, lists and removes', async () => {
    const times = ['2026-01-01T00:00:00.000Z', '2026-01-02T00:00:00.000Z', '2026-01-03T00:00:00.000Z'];
    const timed = createLinks(database, () => new Date(times.shift() ?? 0));
    expect(await timed.put(link('north', 'st-1', 'v', 'pr-1'))).toEqual({ created: true });
    expect(await timed.put(link('north', 'st-1', 'v', 'pr-1'))).toEqual({ created: false });
    expect(await timed.put(link('north', 'st-1', 'v', 'pr-2'))).toEqual({ created: false });
    expect(await links.find('north', 'st-1', 'v')).toBe('pr-2');
    expect(
      await database.db.selectFrom('links').select(['revision', 'created_at', 'updated_at']).execute(),
    ).toEqual([
      { revision: 2, created_at: '2026-01-01T00:00:00.000Z', updated_at: '2026-01-03T00:00:00.000Z' },
    ]);

    await links.put(link('north', 'st-1', 'a-vendor', 'x'));
    await links.put(link('south', 'st-1', 'v', 'pr-3'));
    expect(await links.list('north', 'st-1')).toEqual([
      link('north', 'st-1', 'a-vendor', 'x'),
      link('north', 'st-1', 'v', 'pr-2'),
    ]);
    expect(await links.remove('north', 'st-1', 'v')).toBe(true);
    expect(await links.remove('north', 'st-1', 'v')).toBe(false);
    expect(await links.find('north', 'st-1', 'v')).toBeUndefined();
    expect(await links.find('south', 'st-1', 'v')).toBe('pr-3');
  });

  it('gives a vendor record to one staff member only, over all clinics', async () => {
    await links.put(link('north', 'st-1', 'v', 'pr-1'));
    await links.put(link('south', 'st-2', 'v', 'pr-2'));
    expect(await links.put(link('north', 'st-2', 'v', 'pr-1'))).toEqual({ conflict: true });
    expect(await links.put(link('south', 'st-1', 'v', 'pr-1'))).toEqual({ conflict: true });
    expect(await links.put(link('south', 'st-2', 'v', 'pr-1'))).toEqual({ conflict: true });
    expect(await links.find('south', 'st-2', 'v')).toBe('pr-2');
    // Another vendor's record of the same name is another record, and a replaced one is free again.
    expect(await links.put(link('south', 'st-2', 'w', 'pr-1'))).toEqual({ created: true });
    await links.put(link('north', 'st-1', 'v', 'pr-9'));
    expect(await links.put(link('south', 'st-2', 'v', 'pr-1'))).toEqual({ created: false });
  });

  it('lets exactly one of 50 staff members win a vendor record, over several connections', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => openDatabase(test.url)));
    const stores = [links, ...others.map((other) => createLinks(other))];
    for (let round = 0; round < 5; round++) {
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          stores[index % stores.length]?.put(link('north', `st-${round}-${index}`, 'v', `pr-${round}`)),
        ),
      );
      expect(results.filter((result) => result && 'created' in result)).toEqual([{ created: true }]);
      expect(results.filter((result) => result && 'conflict' in result)).toHaveLength(49);
    }
    for (const other of others) await other.close();
    expect(await collected(links.exportAll())).toHaveLength(5);
  });

  it('lets the same put made 50 times at once succeed each time', async () => {
    const results = await Promise.all(
      Array.from({ length: 50 }, () => links.put(link('north', 'st-1', 'v', 'pr-1'))),
    );
    expect(results.filter((result) => 'created' in result && result.created)).toHaveLength(1);
    expect(results.filter((result) => 'created' in result)).toHaveLength(50);
  });

  it('survives staff members that swap their records at the same moment', async () => {
    await links.put(link('north', 'a', 'v', 'pr-a'));
    await links.put(link('north', 'b', 'v', 'pr-b'));
    for (let round = 0; round < 20; round++) {
      const results = await Promise.all([
        links.put(link('north', 'a', 'v', 'pr-b')),
        links.put(link('north', 'b', 'v', 'pr-a')),
      ]);
      expect(results).toContainEqual({ conflict: true });
      await links.remove('north', 'a', 'v');
      await links.put(link('north', 'b', 'v', 'pr-b'));
      await links.put(link('north', 'a', 'v', 'pr-a'));
    }
  });

  describe('import', () => {
    const rows = [
      link('north', 'st-1', 'v', 'r1'),
      link('north', 'st-1', 'v', 'r2'),
      link('north', 'st-2', 'v', 'r2'),
      link('north', 'st-3', 'v', 'r1'),
      link('north', 'st-3', 'v', 'r1'),
      link('north', 'st-1', 'v', 'old'),
      link('south', 'st-9', 'v', 'r2'),
      link('south', 'st-8', 'w', 'r2'),
      link('south', 'st-7', 'v', 'taken'),
      link('south', 'st-0', 'v', 'free'),
      link('south', 'st-7', 'v', 'swap'),
    ];
    const before = [
      link('north', 'st-1', 'v', 'old'),
      link('south', 'st-0', 'v', 'taken'),
      link('x', 'x', 'v', 'swap'),
    ];

    it.each([1, 2, 3, 4, 100])(
      'has the result of single puts in order, with batches of %i',
      async (batchSize) => {
        for (const row of before) await links.put(row);
        const expected: Link[] = [];
        const counts = { created: 0, conflicts: 0 };
        for (const row of rows) {
          const result = await links.put(row);
          if ('conflict' in result) expected.push(row);
          else if (result.created) counts.created += 1;
        }
        const wanted = await collected(links.exportAll());

        await database.db.deleteFrom('links').execute();
        for (const row of before) await links.put(row);
        const refused: Link[] = [];
        const progress: number[] = [];
        const totals = await links.importAll(from(rows), {
          batchSize,
          onRefused: (row) => {
            refused.push(row);
          },
          onProgress: (soFar) =>
            progress.push(soFar.created + soFar.replaced + soFar.unchanged + soFar.refused),
        });
        expect(await collected(links.exportAll())).toEqual(wanted);
        expect(refused).toEqual(expected);
        expect(refused.length).toBeGreaterThan(2);
        expect(totals).toMatchObject({ created: counts.created, refused: expected.length });
        expect(progress).toEqual(
          Array.from({ length: Math.ceil(rows.length / batchSize) }, (_, index) =>
            Math.min(rows.length, (index + 1) * batchSize),
          ),
        );
      },
    );

    it('keeps the batches that are done when the source fails', async () => {
      async function* broken() {
        yield link('north', 'st-1', 'v', 'r1');
        yield link('north', 'st-2', 'v', 'r2');
        throw new Error('unplugged');
      }
      await expect(links.importAll(broken(), { batchSize: 1, onRefused: () => {} })).rejects.toThrow(
        'unplugged',
      );
      expect(await collected(links.exportAll())).toHaveLength(2);
    });

    it('exports in bytewise order over several pages', async () => {
      const names = Array.from({ length: 2_500 }, (_, index) => `${index % 2 ? 'B' : 'a'}${index}`);
      await links.importAll(from(names.map((name) => link(`c${name.length}`, name, 'v', `r${name}`))), {
        onRefused: () => {},
      });
      const exported = (await collected(links.exportAll())).map(
        ({ clinic, staffId }) => `${clinic} ${staffId}`,
      );
      expect(exported).toHaveLength(2_500);
      expect(exported).toEqual([...exported].sort());
    });
  });

  describe('the cache', () => {
    /** Links that count their lookups, and can hold one back. */
    function observed() {
      const counter = { finds: 0, hold: Promise.resolve() };
      const counted: Links = {
        ...links,
        find: async (...key) => {
          counter.finds += 1;
          const found = await links.find(...key);
          await counter.hold;
          return found;
        },
      };
      return { counter, counted };
    }

    it('asks once, and sees every change made through it at once', async () => {
      const { counter, counted } = observed();
      const cached = cachedLinks(counted, { ttlSeconds: 60, maxKeys: 100 });
      await cached.put(link('north', 'st-1', 'v', 'pr-1'));
      for (let round = 0; round < 3; round++) expect(await cached.find('north', 'st-1', 'v')).toBe('pr-1');
      expect(counter.finds).toBe(1);

      await cached.put(link('north', 'st-1', 'v', 'pr-2'));
      expect(await cached.find('north', 'st-1', 'v')).toBe('pr-2');
      await cached.importAll(from([link('north', 'st-1', 'v', 'pr-3')]), { onRefused: () => {} });
      expect(await cached.find('north', 'st-1', 'v')).toBe('pr-3');
      expect(await cached.remove('north', 'st-1', 'v')).toBe(true);
      expect(await cached.find('north', 'st-1', 'v')).toBeUndefined();
      expect(await cached.list('north', 'st-1')).toEqual([]);
      expect(await collected(cached.exportAll())).toEqual([]);
    });

    it('never keeps that there is no link', async () => {
      const cached = cachedLinks(links, { ttlSeconds: 60, maxKeys: 100 });
      expect(await cached.find('north', 'st-1', 'v')).toBeUndefined();
      await links.put(link('north', 'st-1', 'v', 'pr-1'));
      expect(await cached.find('north', 'st-1', 'v')).toBe('pr-1');
    });

    it('does not keep a value that was read before a change', async () => {
      const { counter, counted } = observed();
      const cached = cachedLinks(counted, { ttlSeconds: 60, maxKeys: 100 });
      await links.put(link('north', 'st-1', 'v', 'pr-1'));
      let resume = () => {};
      counter.hold = new Promise((resolve) => {
        resume = resolve;
      });
      const slow = cached.find('north', 'st-1', 'v');
      await new Promise((wait) => setTimeout(wait, 20));
      await cached.put(link('north', 'st-1', 'v', 'pr-2'));
      resume();
      await slow;
      expect(await cached.find('north', 'st-1', 'v')).toBe('pr-2');
    });

    it('goes on looking up when it is full, and forgets after its time', async () => {
      const { counter, counted } = observed();
      const cached = cachedLinks(counted, { ttlSeconds: 1, maxKeys: 2 });
      for (const name of ['a', 'b', 'c']) await links.put(link('north', name, 'v', `pr-${name}`));
      for (const name of ['a', 'b', 'c', 'a', 'b', 'c'])
        expect(await cached.find('north', name, 'v')).toBe(`pr-${name}`);
      expect(counter.finds).toBe(4);
      await links.put(link('north', 'a', 'v', 'pr-new'));
      expect(await cached.find('north', 'a', 'v')).toBe('pr-a');
      await new Promise((wait) => setTimeout(wait, 1_100));
      expect(await cached.find('north', 'a', 'v')).toBe('pr-new');
    });
  });

  it('tells a taken key from other failures', async () => {
    const row = {
      clinic: 'n',
      staff_id: 's',
      vendor: 'v',
      vendor_record_id: 'r',
      revision: 1,
      created_at: '',
      updated_at: '',
    };
    const insert = () => database.db.insertInto('links').values(row).execute();
    await insert();
    const taken = await insert().catch((error: unknown) => error);
    expect(isUniqueViolation(taken)).toBe(true);
    const other = await sql`select * from nowhere`.execute(database.db).catch((error: unknown) => error);
    expect(isUniqueViolation(other)).toBe(false);
  });

  it('fills the places of a prepared query by number', async () => {
    await links.put(link('north', 'st-1', 'v', 'pr-1'));
    const prepared = database.prepare((on) =>
      on
        .selectFrom('links')
        .select(['staff_id', 'revision'])
        .where('vendor', '=', parameter(1))
        .where('clinic', '=', parameter(0)),
    );
    expect(await prepared('north', 'v')).toEqual({ staff_id: 'st-1', revision: 1 });
    expect(await prepared('v', 'north')).toBeUndefined();
    await expect(prepared('north')).rejects.toThrow('lacks its value 1');
  });
});

describe('an SQLite store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is durable, checked, and readable by its owner only', async () => {
    const file = join(folder, 'a', 'b', 'gateway.db');
    const database = await openDatabase(`sqlite:${file}`);
    await createLinks(database).put(link('north', 'st-1', 'v', 'pr-1'));
    const setting = async (name: string) => {
      const { rows } = await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(database.db);
      return Object.values(rows[0] ?? {})[0];
    };
    expect(await setting('journal_mode')).toBe('wal');
    expect(await setting('synchronous')).toBe(2);
    expect(await setting('foreign_keys')).toBe(1);
    for (const name of [file, `${file}-wal`]) expect(statSync(name).mode & 0o777).toBe(0o600);
    for (const name of [join(folder, 'a'), join(folder, 'a', 'b')])
      expect(statSync(name).mode & 0o777).toBe(0o700);
    await database.close();
  });

  it('waits for a transaction of another process without holding up this one', async () => {
    const url = `sqlite:${join(folder, 'gateway.db')}`;
    const [one, two] = await Promise.all([openDatabase(url), openDatabase(url)]);
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 10);
    let waiting: Promise<unknown> = Promise.resolve();
    await one.db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('links').execute();
      waiting = createLinks(two).put(link('north', 'st-1', 'v', 'pr-1'));
      await new Promise((resume) => setTimeout(resume, 400));
    });
    expect(await waiting).toEqual({ created: true });
    clearInterval(ticking);
    expect(ticks).toBeGreaterThan(5);
    await one.close();
    await two.close();
  });

  it('may live in memory', async () => {
    const database = await openDatabase('sqlite::memory:');
    expect(await createLinks(database).put(link('north', 'st-1', 'v', 'pr-1'))).toEqual({ created: true });
    expect(existsSync(':memory:')).toBe(false);
    await database.close();
  });

  it('stores text whole, and refuses values that it would change', async () => {
    const database = await openDatabase('sqlite::memory:');
    const echo = async (value: unknown) =>
      (await sql<{ v: unknown }>`select ${value} as v`.execute(database.db)).rows;
    expect(await echo('a\0b')).toEqual([{ v: 'a\0b' }]);
    for (const value of [true, undefined, new Date(0), { v: 1 }])
      await expect(echo(value)).rejects.toThrow(TypeError);
    await database.close();
  });

  it('is a version of SQLite that keeps what it has committed', async () => {
    const database = await openDatabase('sqlite::memory:');
    const { rows } = await sql<{ v: string }>`select sqlite_version() as v`.execute(database.db);
    expect(() => checkSqliteVersion(rows[0]?.v ?? '')).not.toThrow();
    await database.close();
    for (const version of ['3.51.3', '3.53.4', '4.0.0'])
      expect(() => checkSqliteVersion(version)).not.toThrow();
    for (const version of ['3.45.1', '3.51.2', '3.9.0', ''])
      expect(() => checkSqliteVersion(version)).toThrow('can lose committed writes');
  });

  it.each([
    [5, 'SQLITE_BUSY'],
    [517, 'SQLITE_BUSY_SNAPSHOT'],
    [13, 'SQLITE_FULL'],
    [778, 'SQLITE_IOERR_WRITE'],
    [26, 'SQLITE_NOTADB'],
    [275, 'SQLITE_CONSTRAINT_CHECK'],
    [1555, 'SQLITE_CONSTRAINT_PRIMARYKEY'],
    [1811, 'SQLITE_CONSTRAINT_TRIGGER'],
    [2067, 'SQLITE_CONSTRAINT_UNIQUE'],
    [99 * 256 + 19, 'SQLITE_CONSTRAINT'],
    [200, 'SQLITE_200'],
  ])('tells its error %d by its name, %s', (errcode, name) => {
    const error = Object.assign(new Error('it failed'), { code: 'ERR_SQLITE_ERROR', errcode });
    expect(new StoreUnavailable(error).reason).toBe(name);
  });

  it('says which store URLs there are', async () => {
    await expect(openDatabase('mysql://x')).rejects.toThrow('"sqlite:" or "postgres://"');
    await expect(openDatabase('sqlite:')).rejects.toThrow('names no file');
    await expect(openDatabase(`sqlite:${folder}`)).rejects.toThrow();
  });
});

describe('a PostgreSQL store', () => {
  it('gives up soon, and without its password in the message, where no server is', async () => {
    const opening = openDatabase('postgres://someone:hunter2@127.0.0.1:1/none');
    await expect(opening).rejects.toThrow('ECONNREFUSED');
    await expect(opening).rejects.not.toThrow('hunter2');
  });

  it('survives the server ending its connections', async () => {
    const test = await createPostgresDatabase();
    const heard: Error[] = [];
    const database = await openDatabase(test.url, { onError: (error) => heard.push(error) });
    await database.check();
    const other = await openDatabase(test.url);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(other.db);
    await new Promise((resume) => setTimeout(resume, 100));
    expect(heard).not.toHaveLength(0);
    await expect(database.check()).resolves.toBeUndefined();
    await database.close();
    await other.close();
    await test.drop();
  }, 60_000);
});
