/** `switch rehearse`: what it says of a field is what an update of that field says there, and nothing is sent but reads. */

import { existsSync } from 'node:fs';
import { readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePeople, type Person } from '../../sandbox/people';
import type { RehearsalRow } from '../../src/switch/rehearse';
import { type Movable, openMovable, rowsIn } from '../support/movable';
import { shuffled } from '../support/pairs';
import { KEYS } from '../support/stage';

jest.setTimeout(120_000);

const COUNT = 24;

/** With values that one vendor or another cannot hold. */
const PEOPLE = makePeople(COUNT).map((person, index): Person => {
  const odd: Partial<Person>[] = [
    { phone: '(011) 4555-1234' },
    { phone: '555 1234' },
    { specialty: { code: '777', display: 'Neurología' } },
    { nationalId: `9007199254740${index}11` },
    { status: 'on-leave' },
  ];
  return index % 3 === 0 ? { ...person, ...odd[(index / 3) % odd.length] } : person;
});

const PLACES = {
  north: { here: 'clinikapi-main', there: 'vitalis-centro', key: KEYS.north },
  centro: { here: 'vitalis-centro', there: 'clinikapi-main', key: KEYS.centro },
} as const;

let stage: Movable;
beforeAll(async () => {
  stage = await openMovable(PEOPLE);
});
afterAll(() => stage.close());

type Document = { rows: RehearsalRow[] } & Record<string, unknown>;

/** Half of them hold something else there, one has no link there, and one a link to nobody. */
async function prepare(clinic: keyof typeof PLACES): Promise<void> {
  const { here, there } = PLACES[clinic];
  await stage.link(clinic, here);
  await stage.link(clinic, there, [...Array(COUNT - 2).keys()]);
  await stage.linkTo(clinic, there, `st-${COUNT}`, there === 'vitalis-centro' ? '4040' : 'pr_nowhere');
  const { professionals } = stage.vitalis.state;
  for (const [index, { id }] of professionals.all().entries()) {
    if (index % 2 === 0) professionals.change(id, { address: 'Elsewhere 1' });
    if (index % 5 === 0) professionals.change(id, { state: 'Inactivo/a' });
    // Vitalis takes it back from nobody, so no update works.
    if (index === 3) professionals.change(id, { phone: '12' });
    if (index === 4) professionals.change(id, { state: 'Jubilado' });
  }
}

describe.each(Object.entries(PLACES))('%s', (clinic, { here, there, key }) => {
  let document: Document;
  beforeAll(async () => {
    for (const sandbox of [stage.clinikapi, stage.vitalis]) sandbox.reset();
    await prepare(clinic as keyof typeof PLACES);
    ({ document } = await stage.json('switch', 'rehearse', clinic, there));
  });
  afterAll(async () => {
    await stage.command('links', 'remove', clinic, here, '--all');
    await stage.command('links', 'remove', clinic, there, '--all');
  });

  test('has a row for every staff member and field with a value, and sends only reads', async () => {
    const shown = await stage.call('GET', '/staff?limit=200', { key });
    const wanted = shown.body.data.flatMap((record: Record<string, unknown>) =>
      pointersIn(record).map((pointer) => `${record.id} ${pointer}`),
    );
    const readable = document.rows.filter(
      ({ verdict, detail = '' }) => verdict !== 'unreadable' || detail.includes('there'),
    );
    expect(readable.map(({ staffId, field }) => `${staffId} ${field}`).sort()).toEqual(wanted.sort());
    const counted = Object.values(document.counts as object).reduce((sum, count) => sum + count, 0);
    expect([counted, document.complete]).toEqual([document.rows.length, true]);
    expect([stage.clinikapi, stage.vitalis, stage.cobalt].map(({ writes }) => writes)).toEqual([0, 0, 0]);
    const methods = [stage.clinikapi, stage.vitalis].flatMap(({ log }) => log.map(({ method }) => method));
    expect(new Set(methods)).toEqual(new Set(['GET']));
  });

  test('has met nearly all verdicts', () => {
    const met = new Set(document.rows.map(({ verdict }) => verdict));
    const both = ['fits', 'same', 'unsupported', 'not_expressible', 'no_record', 'unreadable'];
    const wanted = clinic === 'north' ? [...both, 'unmapped_code', 'blocked'] : both;
    expect([...met].sort()).toEqual(wanted.sort());
  });

  test('100 rows say what a dry run of that very update says there', async () => {
    const { document: known } = await stage.json('switch', 'rehearse', clinic, there, '--values');
    const clinics = { ...stage.config.clinics, [clinic]: { vendor: there, identity: 'linked' } };
    await stage.rewrite({ ...stage.config, clinics });
    await stage.gateway.reload();
    const rows: RehearsalRow[] = shuffled(known.rows as RehearsalRow[], 7).slice(0, 100);
    for (const row of rows) {
      const body = row.field
        .split('/')
        .slice(1)
        .reduceRight<unknown>((value, name) => ({ [name]: value }), row.here);
      if (row.here === undefined) continue;
      const answer = await stage.patch(key, body, {}, row.staffId, '?dryRun=true');
      expect({ ...row, said: verdictsOf(answer.status, answer.body, row) }).toMatchObject({
        said: expect.arrayContaining([row.verdict]),
      });
    }
    await stage.rewrite(stage.config);
    await stage.gateway.reload();
  });

  test('a file that is begun is new, and gone if it cannot be finished', async () => {
    const file = join(stage.folder, 'begun.csv');
    const elsewhere = join(stage.folder, 'elsewhere');
    await writeFile(elsewhere, 'mine');
    await symlink(elsewhere, `${file}.partial`);
    await stage.command('switch', 'rehearse', clinic, there, '--out', file);
    expect(await readFile(elsewhere, 'utf8')).toBe('mine');
    expect((await rowsIn(file)).length).toBeGreaterThan(0);
    const { code } = await stage.command('switch', 'rehearse', clinic, there, '--out', stage.folder);
    expect([code, existsSync(`${stage.folder}.partial`)]).toEqual([1, false]);
  });

  test('the file has the same rows, for its owner only', async () => {
    const file = join(stage.folder, 'rehearsal.csv');
    const { code, out } = await stage.command('switch', 'rehearse', clinic, there, '--out', file);
    expect(code).toBe(2);
    expect(out).toMatch(new RegExp(`^${clinic}: ${here} → ${there}, ${COUNT} people`));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const rows = await rowsIn(file);
    expect(rows.map(({ detail, ...row }) => (detail === '' ? row : { ...row, detail }))).toEqual(
      document.rows,
    );
    expect(JSON.stringify([rows, out])).not.toMatch(/@example|4555/);
  });
});

test('codes without a counterpart are counted, and the vendor’s catalogue proposes some', async () => {
  for (const sandbox of [stage.clinikapi, stage.vitalis]) sandbox.reset();
  await stage.link('north', 'clinikapi-main');
  await stage.link('north', 'vitalis-centro');
  const { document, err } = await stage.json('switch', 'rehearse', 'north', 'vitalis-centro');
  const missing = PEOPLE.filter(({ specialty }) => specialty?.code === '777').length;
  expect(document.codes).toEqual([{ list: 'specialty', code: '777', count: missing }]);
  expect(err).toMatch(/specialty: \{ "777": 4 \}/);
});

test('a list that breaks off is said, and nothing is passed off as the whole', async () => {
  stage.clinikapi.faults.add({ kind: 'answer', status: 500 });
  const { code, err, document } = await stage.json('switch', 'rehearse', 'north', 'vitalis-centro');
  stage.clinikapi.faults.clear();
  expect([code, document.complete]).toEqual([1, false]);
  expect(err).toMatch(/clinikapi-main could not be read to its end/);
  expect(document.rows.every(({ verdict }: RehearsalRow) => verdict === 'unreadable')).toBe(true);
});

/** The verdicts that an answer admits. What a vendor that is not read first would only be sent again cannot be told from new. */
function verdictsOf(status: number, body: Record<string, unknown>, row: RehearsalRow): string[] {
  if (status === 200) {
    const { receipt, warnings } = (
      body as { meta: { receipt: { outcome: string }[]; warnings: { code: string; pointer: string }[] } }
    ).meta;
    if (warnings.some(({ code, pointer }) => code === 'unreadable' && pointer === row.field))
      return ['unreadable'];
    return receipt[0]?.outcome === 'unchanged' ? ['same'] : ['fits', 'same'];
  }
  const codes: Record<string, string> = {
    ...{
      unsupported_field: 'unsupported',
      unmapped_code: 'unmapped_code',
      not_expressible: 'not_expressible',
    },
    ...{ stored_value_invalid: 'blocked', validation_failed: 'not_expressible' },
  };
  if (status === 404) return ['no_record'];
  const errors = (body.errors ?? []) as { code: string }[];
  return [...errors.map(({ code }) => codes[code] ?? code), codes[String(body.code)] ?? String(body.code)];
}

function pointersIn({ id: _, vendorRecordId: __, ...record }: Record<string, unknown>): string[] {
  const nested = ['name', 'address'];
  return Object.entries(record).flatMap(([name, value]) => {
    if (value === null || (Array.isArray(value) && value.length === 0)) return [];
    return nested.includes(name)
      ? Object.entries(value as object).flatMap(([leaf, inner]) =>
          inner === null ? [] : [`/${name}/${leaf}`],
        )
      : [`/${name}`];
  });
}
