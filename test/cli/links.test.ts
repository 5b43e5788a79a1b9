/** `links import`, `remove` and `check` as people call them, with vendors that are asked. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { openDatabase } from '../../src/store/database';
import { createLinks } from '../../src/store/links';
import { run } from '../support/commandLine';
import { links } from '../support/program';
import { openStage, RECORDS, type Stage } from '../support/stage';

jest.setTimeout(60_000);

const HEADER = 'clinic,staffId,vendor,vendorRecordId';
const COBALT = RECORDS['cobalt-main'];

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** Every test begins with no links and with sandboxes as they are seeded. */
beforeEach(async () => {
  for (const sandbox of [stage.clinikapi, stage.vitalis, stage.cobalt]) sandbox.reset();
  const database = await openDatabase(stage.config.store.url);
  await database.db.deleteFrom('links').execute();
  await database.close();
});

const command = (...args: string[]) => links(stage.configPath, args);
const importing = (rows: string, ...args: string[]) =>
  links(stage.configPath, ['import', '-', ...args], `${HEADER}\n${rows}\n`);

/** The store's links, each as a row of the file. */
async function stored(): Promise<string[]> {
  const { out } = await command('export', '-');
  return out.trim().split('\n').slice(1);
}

/** A configuration that differs from the stage's. */
async function changed(change: (config: Stage['config']) => void): Promise<string> {
  const config = structuredClone(stage.config);
  change(config);
  const path = join(stage.folder, 'changed.yaml');
  await writeFile(path, stringify(config));
  return path;
}

describe('import reads each record before its link counts', () => {
  const GOOD = [
    'north,a,clinikapi-main,pr_abc123',
    'north,b,clinikapi-main,pr_ghi789',
    'centro,a,vitalis-centro,1',
    'centro,b,vitalis-centro,2',
    `south,a,cobalt-main,${COBALT}`,
  ];

  test('records that exist are linked, and nothing is written anywhere', async () => {
    const { code, out, err } = await importing(GOOD.join('\n'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Imported 5 rows: 5 new');
    expect(await stored()).toEqual([...GOOD].sort());
    expect([stage.clinikapi, stage.vitalis, stage.cobalt].map(({ writes }) => writes)).toEqual([0, 0, 0]);
    expect((await importing(GOOD.join('\n'))).out).toContain('0 new, 0 changed, 5 already there');
  });

  test.each([
    ['clinikapi-main', 'north', 'pr_nowhere'],
    ['clinikapi-main', 'north', 'PR_ABC123'],
    ['clinikapi-main', 'north', 'pr_abc12'],
    ['clinikapi-main', 'north', 'prac_abc123'],
    ['vitalis-centro', 'centro', '99999'],
    ['vitalis-centro', 'centro', '10000000000'],
    ['cobalt-main', 'south', 'nowhere'],
    ['cobalt-main', 'south', COBALT.toUpperCase()],
    ['cobalt-main', 'south', COBALT.slice(0, -1)],
    ['cobalt-main', 'south', `${COBALT}0`],
  ])('a record that is not there is refused: %s, %s, %s', async (vendor, clinic, id) => {
    const rows = `${clinic},x,${vendor},${id}`;
    const { code, out, err } = await importing(`${GOOD.join('\n')}\n${rows}`);
    expect(err).toBe(`line 7: ${vendor} has no record "${id}"\n`);
    expect(code).toBe(2);
    expect(out).toContain('Imported 5 rows: 5 new');
    expect(out).toContain('Refused 1 row.');
    expect(await stored()).toEqual([...GOOD].sort());
    expect(await importing(rows, '--no-check')).toMatchObject({ code: 0, err: '' });
  });

  test('who was to take over the record of a refused row is refused too', async () => {
    await importing('centro,a,vitalis-centro,1\ncentro,b,vitalis-centro,2');
    const { code, err } = await importing('centro,b,vitalis-centro,1\ncentro,a,vitalis-centro,777');
    expect(code).toBe(2);
    expect(err).toBe(
      'line 2: the vitalis-centro record "1" is linked to another staff member, "a", whose own row in line 3 is refused\n' +
        'line 3: vitalis-centro has no record "777"\n',
    );
    expect(await stored()).toEqual(['centro,a,vitalis-centro,1', 'centro,b,vitalis-centro,2']);
  });

  test('an answer about another record does not count', async () => {
    stage.vitalis.faults.add({
      kind: 'answer',
      status: 200,
      body: { professional: { id: 2, name: 'Somebody else' } },
    });
    const { code, err } = await importing('centro,a,vitalis-centro,1');
    expect(code).toBe(2);
    expect(err).toMatch(/^line 2: the record "1" cannot be read at vitalis-centro: .*another record/);
    expect(err).not.toContain('Somebody');
  });

  test('an answer that shows no id does not count', async () => {
    stage.vitalis.faults.add({ kind: 'answer', status: 200, body: { professional: { name: 'X' } } });
    const { code, err } = await importing('centro,a,vitalis-centro,1');
    expect({ code, err }).toEqual({
      code: 2,
      err: 'line 2: vitalis-centro shows another id for the record "1"\n',
    });
  });

  test('a vendor that lists all its records is asked once', async () => {
    const before = stage.cobalt.log.length;
    const rows = Array.from({ length: 30 }, (_, index) => `south,s${index},cobalt-main,gone${index}`);
    const { code } = await importing([...rows, `south,a,cobalt-main,${COBALT}`].join('\n'));
    expect(code).toBe(2);
    expect(stage.cobalt.log.length - before).toBe(1);
    expect(await stored()).toEqual([`south,a,cobalt-main,${COBALT}`]);
  });

  test.each<[string, (config: Stage['config']) => void, RegExp]>([
    [
      'refused credentials',
      (config) => {
        config.vendors['vitalis-centro'].credentials = { token: 'canary-wrong' };
      },
      /vitalis-centro refuses the credentials \(status 401\)/,
    ],
    [
      'a vendor that is not there',
      (config) => {
        config.vendors['vitalis-centro'].baseUrl = 'http://127.0.0.1:1';
        config.vendors['vitalis-centro'].readRetries = 0;
      },
      /vitalis-centro cannot be reached, or fails/,
    ],
  ])('with %s nothing is imported', async (_, change, said) => {
    const path = await changed(change);
    const { code, out, err } = await links(path, ['import', '-'], `${HEADER}\n${GOOD.join('\n')}\n`);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(said);
    expect(err).toContain('Nothing was imported.');
    expect(err).not.toContain('canary');
    expect(await stored()).toEqual([]);
  });

  test('a file that accepts and rejects one pair is refused before anything is read or written', async () => {
    const decided = (rows: readonly string[], ...args: string[]) =>
      links(stage.configPath, ['import', '-', ...args], `${HEADER},decision\n${rows.join('\n')}\n`);
    const [first, second] = GOOD;
    const file = [`${first},accept`, `${second},Reject`, `${second},accept`, `${first},accept`];
    for (const args of [[], ['--dry-run'], ['--no-check'], ['--json']]) {
      const { code, out, err } = await decided(file, ...args);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(/line 4 accepts and line 3 rejects "pr_ghi789" of clinikapi-main for "b"\n/);
      expect(err).toContain('Nothing was imported.');
    }
    expect([await stored(), stage.clinikapi.log]).toEqual([[], []]);
    // Without the contradiction it is a file like any other.
    const { code, out } = await decided([file[0] ?? '', file[1] ?? ''], '--json');
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({ created: 1, changed: 0, unchanged: 0, refused: 0, skipped: 1 }),
    ]);
    expect(await stored()).toEqual([first]);
  });

  test('accepting two records for one person, or two people for one record, is refused with both lines', async () => {
    const rows = ['north,a,clinikapi-main,pr_abc123', 'north,a,clinikapi-main,pr_ghi789'];
    const shared = ['centro,a,vitalis-centro,1', 'centro,b,vitalis-centro,1'];
    const file = [...rows, ...shared].map((row) => `${row},accept`).join('\n');
    const { code, err } = await links(stage.configPath, ['import', '-'], `${HEADER},decision\n${file}\n`);
    expect([code, err.trim().split('\n')]).toEqual([
      2,
      [
        'line 2: the staff id "a" has another row for clinikapi-main, in line 3',
        'line 3: the staff id "a" has another row for clinikapi-main, in line 2',
        'line 4: line 5 links the vitalis-centro record "1" too, to another staff member or clinic',
        'line 5: line 4 links the vitalis-centro record "1" too, to another staff member or clinic',
      ],
    ]);
    expect(await stored()).toEqual([]);
  });

  test('without credentials the command says that --no-check is needed', async () => {
    const path = await changed((config) => {
      config.vendors['vitalis-centro'].credentials = { token: '$' + '{NOT_SET}' };
    });
    const file = join(stage.folder, 'offline.csv');
    await writeFile(file, `${HEADER}\n${GOOD.join('\n')}\n`);
    const refused = await run(['-c', path, 'links', 'import', file]);
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 1, out: '' });
    expect(refused.err).toMatch(/NOT_SET is not set[\s\S]*--no-check/);
    expect(await run(['-c', path, 'links', 'import', file, '--no-check'])).toMatchObject({
      code: 0,
      err: '',
    });
    expect(await stored()).toHaveLength(5);
  });

  test('a configured ceiling on calls is kept, by waiting', async () => {
    const path = await changed((config) => {
      Object.assign(config.vendors['vitalis-centro'], {
        rateLimit: { requests: 2, perSeconds: 1 },
        timeoutMs: 1000,
      });
    });
    const rows = [1, 2, 3].map((id) => `centro,s${id},vitalis-centro,${id + 500}`);
    const { code, err } = await links(path, ['import', '-'], `${HEADER}\n${rows.join('\n')}\n`);
    expect(code).toBe(2);
    expect(err.match(/has no record/g)).toHaveLength(3);
  });

  test('--dry-run reads, says what would happen and changes nothing', async () => {
    await importing('centro,a,vitalis-centro,1\ncentro,b,vitalis-centro,2');
    const before = await stored();
    const rows =
      'centro,a,vitalis-centro,2\ncentro,b,vitalis-centro,1\ncentro,c,vitalis-centro,404\nnorth,d,clinikapi-main,pr_abc123';
    const dry = await importing(rows, '--dry-run');
    expect(dry.out).toBe(
      'line 2: centro a at vitalis-centro: 1 → 2\nline 3: centro b at vitalis-centro: 2 → 1\n' +
        'Would import 3 rows: 1 new, 2 changed, 0 already there. Would refuse 1 row. Nothing was changed.\n',
    );
    expect(dry.code).toBe(2);
    expect(await stored()).toEqual(before);
    const json = await importing(rows, '--json');
    expect(JSON.parse(json.out)).toEqual({
      ...{ dryRun: false, created: 1, changed: 2, unchanged: 0, refused: 1, skipped: 0, blank: 0 },
    });
    expect(await stored()).toEqual([
      'centro,a,vitalis-centro,2',
      'centro,b,vitalis-centro,1',
      'north,d,clinikapi-main,pr_abc123',
    ]);
  });

  test('--dry-run makes no store where there is none', async () => {
    const url = `sqlite:${join(stage.folder, 'not', 'there.db')}`;
    const path = await changed((config) => {
      config.store.url = url;
    });
    const { code, out } = await links(
      path,
      ['import', '-', '--dry-run'],
      `${HEADER}\ncentro,a,vitalis-centro,1\n`,
    );
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringContaining('Would import 1 row: 1 new'),
    });
    expect((await links(path, ['check', 'centro'])).err).toContain('there is no database');
  });

  test('--refused may not be the file that is read', async () => {
    const file = join(stage.folder, 'same.csv');
    await writeFile(file, `${HEADER}\ncentro,,vitalis-centro,1\n`);
    const { code, err } = await command('import', file, '--no-check', '--refused', file);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('the file that is read') });
  });
});

describe('remove', () => {
  beforeEach(() =>
    importing(
      ['a', 'b', 'c'].map((id) => `centro,${id},vitalis-centro,${id.charCodeAt(0)}`).join('\n') +
        '\ncentro,a,clinikapi-main,pr_1\nnorth,a,clinikapi-main,pr_2',
      '--no-check',
    ),
  );
  const LEFT = ['centro,a,clinikapi-main,pr_1', 'north,a,clinikapi-main,pr_2'];
  const ALL = [
    'centro,a,clinikapi-main,pr_1',
    'centro,a,vitalis-centro,97',
    'centro,b,vitalis-centro,98',
    'centro,c,vitalis-centro,99',
    'north,a,clinikapi-main,pr_2',
  ];

  test.each<[string, string[], number, RegExp, string[]]>([
    ['one', ['a'], 0, /^Removed 1 link of centro at vitalis-centro\.\n$/, ['b', 'c']],
    ['several', ['a', 'c'], 0, /^Removed 2 links/, ['b']],
    ['one named twice', ['b', 'b'], 0, /^Removed 1 link /, ['a', 'c']],
    ['one that has none, among others', ['a', 'x'], 2, /^Removed 1 link /, ['b', 'c']],
    ['only one that has none', ['x'], 2, /^Removed 0 links/, ['a', 'b', 'c']],
    ['what is no staff id', ['a b', ''], 2, /^Removed 0 links/, ['a', 'b', 'c']],
    ['all', ['--all'], 0, /^Removed 3 links/, []],
    ['all, confirmed', ['--all', '--yes'], 0, /^Removed 3 links/, []],
    ['nobody', [], 1, /^$/, ['a', 'b', 'c']],
    ['nobody, confirmed', ['--yes'], 1, /^$/, ['a', 'b', 'c']],
    ['all and one', ['--all', '--yes', 'a'], 1, /^$/, ['a', 'b', 'c']],
  ])('%s', async (_, args, code, said, left) => {
    const ended = await command('remove', 'centro', 'vitalis-centro', ...args);
    expect(ended.code).toBe(code);
    expect(ended.out).toMatch(said);
    expect(await stored()).toEqual(ALL.filter((row) => LEFT.includes(row) || left.includes(row[7] ?? '')));
  });

  test('says the number first, and who has no link', async () => {
    const some = await command('remove', 'centro', 'vitalis-centro', 'a', 'x', '--json');
    expect(some.err).toBe('x: has no link at vitalis-centro in centro\n');
    expect(JSON.parse(some.out)).toEqual({
      ...{ clinic: 'centro', connection: 'vitalis-centro', removed: 1, notFound: ['x'] },
    });
    const all = await command('remove', 'centro', 'vitalis-centro', '--all');
    expect(all.err).toBe('2 links of centro at vitalis-centro will be removed.\n');
  });

  test('a clinic and a connection that are not configured any more', async () => {
    const database = await openDatabase(stage.config.store.url);
    await createLinks(database).put({ clinic: 'old', staffId: 'a', vendor: 'gone', vendorRecordId: '1' });
    await database.close();
    expect(await command('remove', 'old', 'gone', '--all')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Removed 1 link /),
    });
  });
});

describe('check', () => {
  const json = async (...args: string[]) => {
    const { code, out, err } = await command('check', ...args, '--json');
    return { code, err, document: JSON.parse(out) };
  };

  test('what is missing and what is not there is named, and nothing is changed', async () => {
    const rows = [
      'centro,a,vitalis-centro,1',
      'centro,b,vitalis-centro,404',
      'centro,c,clinikapi-main,pr_1',
      'centro,b,clinikapi-main,pr_2',
      'centro,d,cobalt-main,x',
      'centro,c,cobalt-main,y',
      'north,e,clinikapi-main,pr_abc123',
      'centro,f,vitalis-centro,403',
    ];
    await importing(rows.join('\n'), '--no-check');
    const { code, err, document } = await json('centro', 'vitalis-centro');
    expect(code).toBe(2);
    expect(err).toBe('');
    expect(document).toEqual({
      clinic: 'centro',
      connection: 'vitalis-centro',
      complete: true,
      counts: { linked: 3, missing: 2, notFound: 2, unlinked: 4 },
      missing: ['c', 'd'],
      notFound: [
        { staffId: 'b', vendorRecordId: '404' },
        { staffId: 'f', vendorRecordId: '403' },
      ],
      unlinked: ['2', '3', '4', '5'],
    });
    const { out } = await command('check', 'centro', 'vitalis-centro');
    expect(out).toBe(
      'missing: c has links elsewhere, but none at vitalis-centro\nmissing: d has links elsewhere, but none at vitalis-centro\n' +
        'not found: b → 404\nnot found: f → 403\nunlinked: 2\nunlinked: 3\nunlinked: 4\nunlinked: 5\n' +
        'centro at vitalis-centro: 3 links, 2 missing, 2 to records that are not there.\n4 records without a link.\n',
    );
    expect(await stored()).toEqual([...rows].sort());
    expect(stage.vitalis.writes).toBe(0);
  });

  test.each<[string, string[], string[], object, number]>([
    [
      'the clinic’s own connection is the default',
      ['north'],
      ['north,a,clinikapi-main,pr_abc123'],
      { linked: 1, missing: 0, notFound: 0, unlinked: 2 },
      0,
    ],
    [
      'nobody at all',
      ['south'],
      ['north,a,clinikapi-main,pr_abc123'],
      { linked: 0, missing: 0, notFound: 0, unlinked: 3 },
      0,
    ],
    [
      'nobody is linked there yet',
      ['north', 'vitalis-centro'],
      ['north,a,clinikapi-main,pr_abc123'],
      { linked: 0, missing: 1, notFound: 0, unlinked: 5 },
      2,
    ],
    [
      'another clinic’s links do not count',
      ['south', 'cobalt-main'],
      ['north,a,cobalt-main,x'],
      { linked: 0, missing: 0, notFound: 0, unlinked: 3 },
      0,
    ],
    [
      'a vendor that lists all',
      ['south'],
      [`south,a,cobalt-main,${COBALT}`, 'south,b,cobalt-main,x'],
      { linked: 2, missing: 0, notFound: 1, unlinked: 2 },
      2,
    ],
    [
      'all are there',
      ['centro'],
      ['centro,a,vitalis-centro,1', 'centro,b,vitalis-centro,2', 'centro,a,cobalt-main,x'],
      { linked: 2, missing: 0, notFound: 0, unlinked: 3 },
      0,
    ],
  ])('%s', async (_, args, rows, counts, code) => {
    await importing(rows.join('\n'), '--no-check');
    const checked = await json(...args);
    expect(checked.document.counts).toEqual(counts);
    expect(checked.code).toBe(code);
  });

  test('somebody who is linked at a third connection only is not known to the clinic', async () => {
    const rows = ['north,a,clinikapi-main,pr_abc123', 'north,b,cobalt-main,x'];
    await importing(rows.join('\n'), '--no-check');
    const { code, document } = await json('north', 'vitalis-centro');
    expect([code, document.missing]).toEqual([2, ['a']]);
  });

  test('2,500 links are read in pages', async () => {
    const rows = Array.from({ length: 2_500 }, (_, index) => `south,s${index},cobalt-main,r${index}`);
    await importing(rows.join('\n'), '--no-check');
    const { document } = await json('south');
    expect(document.counts).toMatchObject({ linked: 2_500, notFound: 2_500 });
  });

  test.each<[string, string[], RegExp]>([
    ['a clinic that is not configured', ['nowhere'], /^The clinic "nowhere" is not configured\.\n$/],
    ['a clinic with a name of JavaScript', ['constructor'], /^The clinic "constructor" is not configured/],
    [
      'a connection that is not configured',
      ['north', 'nowhere'],
      /^The connection "nowhere" is not configured/,
    ],
    ['a connection with a name of JavaScript', ['north', 'toString'], /^The connection "toString" is not/],
  ])('cannot be done: %s', async (_, args, said) => {
    const { code, out, err } = await command('check', ...args);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(said);
  });

  test('cannot be done: a vendor that fails', async () => {
    await importing('centro,a,vitalis-centro,1', '--no-check');
    stage.vitalis.faults.add({ kind: 'answer', status: 500 });
    const { code, out, err } = await command('check', 'centro', '--json');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(
      /^Cannot check the links: the records cannot be read: vitalis-centro .*\(status 500\)\n$/,
    );
  });
});
