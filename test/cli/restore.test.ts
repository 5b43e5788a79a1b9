/** `backup` under load, a clean stop, `restore`, a start: by the command line, on files as an operator has them. */
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { sql } from 'kysely';
import { stringify } from 'yaml';
import { openDatabase } from '../../src/store/database';
import { type Ended, run } from '../support/commandLine';
import { type GatewayProcess, startGatewayProcess } from '../support/gatewayProcess';
import { KEYS, openStage, type Stage } from '../support/stage';

jest.setTimeout(180_000);

let stage: Stage;
let gateway: GatewayProcess;
/** The database of the gateway, and a copy of it, made while it worked. */
let file: string;
let backup: string;
let configPath: string;

const command = (...args: string[]): Promise<Ended> => run(['-c', configPath, ...args]);
const sides = () => ['-wal', '-shm'].filter((suffix) => existsSync(`${file}${suffix}`));
const keptFiles = () =>
  readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.replaced-`));

async function update(status: string): Promise<number> {
  const response = await fetch(`${gateway.url}/staff/st-1`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${KEYS.north}`, 'content-type': 'application/json' },
    body: JSON.stringify({ status }),
  });
  return response.status;
}

let copies = 0;
/** A copy of a database in a folder of its own, so that looking at it changes nothing. */
function copyOf(path: string): string {
  copies += 1;
  const copy = join(stage.folder, `copy-${copies}.db`);
  copyFileSync(path, copy);
  return copy;
}

/** The sequence numbers of the audit in a file. */
async function rowsIn(path: string): Promise<number[]> {
  const database = await openDatabase(`sqlite:${copyOf(path)}`);
  const rows = await database.db.selectFrom('changes').select('seq').orderBy('seq').execute();
  await database.close();
  return rows.map(({ seq }) => Number(seq));
}

async function stopGateway(): Promise<void> {
  gateway.signal('SIGTERM');
  await gateway.gone;
}

beforeAll(async () => {
  stage = await openStage();
  file = join(stage.folder, 'restored', 'gateway.db');
  backup = join(stage.folder, 'backup.db');
  configPath = join(stage.folder, 'restore.yaml');
  const server = { ...stage.config.server, port: 0 };
  const clinics = { ...stage.config.clinics, north: { vendor: 'clinikapi-main' } };
  writeFileSync(
    configPath,
    stringify({ ...stage.config, server, clinics, store: { url: `sqlite:${file}` } }),
  );
  gateway = await startGatewayProcess(configPath);
  await fetch(`${gateway.url}/staff/st-1/links/clinikapi-main`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${KEYS.north}`, 'content-type': 'application/json' },
    body: JSON.stringify({ vendorRecordId: 'pr_abc123' }),
  });
});
afterAll(async () => {
  await gateway.kill();
  await stage.close();
});

test('a backup made under load, a stop, a restore and a start: what was in the backup is there, and nothing else', async () => {
  expect(await update('inactive')).toBe(200);
  const [copied, ...statuses] = await Promise.all([
    command('backup', backup),
    ...Array.from({ length: 10 }, (_, index) => update(index % 2 === 0 ? 'active' : 'inactive')),
  ]);
  expect([copied.code, ...new Set(statuses)]).toEqual([0, 200]);
  const inBackup = await rowsIn(backup);

  const refused = await command('restore', backup);
  expect(refused).toEqual({
    code: 1,
    out: '',
    err: `Nothing was restored: a gateway is using ${file}. Stop it first.\n`,
  });
  expect(await update('active')).toBe(200);
  expect(keptFiles()).toEqual([]);

  await stopGateway();
  // After a clean stop all is in the one file.
  expect(existsSync(`${file}-wal`) ? statSync(`${file}-wal`).size : 0).toBe(0);
  const before = await rowsIn(file);
  // One of them is of the import of links.
  expect(before.length).toBe(13);

  const { code, out, err } = await command('restore', backup);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const [kept = ''] = keptFiles();
  expect(out).toBe(
    `Restored ${backup} to ${file}: integrity checked, ${inBackup.length} rows of the audit verified.\n` +
      `The database that was there is kept as ${join(dirname(file), kept)}.\n`,
  );
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(sides()).toEqual([]);
  expect(readdirSync(dirname(file)).sort()).toEqual([basename(file), kept]);
  expect(await rowsIn(join(dirname(file), kept))).toEqual(before);

  gateway = await startGatewayProcess(configPath);
  expect(await update('inactive')).toBe(200);
  expect((await command('verify-audit')).out).toContain(
    `The audit is whole: ${inBackup.length + 1} rows verified.\n`,
  );
  await stopGateway();
  rmSync(join(dirname(file), kept));
});

test('a damaged database, with a log of its own, is replaced and kept as it is', async () => {
  writeFileSync(file, 'no database '.repeat(1000));
  writeFileSync(`${file}-wal`, 'no log '.repeat(1000));
  const { code, err } = await command('restore', backup);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const kept = keptFiles().sort();
  expect(kept).toContain(`${kept[0]}-wal`);
  expect(readFileSync(join(dirname(file), kept[0] ?? ''), 'utf8')).toContain('no database');
  expect(sides()).toEqual([]);
  expect(await rowsIn(file)).toEqual(await rowsIn(backup));
  for (const name of kept) rmSync(join(dirname(file), name));
});

test('a copy that was made by hand, with its log, is taken whole', async () => {
  const byHand = join(stage.folder, 'by-hand.db');
  const source = copyOf(file);
  const database = await openDatabase(`sqlite:${source}`);
  await database.db.insertInto('settings').values({ name: 'in.the.log', value: 'yes' }).execute();
  for (const suffix of ['', '-wal']) copyFileSync(`${source}${suffix}`, `${byHand}${suffix}`);
  await database.close();
  expect((await command('restore', byHand)).code).toBe(0);
  const restored = await openDatabase(`sqlite:${copyOf(file)}`);
  const found = await restored.db
    .selectFrom('settings')
    .selectAll()
    .where('name', '=', 'in.the.log')
    .execute();
  await restored.close();
  expect(found).toHaveLength(1);
});

describe('nothing is changed by', () => {
  let before: Buffer;
  beforeAll(() => {
    before = readFileSync(file);
    for (const name of keptFiles()) rmSync(join(dirname(file), name));
  });

  /** A copy of the backup after a change of it. */
  async function spoiled(...statements: readonly string[]): Promise<string> {
    const path = copyOf(backup);
    const database = await openDatabase(`sqlite:${path}`);
    for (const statement of statements) await sql.raw(statement).execute(database.db);
    await database.close();
    return path;
  }

  const noise = async () => {
    const path = join(stage.folder, 'noise.db');
    writeFileSync(path, 'x'.repeat(5_000));
    return path;
  };

  test.each([
    ['a file that is not there', async () => '/nowhere.db', /there is no file \/nowhere\.db/],
    ['the database itself', async () => file, /is the database in use/],
    ['a file that is no database', noise, /not a database/],
    [
      'a database of something else',
      () => spoiled('drop table kysely_migration'),
      /the file is not a database of this gateway/,
    ],
    [
      'a database of a newer version',
      () => spoiled("insert into kysely_migration (name, timestamp) values ('9999_later', '')"),
      /written by a newer version of the gateway/,
    ],
    [
      'a backup whose audit was changed',
      () => spoiled('drop trigger changes_never_updated', "update changes set caller = 'x' where seq = 1"),
      /its audit is broken at row 1: the row is not as it was written/,
    ],
  ])('%s', async (_name, make, reason) => {
    const { code, out, err } = await command('restore', await make());
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/^Nothing was restored: /);
    expect(err).toMatch(reason);
    expect(readFileSync(file).equals(before)).toBe(true);
    expect(readdirSync(dirname(file))).toEqual([basename(file)]);
  });

  test('a store on PostgreSQL, for which it says what to do', async () => {
    const { code, err } = await run(['-c', configPath, 'restore', backup], {
      STORE_URL: 'postgres://gateway@127.0.0.1:1/gateway',
    });
    expect(code).toBe(1);
    expect(err).toMatch(/pg_restore[\s\S]+verify-audit/);
  });
});

test('a database that is not there yet is made, readable by its owner only', async () => {
  const elsewhere = `${file}.elsewhere`;
  renameSync(file, elsewhere);
  expect((await command('restore', backup)).code).toBe(0);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(keptFiles()).toEqual([]);
});
