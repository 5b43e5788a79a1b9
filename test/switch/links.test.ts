/** `links check` and `links suggest` on running sandboxes. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makePeople } from '../../sandbox/people';
import { type Movable, openMovable, rowsIn } from '../support/movable';

jest.setTimeout(60_000);

const PEOPLE = makePeople(130).map((person, index) =>
  index === 7 ? { ...person, name: { given: '=cmd()', family: 'Sosa' } } : person,
);

let stage: Movable;
let file: string;
beforeAll(async () => {
  stage = await openMovable(PEOPLE);
  file = join(stage.folder, 'links.csv');
  await stage.link('centro', 'vitalis-centro');
  await stage.link('south', 'cobalt-main');
});
afterAll(() => stage.close());

describe('check', () => {
  test('a list that cannot be read to its end is never taken for the whole', async () => {
    await stage.link('north', 'clinikapi-main', [0, 1]);
    const whole = await stage.json('links', 'check', 'north');
    expect(whole.document).toMatchObject({
      complete: true,
      counts: { linked: 2, missing: 0, unlinked: 128 },
    });
    const target = { when: ({ query }: { query: object }) => 'cursor' in query };
    stage.clinikapi.faults.add({ kind: 'answer', status: 500 }, target);
    const { code, err, document } = await stage.json('links', 'check', 'north');
    stage.clinikapi.faults.clear();
    expect({ code, complete: document.complete, unlinked: document.unlinked }).toEqual({
      ...{ code: 1, complete: false, unlinked: [] },
    });
    expect(err).toMatch(/could not be read to its end/);
  });

  test('staff of a clinic with its vendor’s own ids are the vendor’s records', async () => {
    await stage.rewrite({
      ...stage.config,
      clinics: { ...stage.config.clinics, centro: { vendor: 'vitalis-centro', identity: 'direct' } },
    });
    const { document, err } = await stage.json('links', 'check', 'centro', 'clinikapi-main');
    await stage.rewrite(stage.config);
    expect(document.counts).toMatchObject({ linked: 0, missing: 130 });
    expect(err).toMatch(/identity: direct/);
  });
});

describe('suggest', () => {
  const suggest = (...args: string[]) => stage.json('links', 'suggest', ...args, '--out', file);

  test('by a name alone nothing is accepted, and it is said', async () => {
    const { code, err, document } = await suggest('south', 'vitalis-centro');
    expect(code).toBe(2);
    expect(document).toMatchObject({
      ...{ clinic: 'south', connection: 'vitalis-centro', complete: true },
      counts: { accept: 0, linked: 0 },
    });
    // All of them are linked to staff of another clinic already.
    expect(document.counts.none).toBe(130);
    expect(err).toMatch(/cobalt-main shows neither a national id nor e-mail and birth date/);
  });

  test('the file is for a spreadsheet, for its owner only, and nothing in it is a formula', async () => {
    await stage.command('links', 'remove', 'south', 'cobalt-main', '--all');
    const { code, document } = await suggest('centro', 'cobalt-main');
    expect([code, document.counts.accept]).toEqual([2, 0]);
    expect(document.counts.review).toBeGreaterThan(100);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const [header = ''] = (await readFile(file, 'utf8')).split('\n');
    expect(header).toMatch(
      /^clinic,staffId,vendor,vendorRecordId,decision,confidence,reasons,hereName,thereName,/,
    );
    const rows = await rowsIn(file);
    expect(rows).toHaveLength(130);
    const eighth = rows.find(({ staffId }) => staffId === 'st-8');
    expect(eighth).toMatchObject({ hereName: "'=cmd() Sosa", clinic: 'centro', vendor: 'cobalt-main' });
    const records = rows.map(({ vendorRecordId }) => vendorRecordId).filter((id) => id !== '');
    expect(new Set(records).size).toBe(records.length);
    expect([stage.vitalis, stage.cobalt].map(({ writes }) => writes)).toEqual([0, 0]);
  });

  test('what is rejected stays rejected: in the file, and when it was imported', async () => {
    const before = await rowsIn(file);
    const row = before.find(({ decision }) => decision === 'review');
    const pair = `centro,${row?.staffId},cobalt-main,${row?.vendorRecordId}`;
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace(`${pair},review`, `${pair},Reject`));
    for (const again of [1, 2]) {
      await suggest('centro', 'cobalt-main');
      const rows = (await rowsIn(file)).filter(({ staffId }) => staffId === row?.staffId);
      expect([again, rows.map(({ decision }) => decision)]).toEqual([
        again,
        [expect.stringMatching(/review|none/), 'reject'],
      ]);
      expect(rows[0]?.vendorRecordId).not.toBe(row?.vendorRecordId);
    }
    expect(await stage.command('links', 'import', file)).toMatchObject({ code: 0, err: '' });
    await writeFile(file, 'clinic,staffId,vendor,vendorRecordId,decision\n');
    await suggest('centro', 'cobalt-main');
    expect((await readFile(file, 'utf8')).includes(`${pair},reject`)).toBe(true);
  });

  test('a file that is none is not written over', async () => {
    await writeFile(file, 'my notes');
    const { code, out, err } = await stage.command(
      'links',
      'suggest',
      'centro',
      'cobalt-main',
      '--out',
      file,
    );
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/is there and cannot be used/);
    expect(await readFile(file, 'utf8')).toBe('my notes');
  });

  test.each<[string, string[], RegExp]>([
    ['its own connection', ['centro', 'vitalis-centro'], /^centro uses vitalis-centro already/],
    ['no such clinic', ['nowhere', 'vitalis-centro'], /^The clinic "nowhere" is not configured/],
  ])('cannot be done: %s', async (_, args, said) => {
    const ended = await stage.command('links', 'suggest', ...args, '--out', join(stage.folder, 'x.csv'));
    expect(ended).toMatchObject({ code: 1, out: '', err: expect.stringMatching(said) });
  });
});
