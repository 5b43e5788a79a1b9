/** `backup` and `verify-audit`, on a database that a gateway is using. */
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { sql } from 'kysely';
import { backup } from '../../src/cli/backup';
import { verifyAudit } from '../../src/cli/verifyAudit';
import { openDatabase } from '../../src/store/database';
import { createPostgresDatabase } from '../support/postgres';
import { KEYS, openStage, type Stage } from '../support/stage';

/** Runs a command and gives its exit code and what it printed. */
async function run(command: (io: { out: PassThrough; err: PassThrough }) => Promise<number>) {
  const io = { out: new PassThrough(), err: new PassThrough() };
  const code = await command(io);
  io.out.end();
  io.err.end();
  return { code, out: await text(io.out), err: await text(io.err) };
}

describe('the commands of the store', () => {
  let stage: Stage;
  let url: string;
  const fileIn = (name: string) => join(stage.folder, name);
  const copyTo = (file: string, databaseUrl = url) => run((io) => backup({ databaseUrl, file, ...io }));
  const verify = (databaseUrl: string) => run((io) => verifyAudit({ databaseUrl, ...io }));

  beforeAll(async () => {
    stage = await openStage();
    url = stage.config.store.url;
    await Promise.all(['active', 'inactive', 'active'].map((status) => stage.patch(KEYS.north, { status })));
  });
  afterAll(() => stage.close());

  it('copy a database in use: the copy opens, is equal, and is readable by its owner only', async () => {
    const file = fileIn('copy.db');
    const [{ code, out }] = await Promise.all([
      copyTo(file),
      ...Array.from({ length: 20 }, () => stage.patch(KEYS.north, { status: 'inactive' })),
    ]);
    expect({ code, out }).toEqual({
      code: 0,
      out: `Backup written to ${file} (${statSync(file).size} bytes), integrity checked.\n`,
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect((await verify(`sqlite:${file}`)).code).toBe(0);
    const [original, copy] = await Promise.all([openDatabase(url), openDatabase(`sqlite:${file}`)]);
    const rows = await copy.db.selectFrom('changes').selectAll().orderBy('seq').execute();
    const last = Number(rows.at(-1)?.seq);
    expect(last).toBeGreaterThanOrEqual(3);
    expect(rows).toEqual(
      await original.db.selectFrom('changes').selectAll().where('seq', '<=', last).orderBy('seq').execute(),
    );
    for (const table of ['links', 'settings', 'kysely_migration']) {
      const query = sql`select * from ${sql.table(table)} order by 1`;
      expect((await query.execute(copy.db)).rows).toEqual((await query.execute(original.db)).rows);
    }
    await Promise.all([original.close(), copy.close()]);
  });

  it('take no file that is there', async () => {
    const file = fileIn('precious');
    writeFileSync(file, 'precious');
    const { code, err } = await copyTo(file);
    expect(code).toBe(1);
    expect(err).toContain('exists');
    expect(statSync(file).size).toBe(8);
  });

  it('leave nothing behind where the source is no database', async () => {
    const source = fileIn('noise');
    writeFileSync(source, 'x'.repeat(5_000));
    expect((await copyTo(fileIn('copy-of-noise'), `sqlite:${source}`)).code).toBe(1);
    expect(existsSync(fileIn('copy-of-noise'))).toBe(false);
  });

  it('name a database that is not there, and make none', async () => {
    const absent = `sqlite:${fileIn('absent.db')}`;
    expect((await copyTo(fileIn('copy-of-nothing'), absent)).err).toContain('there is no database');
    expect((await verify(absent)).err).toContain('There is no database');
    expect(existsSync(fileIn('absent.db'))).toBe(false);
  });

  it('point to pg_dump on PostgreSQL', async () => {
    const { code, err } = await copyTo(fileIn('dump'), 'postgres://localhost/x');
    expect(code).toBe(1);
    expect(err).toContain('pg_dump');
  });

  it('prove the audit, and name the first broken row, on both engines', async () => {
    const postgres = await createPostgresDatabase();
    const file = fileIn('tampered.db');
    await copyTo(file);
    expect((await verify(url)).out).toMatch(/^The audit is whole: \d+ rows verified\.\n/);
    // Nothing is made where nothing is.
    expect((await verify(postgres.url)).err).toContain('The audit cannot be read');
    await (await openDatabase(postgres.url)).close();
    expect((await verify(postgres.url)).out).toContain('The audit is whole: 0 rows verified.\n');
    const database = await openDatabase(`sqlite:${file}`);
    await sql`drop trigger changes_never_updated`.execute(database.db);
    await sql`update changes set caller = 'nobody' where seq = 2`.execute(database.db);
    await database.close();
    expect(await verify(`sqlite:${file}`)).toMatchObject({
      code: 2,
      out: 'The audit is broken at row 2: the row is not as it was written. The 1 row before it are as they were written.\n',
    });
    await postgres.drop();
  }, 60_000);
});
