/** `switch copy` and `switch undo`: what fits gets there once, and can be taken back. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePeople, type Person } from '../../sandbox/people';
import type { CopyRow } from '../../src/switch/copy';
import { type Movable, openMovable, rowsIn } from '../support/movable';
import { KEYS } from '../support/stage';

jest.setTimeout(120_000);

const COUNT = 10;
const HERE = 'vitalis-centro';
const THERE = 'clinikapi-main';
const PEOPLE = makePeople(COUNT).map(
  (person, index): Person => (index === 3 ? { ...person, status: 'on-leave' } : person),
);

let stage: Movable;
beforeAll(async () => {
  stage = await openMovable(PEOPLE);
  await stage.link('centro', HERE);
  await stage.link('centro', THERE);
});
afterAll(() => stage.close());

let file: string;
let number = 0;
/** Nobody's phone and e-mail are known there; two have another address there. */
beforeEach(() => {
  for (const sandbox of [stage.clinikapi, stage.vitalis]) sandbox.reset();
  number += 1;
  file = join(stage.folder, `undo-${number}.ndjson`);
  for (let index = 0; index < COUNT; index += 1) {
    change(index, ({ phone: _, email: __, ...details }) => ({
      ...details,
      ...(index < 2 && { address: { line: ['Elsewhere 1'] } }),
    }));
  }
});

type Details = Record<string, unknown>;

function change(index: number, next: (details: Details) => Details): void {
  const id = stage.seeded.clinikapi.practitioners[index]?.id ?? '';
  stage.clinikapi.state.practitioners.change(
    id,
    (row) => ({ ...row, details: next({ ...row.details }) }) as typeof row,
  );
}

/** Everything that the vendor has stored, but for its own stamps. */
function stored(): string {
  const rows = [...stage.clinikapi.state.practitioners.all(), ...stage.clinikapi.state.roles.all()];
  return JSON.stringify(
    rows.map((row) => ({ ...row, version: 0, updatedAt: '' })),
    null,
    1,
  );
}

const copy = (...args: string[]) => stage.json('switch', 'copy', 'centro', THERE, ...args);
const undo = () => stage.json('switch', 'undo', file);
const writesTo = () => stage.clinikapi.log.filter(({ method }) => method === 'PATCH').length;

test('without --apply nothing is sent, and it is what rehearsing says', async () => {
  const { document: rehearsed } = await stage.json('switch', 'rehearse', 'centro', THERE);
  const { code, document } = await copy('--undo', file);
  expect([code, document.applied, writesTo()]).toEqual([2, false, 0]);
  expect(document.rows).toEqual(rehearsed.rows);
  await expect(stat(file)).rejects.toThrow('ENOENT');
});

test('copies what fits and is empty there; each write is an update with its row in the audit', async () => {
  const { document: planned } = await copy();
  const { code, document } = await copy('--apply', '--undo', file);
  expect([code, document.applied, document.complete]).toEqual([2, true, true]);
  const written = document.rows.filter(({ outcome }: CopyRow) => outcome !== undefined);
  expect(new Set(written.map(({ field }: CopyRow) => field))).toEqual(new Set(['/phone', '/email']));
  expect(new Set(written.map(({ outcome }: CopyRow) => outcome))).toEqual(new Set(['verified']));
  expect(written).toHaveLength(2 * COUNT);
  // Rows say what was planned.
  const verdicts = (rows: CopyRow[]) =>
    rows.map(({ staffId, field, verdict }) => `${staffId} ${field} ${verdict}`);
  expect(verdicts(document.rows)).toEqual(verdicts(planned.rows));
  const { body } = await stage.call('GET', '/changes?kind=copy&limit=100', { key: KEYS.centro });
  expect(body.data).toHaveLength(COUNT);
  expect(body.data[0]).toMatchObject({
    vendor: THERE,
    outcome: 'success',
    fields: [
      { pointer: '/phone', outcome: 'verified' },
      { pointer: '/email', outcome: 'verified' },
    ],
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);

  const writes = writesTo();
  const { document: again } = await copy('--apply');
  expect(again.rows.some(({ outcome }: CopyRow) => outcome !== undefined)).toBe(false);
  expect(writesTo()).toBe(writes);
});

test('another value stays, unless it is to be overwritten; undo says what it cannot put back', async () => {
  const before = stored();
  const kept = await stage.command('switch', 'copy', 'centro', THERE, '--apply', '--undo', file);
  expect(kept.out).toMatch(/2 fields with another value there left alone/);
  expect(stored().match(/Elsewhere 1/g)).toHaveLength(2);
  const { document } = await copy('--apply', '--overwrite', '--undo', file);
  expect(document.rows.filter(({ outcome }: CopyRow) => outcome === 'verified')).toHaveLength(2);
  expect(stored()).not.toContain('Elsewhere 1');
  // What was empty there cannot be emptied again: that is listed, and all the rest is as it was.
  const undone = await undo();
  expect(undone.code).toBe(2);
  expect(undone.document.counts).toMatchObject({ restored: 2, changed_since: 0, not_restored: 2 * COUNT });
  const left = undone.document.rows.filter(({ outcome }: { outcome: string }) => outcome === 'not_restored');
  expect(new Set(left.map(({ field }: { field: string }) => field))).toEqual(new Set(['/phone', '/email']));
  for (let index = 0; index < COUNT; index += 1)
    change(index, ({ phone: _, email: __, ...details }) => details);
  expect(stored()).toBe(before);
});

describe('where all had something else', () => {
  beforeEach(() => {
    for (let index = 0; index < COUNT; index += 1) {
      change(index, (details) => ({ ...details, phone: `+54 11 0000-000${index}`, email: 'x@example.test' }));
    }
  });

  test('undo puts back every byte, and a second time nothing', async () => {
    const before = stored();
    await copy('--apply', '--overwrite', '--undo', file);
    expect(stored()).not.toBe(before);
    const undone = await undo();
    expect([undone.code, stored()]).toEqual([0, before]);
    expect(undone.document.counts).toMatchObject({ restored: 2 * COUNT + 2 });
    const writes = writesTo();
    expect((await undo()).document.counts).toMatchObject({ restored: 0, already: 2 * COUNT + 2 });
    expect(writesTo()).toBe(writes);
  });

  test('after an undo the guard wants a new comparison', async () => {
    await copy('--apply', '--overwrite', '--undo', file);
    const codes = async () => {
      const { document } = await stage.json('switch', 'status', 'centro', THERE);
      return document.guard.reasons.map(({ code }: { code: string }) => code);
    };
    await stage.json('switch', 'compare', 'centro', THERE);
    expect(await codes()).not.toContain('not_compared');
    await undo();
    expect(await codes()).toContain('not_compared');
  });

  test('undo leaves what was changed since, and lists it', async () => {
    await copy('--apply', '--overwrite', '--undo', file);
    change(4, (details) => ({ ...details, phone: '+54 11 1111-1111' }));
    const { code, out } = await stage.command('switch', 'undo', file);
    expect(code).toBe(2);
    expect(out).toMatch(/^changed_since: st-5 \/phone/);
    expect(out).toMatch(/21 fields put back, 0 were so already, 1 changed since/);
    expect(stored()).toContain('1111-1111');
    expect(out).not.toContain('1111-1111');
  });
});

test('what somebody has put there between two copies is what undo puts back', async () => {
  change(0, (details) => ({ ...details, phone: '+54 11 1000-0001' }));
  const again = () => copy('--apply', '--overwrite', '--undo', file);
  await again();
  change(0, (details) => ({ ...details, phone: '+54 11 2000-0002' }));
  await again();
  await undo();
  expect(stored()).toContain('2000-0002');
  // So it is after an undo, with the same file.
  change(0, (details) => ({ ...details, phone: '+54 11 3000-0003' }));
  await again();
  await undo();
  expect(stored()).toContain('3000-0003');
});

test('one field that the vendor refuses does not hold back the others', async () => {
  stage.clinikapi.faults.add(
    {
      kind: 'answer',
      status: 422,
      body: {
        error: { code: 'VALIDATION_ERROR', message: 'x' },
        issues: [{ path: ['phone'], message: 'Invalid phone' }],
      },
    },
    { method: 'PATCH', when: ({ body }) => 'phone' in body },
  );
  const { code, document } = await copy('--apply');
  stage.clinikapi.faults.clear();
  expect(code).toBe(2);
  const of = (field: string) =>
    new Set(
      document.rows.filter((row: CopyRow) => row.field === field).map(({ outcome }: CopyRow) => outcome),
    );
  expect([of('/phone'), of('/email')]).toEqual([new Set(['not_applied']), new Set(['verified'])]);
});

test('a record that changes while it is copied is judged anew', async () => {
  stage.clinikapi.faults.add(
    { kind: 'hook', run: () => change(0, (details) => ({ ...details, phone: '+54 11 2222-2222' })) },
    { path: /practitioners\/prac_seed00001$/, method: 'GET', times: 1 },
  );
  const { document } = await copy('--apply');
  stage.clinikapi.faults.clear();
  const row = document.rows.find(({ staffId, field }: CopyRow) => staffId === 'st-1' && field === '/phone');
  expect(row).toMatchObject({ verdict: 'fits', detail: expect.stringMatching(/--overwrite/) });
  expect(stored()).toContain('2222-2222');
});

test('a list that lags behind what was just copied makes no difference', async () => {
  stage.clinikapi.state.settings.searchLagMs = 60_000;
  const { document } = await copy('--apply', '--overwrite');
  expect(document.rows.filter(({ outcome }: CopyRow) => outcome === 'verified')).toHaveLength(2 * COUNT + 2);
  const compared = await stage.json('switch', 'compare', 'centro', THERE);
  expect([compared.code, compared.document.counts]).toMatchObject([0, { differs: 0, only_here: 0 }]);
  // Nor is anything sent again.
  const writes = writesTo();
  expect((await copy('--apply', '--overwrite')).document.complete).toBe(true);
  expect(writesTo()).toBe(writes);
});

test('a vendor that asks for a pause gets it', async () => {
  stage.clinikapi.faults.add(
    { kind: 'answer', status: 429, headers: { 'retry-after': '1' } },
    { method: 'PATCH', times: 1 },
  );
  const { document } = await copy('--apply');
  expect(document.rows.filter(({ outcome }: CopyRow) => outcome === 'verified')).toHaveLength(2 * COUNT);
});

test.each<[string, () => Promise<string>, RegExp]>([
  ['is not there', async () => join(stage.folder, 'none.ndjson'), /no such file/],
  ['is another one', async () => stage.configPath, /is no file that switch copy has written/],
])('an undo file that %s', async (_, path, said) => {
  const { code, out, err } = await stage.command('switch', 'undo', await path());
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(said);
});

test('an undo file in which a run that was killed has not written yet is gone on with', async () => {
  await writeFile(file, '');
  const { code } = await copy('--apply', '--overwrite', '--undo', file);
  expect(code).not.toBe(1);
  expect((await undo()).document.counts.restored).toBeGreaterThan(0);
});

test('one file for the table and for undo is refused, and nothing is written', async () => {
  const writes = writesTo();
  const both = ['--apply', '--overwrite', '--undo', file, '--out', `${stage.folder}/./undo-${number}.ndjson`];
  const { code, err } = await stage.command('switch', 'copy', 'centro', THERE, ...both);
  expect([code, err, writesTo()]).toEqual([1, '--out and --undo name the same file.\n', writes]);
});

test('an undo file that somebody has edited: what is no value of a field is left alone, what is no field refused', async () => {
  await copy('--apply', '--overwrite', '--undo', file);
  const lines = await readFile(file, 'utf8');
  await writeFile(file, lines.replace('"before":"Elsewhere 1"', '"before":{"a":1}'));
  const { code, document } = await undo();
  expect([code, document.counts]).toMatchObject([2, { restored: 1, not_restored: 2 * COUNT + 1 }]);
  await writeFile(file, lines.replace('"field":"/phone"', '"field":"/telephone"'));
  const refused = await stage.command('switch', 'undo', file);
  expect([refused.code, refused.err]).toEqual([
    1,
    expect.stringMatching(/is no file that switch copy has written/),
  ]);
});

test('the table has the outcomes, and nothing personal without --values', async () => {
  const table = join(stage.folder, 'copied.csv');
  const { out, err } = await stage.command('switch', 'copy', 'centro', THERE, '--apply', '--out', table);
  const rows = await rowsIn(table);
  expect(Object.keys(rows[0] ?? {})).toEqual(['staffId', 'field', 'verdict', 'detail', 'outcome']);
  expect([out, err, JSON.stringify(rows)].join()).not.toMatch(/@example|\+54/);
  expect(await readFile(table, 'utf8')).toMatch(/st-1,\/phone,fits,,verified/);
});
