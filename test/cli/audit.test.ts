/** What commands and the running gateway do for the audit: anchors outside of the store, and a row for each operator's act. */
import { hash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { stringify } from 'yaml';
import { adapters } from '../../adapters';
import { discardDeliveries, retryDeliveries } from '../../src/cli/deliveries/redrive';
import { importLinks } from '../../src/cli/links/import';
import { verifyAudit } from '../../src/cli/verifyAudit';
import { loadConfig } from '../../src/config/load';
import { createRefusals } from '../../src/http/refusals';
import { auditKeys } from '../../src/store/auditKeys';
import type { Change } from '../../src/store/changes';
import { type Database, openDatabase } from '../../src/store/database';
import { createOperations } from '../../src/store/operations';
import { verifyChain } from '../../src/store/verify';
import { run } from '../support/commandLine';
import { KEYS, openStage, type Stage } from '../support/stage';

const KEY = 'the-key-of-the-audit-in-these-tests';
const keys = auditKeys([KEY]);

let folder: string;
let stage: Stage;
let url: string;
const headFile = () => join(folder, 'head.json');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gateway-audit-'));
  stage = await openStage({
    configure: (config) => Object.assign(config, { audit: { key: KEY, headFile: headFile() } }),
  });
  url = stage.config.store.url;
});
afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true });
});

async function said(
  work: (streams: { out: PassThrough; err: PassThrough }) => Promise<number>,
): Promise<{ code: number; out: string; err: string }> {
  const streams = { out: new PassThrough(), err: new PassThrough() };
  const texts = Promise.all([text(streams.out), text(streams.err)]);
  const code = await work(streams);
  streams.out.end();
  streams.err.end();
  const [out, err] = await texts;
  return { code, out, err };
}

const verify = (more: Partial<Parameters<typeof verifyAudit>[0]> = {}) =>
  said((streams) => verifyAudit({ databaseUrl: url, keys, ...more, ...streams }));

async function withDatabase<Result>(work: (database: Database) => Promise<Result>): Promise<Result> {
  const database = await openDatabase(url);
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

describe('the newest row', () => {
  it('is told to the log and to a file that verify-audit reads, which finds what was cut since', async () => {
    const lines = stage.lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'audit head');
    expect(lines[0]).toMatchObject({ level: 30, sequence: 1, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const told = `${lines[0].sequence}:${lines[0].hash}`;
    const wrong = `1:${hash('sha256', 'another')}`;
    const codes = async (...flags: string[]) =>
      (await run(['-c', stage.configPath, 'verify-audit', ...flags])).code;
    expect(await codes('--expect', told, '--head-file', headFile())).toBe(0);
    expect(await codes('--expect', told, '--expect', wrong)).toBe(2);
    expect(await codes('--expect', 'nonsense')).toBe(1);
    expect(JSON.parse(readFileSync(headFile(), 'utf8'))).toMatchObject({ sequence: 1, hash: lines[0].hash });
  }, 180_000);

  it('a file that nobody signed proves nothing', async () => {
    const forged = join(folder, 'forged.json');
    const head = JSON.parse(readFileSync(headFile(), 'utf8'));
    writeFileSync(forged, JSON.stringify({ ...head, sequence: 0 }));
    expect(await verify({ headFile: forged })).toMatchObject({
      code: 1,
      err: expect.stringContaining('is not signed with audit.key'),
    });
  });

  it('is told as a metric', async () => {
    const metrics = await (await fetch(`${stage.gateway.opsUrl}/metrics`)).text();
    expect(Number(/^gateway_audit_sequence (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(0);
  });
});

describe('verify-audit', () => {
  it('tells what to expect next time, and changes nothing', async () => {
    await stage.patch(KEYS.north, { status: 'inactive' });
    const file = url.slice('sqlite:'.length);
    const before = hash('sha256', readFileSync(file));
    const { code, out } = await verify();
    const [, sequence, rowHash] = /Newest row: (\d+):([0-9a-f]{64})\n$/.exec(out) ?? [];
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Signed from row 1 on.') });
    const expected = [{ sequence: Number(sequence), hash: String(rowHash) }];
    expect((await verify({ expected })).code).toBe(0);
    expect(hash('sha256', readFileSync(file))).toBe(before);
  });

  it('takes a database of before as it is: its tables are not brought up to date', async () => {
    const file = join(folder, 'before.db');
    writeFileSync(
      file,
      gunzipSync(readFileSync(join(__dirname, '../fixtures/store-before-node-sqlite.db.gz'))),
    );
    const before = hash('sha256', readFileSync(file));
    const databaseUrl = `sqlite:${file}`;
    expect(await verify({ databaseUrl, keys: undefined })).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^The audit is whole: 3 rows verified\.\nNone is signed/),
    });
    // Where there is a key, an audit that nobody signed may be anybody's.
    expect(await verify({ databaseUrl })).toMatchObject({ code: 2 });
    expect(hash('sha256', readFileSync(file))).toBe(before);
  });
});

describe('acts of operators', () => {
  const rowsOf = (kind: string) =>
    withDatabase((database) =>
      database.db.selectFrom('changes').selectAll().where('kind', '=', kind).orderBy('seq').execute(),
    );

  it('an import has a row for all new links of a clinic, and one for each that leads elsewhere now', async () => {
    const csv = (...rows: string[]) => ['clinic,staffId,vendor,vendorRecordId', ...rows, ''].join('\n');
    const load = (body: string) =>
      said((streams) =>
        importLinks({
          ...{ file: '-', databaseUrl: url, audit: { key: KEY }, isTerminal: false },
          ...{ input: Readable.from([body]), ...streams },
        }),
      );
    await load(csv('north,st-8,clinikapi-main,pr_8', 'north,st-9,clinikapi-main,pr_9'));
    await load(csv('north,st-8,clinikapi-main,pr_8', 'north,st-9,clinikapi-main,pr_10'));
    const rows = await rowsOf('import');
    expect(rows).toMatchObject([
      { clinic: 'north', vendor: 'clinikapi-main', staff_id: '', detail: '{"created":2}' },
      { staff_id: 'st-9', vendor_record_id: 'pr_10', detail: '{"replaced":true}' },
    ]);
    expect(rows[0]?.caller).toMatch(/^operator:./);
  });

  it('a retry and a discard have a row each', async () => {
    const id = await withDatabase(async (database) => {
      const operation = { clinic: 'south', staffId: 'st-7', caller: 'app', requestId: 'r-1', patch: '{}' };
      const queued = await createOperations(database).enqueue({
        ...operation,
        lenient: false,
        settle: false,
      });
      await database.db
        .updateTable('operations')
        .set({ status: 'dead', available_at: null })
        .where('id', '=', queued.id)
        .execute();
      return queued.id;
    });
    const options = { databaseUrl: url, audit: { key: KEY }, filter: { ids: [id] }, confirmed: true };
    expect((await said((streams) => retryDeliveries({ ...options, ...streams }))).code).toBe(0);
    await said((streams) => discardDeliveries({ ...options, ...streams }));
    const rows = await rowsOf('retry');
    expect(rows).toMatchObject([{ clinic: 'south', staff_id: 'st-7', detail: `{"operation":"${id}"}` }]);
    expect(await withDatabase((database) => verifyChain(database, { keys }))).toMatchObject({ valid: true });
  });
});

describe('a decision about a queued update whose row of the audit cannot be written', () => {
  it.each([
    { name: 'retry', command: retryDeliveries },
    { name: 'discard', command: discardDeliveries },
  ])('is not taken: $name without the key of the audit', async ({ command }) => {
    const id = await withDatabase(async (database) => {
      const operation = { clinic: 'south', staffId: 'st-6', caller: 'app', requestId: 'r-1', patch: '{}' };
      const dead = await createOperations(database).enqueue({ ...operation, lenient: false, settle: false });
      const change = { status: 'dead', available_at: null } as const;
      await database.db.updateTable('operations').set(change).where('id', '=', dead.id).execute();
      return dead.id;
    });
    const options = { databaseUrl: url, filter: { ids: [id] }, confirmed: true };
    expect(await said((streams) => command({ ...options, ...streams }))).toMatchObject({
      code: 1,
      err: 'The store cannot be used: The audit is signed, so audit.key is needed to add to it.\n',
    });
    const operation = await withDatabase((database) => createOperations(database).find(id));
    expect(operation).toMatchObject({ status: 'dead' });
  });
});

describe('refusals', () => {
  it('add few rows however many there are, and from however many addresses', async () => {
    const rows: Change[] = [];
    const refusals = createRefusals(async (row) => void rows.push(row));
    for (let index = 0; index < 10_000; index += 1) {
      refusals.note({
        ...{
          requestId: `r-${index}`,
          status: 401,
          code: 'unauthenticated',
          method: 'GET',
          route: '/staff/:id',
        },
        ...{ address: `10.0.${index % 200}.1`, clinic: '', caller: '' },
      });
    }
    await refusals.close();
    expect(rows.length).toBeLessThanOrEqual(42);
    const counted = rows.map(({ detail }) => Number(detail?.count)).reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(10_000);
    expect(rows.every(({ kind, outcome }) => kind === 'refusal' && outcome === 'refused')).toBe(true);
  });
});

describe('the configuration', () => {
  it('needs a key in production, and warns without one elsewhere', async () => {
    const { audit: _, ...config } = { audit: undefined, ...stage.config };
    const path = join(folder, 'gateway.yaml');
    writeFileSync(path, stringify(config));
    const production = loadConfig(path, { adapters, env: { NODE_ENV: 'production' } });
    await expect(production).rejects.toThrow(/^audit\.key: is required in production/);
    const { warnings } = await loadConfig(path, { adapters, env: {} });
    expect(warnings).toContainEqual(expect.stringMatching(/^audit\.key: there is none/));
    writeFileSync(path, stringify({ ...config, audit: { key: 'short' } }));
    await expect(loadConfig(path, { adapters, env: {} })).rejects.toThrow(/^audit\.key: /);
    writeFileSync(path, stringify({ ...config, audit: { key: [KEY, KEY.toUpperCase()] } }));
    const { config: rotating, secrets } = await loadConfig(path, {
      adapters,
      env: { NODE_ENV: 'production' },
    });
    expect(rotating.audit.key).toEqual([KEY, KEY.toUpperCase()]);
    expect(secrets).toContain(KEY);
  });
});

describe('a database that everybody on the machine can read', () => {
  it('is closed to them, with a word about it', async () => {
    const file = join(folder, 'open.db');
    await (await openDatabase(`sqlite:${file}`)).close();
    chmodSync(file, 0o644);
    const notices: string[] = [];
    const database = await openDatabase(`sqlite:${file}`, { onNotice: (message) => notices.push(message) });
    await database.close();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(notices).toHaveLength(1);
  });
});
