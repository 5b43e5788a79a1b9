/** No filter of the audit goes through all rows: each of its queries is led to where it begins by an index. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CompiledQuery, Kysely } from 'kysely';
import { type ChangeFilter, createChanges } from '../../src/store/changes';
import { type Database, openDatabase } from '../../src/store/database';
import type { Schema } from '../../src/store/schema';
import { openSqlite } from '../../src/store/sqlite';
import { sqliteDialect } from '../../src/store/sqliteDialect';

let folder: string;
let database: Database;
let db: Kysely<Schema>;
const queries: CompiledQuery[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-filters-'));
  const file = join(folder, 'gateway.db');
  database = await openDatabase(`sqlite:${file}`);
  const dialect = sqliteDialect(await openSqlite(file));
  db = new Kysely<Schema>({ dialect, log: ({ query }) => void queries.push(query) });
  const clinic = { clinic: 'north', seq: 5_000 };
  await db.insertInto('change_clinics').values(clinic).execute();
  const block = { clinic: 'north', min_at: '2026-01-01', max_at: '2026-02-01' };
  await db
    .insertInto('change_blocks')
    .values([0, 1, 2, 3, 4].map((number) => ({ ...block, block: number })))
    .execute();
});
afterAll(async () => {
  await db.destroy();
  await database.close();
  rmSync(folder, { recursive: true });
});

const plan = async ({ sql, parameters }: CompiledQuery) => {
  const explain = CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]);
  return (await db.executeQuery<{ detail: string }>(explain)).rows.map(({ detail }) => detail);
};

const FILTERS: Omit<ChangeFilter, 'clinic'>[] = [
  {},
  { kind: 'update' },
  { kind: 'refusal' },
  { kind: 'update', staffId: 'st-1' },
  { kind: 'update', caller: 'app' },
  { kind: 'update', vendor: 'main' },
  { kind: 'update', outcome: 'success' },
  { kind: 'update', outcome: 'failed' },
  { kind: 'update', since: '2026-01-05' },
  { kind: 'update', until: '2026-01-05' },
  { kind: 'update', since: '2026-01-05', until: '2026-01-06', caller: 'app' },
  { kind: 'update', staffId: 'st-1', caller: 'app', vendor: 'main', outcome: 'unknown' },
  { caller: 'app', vendor: 'main' },
];

test.each(FILTERS)('%j', async (filter) => {
  queries.length = 0;
  await createChanges({ ...database, db }).list({ clinic: 'north', ...filter }, 51);
  const asked = queries.splice(0);
  expect(asked.length).toBeGreaterThan(0);
  const plans = (await Promise.all(asked.map(plan))).flat();
  expect(plans.filter((step) => !/^SEARCH \w+ USING (COVERING )?(INDEX|PRIMARY KEY)\b/.test(step))).toEqual(
    [],
  );
});

test('a period of all kinds takes one query for each of its blocks, however many kinds there are', async () => {
  queries.length = 0;
  await createChanges({ ...database, db }).list(
    { clinic: 'north', since: '2026-01-05', until: '2026-01-06' },
    51,
  );
  const asked = queries.splice(0);
  // Where its blocks are, and each of the five.
  expect(asked).toHaveLength(6);
  // What is sorted is one block.
  const steps = (await Promise.all(asked.map(plan))).flat().filter((step) => !/ORDER BY$/.test(step));
  expect(steps.filter((step) => !step.startsWith('SEARCH'))).toEqual([]);
});

test('a query that goes through all rows would be noticed', async () => {
  const scan = db.selectFrom('changes').selectAll().where('code', '=', 'x').compile();
  expect(await plan(scan)).toEqual([expect.stringMatching(/^SCAN/)]);
});
