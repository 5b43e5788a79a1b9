/** `staff list`: the records of a connection, whose they are, and nothing if the list is not whole. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { adapters } from '../../adapters';
import { makePeople } from '../../sandbox/people';
import { seedPeople } from '../../sandbox/seedPeople';
import { listStaffOf, type StaffListOptions } from '../../src/cli/staff/list';
import { loadConfig } from '../../src/config/load';
import { KEYS, openStage, type Stage } from '../support/stage';

const PEOPLE = seedPeople(makePeople(230));

let stage: Stage;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'staff-list-'));
  stage = await openStage({
    clinikapi: { ...PEOPLE.clinikapi, phantomRows: true },
    vitalis: { seeds: seedPeople(makePeople(8)).vitalis },
  });
  const body = { vendorRecordId: '2' };
  await stage.call('PUT', '/staff/st-2/links/vitalis-centro', { key: KEYS.centro, body });
});
afterAll(async () => {
  await stage?.close();
  await rm(folder, { recursive: true, force: true });
});

async function run(connection: string, more: Partial<StaffListOptions> = {}) {
  const said = { out: '', err: '' };
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += String(chunk);
        done();
      },
    });
  const { config } = await loadConfig(stage.configPath, { adapters, env: {} });
  const code = await listStaffOf({
    config,
    adapters,
    connection,
    out: into('out'),
    err: into('err'),
    ...more,
  });
  return { code, ...said };
}

test('a table', async () => {
  const { code, out, err } = await run('vitalis-centro');
  expect([code, err]).toEqual([0, '']);
  const lines = out.trimEnd().split('\n');
  expect(lines).toHaveLength(9);
  expect(lines[0]).toMatch(/^VENDOR RECORD +CLINIC\/STAFF +STATUS +NAME$/);
  expect(lines[2]).toMatch(/^2 +centro\/st-2 +active +García Márquez, Ñusta$/);
  expect(lines[3]).toMatch(/^3 +- /);
});

test('a document of all pages, with what was left out', async () => {
  const { code, out, err } = await run('clinikapi-main', { json: true });
  const { records, ...rest } = JSON.parse(out);
  expect(code).toBe(0);
  expect(rest).toEqual({
    connection: 'clinikapi-main',
    complete: true,
    asOf: expect.stringMatching(/^\d{4}-.*Z$/),
    skipped: 3,
  });
  expect(records).toHaveLength(230);
  expect(records[0]).toMatchObject({
    clinic: null,
    staffId: null,
    vendorRecordId: 'pr_seed00001',
    record: { status: 'active', role: 'doctor' },
    warnings: [],
  });
  expect(err).toMatch(/^3 rows of the vendor’s list are no records/);
});

test('a CSV file that only its owner can read, with the columns of the links first', async () => {
  const csv = join(folder, 'staff.csv');
  const { code, out } = await run('vitalis-centro', { csv });
  expect([code, out]).toEqual([0, `Wrote 8 records to ${csv}.\n`]);
  expect((await stat(csv)).mode & 0o777).toBe(0o600);
  const rows: Record<string, string>[] = parse(await readFile(csv), { columns: true });
  expect(rows).toHaveLength(8);
  expect(rows[1]).toMatchObject({
    clinic: 'centro',
    staffId: 'st-2',
    vendor: 'vitalis-centro',
    vendorRecordId: '2',
    'name.family': 'García Márquez',
    specialty: expect.stringContaining('"code":"394537008"'),
    role: '',
  });
  expect((await run('vitalis-centro', { csv: '-' })).out).toBe(await readFile(csv, 'utf8'));
});

test('nothing in the CSV file is a formula, and a telephone number stays one', async () => {
  const csv = join(folder, 'formulas.csv');
  const texts = ['=HYPERLINK("http://x.example";"y")', '+cmd|calc', '@SUM(1)', '\uFF1D1+1'];
  for (const [index, address] of texts.entries())
    stage.vitalis.state.professionals.change(index + 1, { address });
  await run('vitalis-centro', { csv });
  const rows: Record<string, string>[] = parse(await readFile(csv), { columns: true });
  expect(rows.slice(0, texts.length).map((row) => row['address.text'])).toEqual(
    texts.map((text) => `'${text}`),
  );
  expect(rows[0]?.phone).toMatch(/^\+54/);
});

test('a list that is not whole is none, and leaves no file', async () => {
  const csv = join(folder, 'none.csv');
  stage.clinikapi.faults.next({ kind: 'answer', status: 400 }, { path: '/v1/practitioner-roles', after: 1 });
  const { code, out, err } = await run('clinikapi-main', { csv });
  expect([code, out]).toEqual([1, '']);
  expect(err).toMatch(/^Cannot list the staff of clinikapi-main: .* 400/);
  await expect(stat(csv)).rejects.toThrow(/ENOENT/);
});

test('a connection that does not exist', async () => {
  expect(await run('nowhere')).toEqual({
    code: 1,
    out: '',
    err: 'There is no such connection. Configured: clinikapi-main, vitalis-centro, cobalt-main.\n',
  });
});
