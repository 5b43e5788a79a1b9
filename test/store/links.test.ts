import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { exportLinks } from '../../src/cli/links/export';
import { type ImportLinksOptions, importLinks } from '../../src/cli/links/import';
import { openDatabase } from '../../src/store/database';
import { createLinks, type Link } from '../../src/store/links';
import { createPostgresDatabase } from '../support/postgres';

const HEADER = 'clinic,staffId,vendor,vendorRecordId';

/** A stream that keeps what is written to it. */
function captured(): { stream: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') };
}

describe.each(['sqlite', 'postgres'] as const)('links files on %s', (engine) => {
  let folder: string;
  let databaseUrl: string;
  let dropDatabase = async () => {};

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gateway-links-'));
    databaseUrl = `sqlite:${join(folder, 'gateway.db')}`;
    if (engine === 'postgres') ({ url: databaseUrl, drop: dropDatabase } = await createPostgresDatabase());
  }, 60_000);
  afterAll(async () => {
    await dropDatabase();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    const database = await openDatabase(databaseUrl);
    await database.db.deleteFrom('links').execute();
    await database.close();
  });

  async function runImport(content: string | Buffer, more: Partial<ImportLinksOptions> = {}) {
    const file = join(folder, 'links.csv');
    writeFileSync(file, content);
    const out = captured();
    const err = captured();
    const code = await importLinks({
      file,
      databaseUrl,
      out: out.stream,
      err: err.stream,
      isTerminal: false,
      ...more,
    });
    return { code, out: out.text(), err: err.text() };
  }

  async function runExport(file = '-') {
    const out = captured();
    const err = captured();
    const code = await exportLinks({
      file,
      databaseUrl,
      out: out.stream,
      err: err.stream,
      isTerminal: false,
    });
    return { code, out: out.text(), err: err.text() };
  }

  it('imports, and importing again changes and refuses nothing', async () => {
    const content = `${HEADER}\nnorth,st-1,v,pr-1\nnorth,st-2,v,pr-2\n`;
    expect(await runImport(content)).toEqual({
      code: 0,
      out: 'Imported 2 rows: 2 new, 0 changed, 0 already there. Refused 0 rows.\n',
      err: '',
    });
    expect((await runImport(content)).out).toContain('0 new, 0 changed, 2 already there. Refused 0 rows.');
    expect((await runImport(`${HEADER}\nnorth,st-1,v,pr-9\n`)).out).toContain('0 new, 1 changed');
    expect((await runExport()).out).toBe(`${HEADER}\nnorth,st-1,v,pr-9\nnorth,st-2,v,pr-2\n`);
  });

  it('names what cannot be opened, without the password of the database', async () => {
    const missing = join(folder, 'missing.csv');
    expect(await runImport('', { file: missing })).toMatchObject({
      code: 1,
      err: expect.stringContaining('ENOENT'),
    });
    const unreachable = { databaseUrl: 'postgres://me:hunter2@127.0.0.1:1/x' };
    const { code, err } = await runImport(`${HEADER}\n`, unreachable);
    expect(code).toBe(1);
    expect(err).toContain('ECONNREFUSED');
    expect(err).not.toContain('hunter2');
    expect(
      await runImport(`${HEADER}\n`, { refusedFile: join(folder, 'no', 'such', 'folder.csv') }),
    ).toMatchObject({
      code: 1,
    });
    expect(await runExport(join(folder, 'no', 'such', 'folder.csv'))).toMatchObject({ code: 1, out: '' });
  });

  it('imports nothing of a file that turns out to be broken half-way', async () => {
    const rows = Array.from({ length: 5_500 }, (_, index) => `north,st-${index},v,pr-${index}\n`).join('');
    const { code, err } = await runImport(`${HEADER}\n${rows}north,x,v,p"r\n`);
    expect(code).toBe(1);
    expect(err).toContain('line 5502');
    expect(err).toContain('Nothing was imported.');
    expect((await runExport()).out).toBe(`${HEADER}\n`);
  });

  it.each<[string, string, string]>([
    ['too few values', 'north,st-1,v', 'the row has 3 values where the header has 4'],
    ['too many values', 'north,st-1,v,a,b', 'the row has 5 values where the header has 4'],
    ['an empty clinic', ',st-1,v,a', 'clinic is empty'],
    ['empty ids', 'north,,v,', 'staffId, vendorRecordId is empty'],
    ['an unknown clinic', 'east,st-1,v,a', 'the clinic "east" is not configured'],
    ['an unknown vendor', 'north,st-1,x,a', 'the vendor "x" is not configured'],
    ['a staff id with a space', 'north,st 1,v,a', 'staffId must be'],
    ['a staff id that is too long', `north,${'s'.repeat(129)},v,a`, 'staffId must be'],
    ['a record id that is too long', `north,st-1,v,${'r'.repeat(201)}`, 'vendorRecordId must be'],
    ['a record id with a line end', 'north,st-1,v,"a\nb"', 'vendorRecordId must be'],
    ['a record id that the vendor cannot have', 'north,st-1,v,nope', '"nope" cannot be a record id of v'],
    ['a damaged character', 'north,st-1,v,\uFFFD', 'a character of the row is damaged'],
    [
      'a record that is taken',
      'south,st-9,v,taken',
      'the v record "taken" is linked in another clinic, north, to the staff id "st-0"',
    ],
  ])('refuses a row with %s', async (_, row, reason) => {
    await runImport(`${HEADER}\nnorth,st-0,v,taken\n`);
    const { code, out, err } = await runImport(`${HEADER}\nnorth,good,v,ok\n${row}\nnorth,good-2,v,ok-2\n`, {
      clinics: new Set(['north', 'south']),
      vendors: new Set(['v']),
      isRecordId: (vendor, id) => vendor === 'v' && id !== 'nope',
    });
    expect(code).toBe(2);
    expect(err).toMatch(/^line [34]: /);
    expect(err).toContain(reason);
    expect(out).toBe('Imported 2 rows: 2 new, 0 changed, 0 already there. Refused 1 row.\n');
  });

  // What a file looks like does not depend on the engine.
  if (engine === 'sqlite') {
    it.each<[string, string | Buffer]>([
      ['a byte order mark', `\uFEFF${HEADER}\nnorth,st-1,v,pr-1`],
      ['UTF-16 with its mark', Buffer.from(`\uFEFF${HEADER}\nnorth,st-1,v,pr-1`, 'utf16le')],
      [
        'UTF-16, the larger end first, with its mark',
        Buffer.from(`\uFEFF${HEADER}\nnorth,st-1,v,pr-1`, 'utf16le').swap16(),
      ],
      ['a header of Windows and rows of Unix', `${HEADER}\r\nnorth,st-1,v,pr-1\n`],
      ['a header of Unix and rows of Windows', `${HEADER}\nnorth,st-1,v,pr-1\r\n`],
      ['line ends of an old Mac', `${HEADER}\rnorth,st-1,v,pr-1\r`],
      ['a header of an old Mac and rows of Unix', `${HEADER}\rnorth,st-1,v,pr-1\n`],
      ['no line end at all after a header of Windows', `${HEADER}\r\nnorth,st-1,v,pr-1`],
      ['empty lines before the header', `\r\n\n${HEADER}\nnorth,st-1,v,pr-1\n`],
      ['empty cells at the end of the header', `${HEADER},,\nnorth,st-1,v,pr-1,,\n`],
      ['empty cells at the end of the header only', `${HEADER},, \nnorth,st-1,v,pr-1\n`],
      ['empty cells at the end of a row only', `${HEADER}\nnorth,st-1,v,pr-1,,,,\n`],
      ['extra columns', `note,${HEADER},E-Mail,note\nx,north,st-1,v,pr-1,"a, b",\n`],
      ['a column without a name', `clinic,,staffId,vendor,vendorRecordId\nnorth,?,st-1,v,pr-1\n`],
      ['a decision', `${HEADER},decision\nnorth,st-1,v,pr-1,accept\n`],
      ['a decision written large, first', `decision,${HEADER}\n Accept ,north,st-1,v,pr-1\n`],
      ['line ends of Windows', `${HEADER}\r\nnorth,st-1,v,pr-1\r\n\r\n`],
      [
        'spaces around commas, and quotes',
        'clinic, staffId, vendor, vendorRecordId\nnorth , "st-1", v, pr-1',
      ],
      ['another order of columns', 'vendorRecordId,vendor,staffId,clinic\npr-1,v,st-1,north'],
      [
        'the columns of the refusal report',
        `${HEADER},line,reason\nnorth,st-1,v,pr-1,7,"was wrong, is right"`,
      ],
    ])('tolerates %s', async (_, content) => {
      expect(await runImport(content)).toMatchObject({ code: 0, err: '' });
      expect((await runExport()).out).toBe(`${HEADER}\nnorth,st-1,v,pr-1\n`);
    });

    it.each<[string, string, RegExp]>([
      [
        'no content',
        '',
        /the file is empty\. The first line must have the columns clinic,staffId,vendor,vendorRecordId/,
      ],
      ['no header', 'north,st-1,v,pr-1\n', /column clinic, staffId, vendor, vendorRecordId is missing/],
      ['a missing column', 'clinic,staffId,vendor\nnorth,st-1,v\n', /column vendorRecordId is missing/],
      ['a repeated column', `${HEADER},vendor\n`, /column "vendor" is repeated/],
      ['a repeated decision', `${HEADER},decision,decision\n`, /column "decision" is repeated/],
      ['two that differ in case', `${HEADER},decision,Decision\n`, /column "decision" is repeated/],
      [
        'semicolons',
        `${HEADER.replaceAll(',', ';')}\nnorth;st-1;v;pr-1\n`,
        /separated by semicolons; save the file with commas/,
      ],
      ['tabs', `${HEADER.replaceAll(',', '\t')}\n`, /separated by tabs/],
      [
        'a stray quote',
        `${HEADER}\nnorth,st-1,v,p"r\n`,
        /line 2: the file is not well-formed CSV \(INVALID_OPENING_QUOTE\)/,
      ],
      [
        'an unclosed quote',
        `${HEADER}\nnorth,st-1,v,"pr\n${'x,y,z,w\n'.repeat(20_000)}`,
        /not well-formed CSV \(CSV_MAX_RECORD_SIZE\)/,
      ],
    ])('cannot use a file with %s', async (_, content, message) => {
      const { code, out, err } = await runImport(content);
      expect(err).toMatch(message);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect((await runExport()).out).toBe(`${HEADER}\n`);
    });

    it.each<[string, string, string]>([
      ['rows of commas only', `${HEADER}\n,,,\nnorth,st-1,v,pr-1\n,,,\n,,,,,,\n`, ' Ignored 3 empty rows.'],
      ['rows of blanks', `${HEADER}\r\nnorth,st-1,v,pr-1\r\n  \r\n , , , \r\n`, ' Ignored 1 empty row.'],
      [
        'rows that nobody accepted',
        `${HEADER},decision\nnorth,st-1,v,pr-1,accept\nnorth,st-2,v,pr-2,review\nnorth,st-3,v,pr-3,none\nnorth,st-4,v,pr-4,\nnorth,st-5,,,acceptable\n`,
        ' Skipped 4 rows without the decision accept.',
      ],
      [
        'a decision whose name is written large',
        `${HEADER},Decision\nnorth,st-1,v,pr-1,accept\nnorth,st-2,v,pr-2,review\nnorth,st-3,v,pr-3,none\nnorth,st-4,v,pr-4,\nnorth,st-5,,,acceptable\n`,
        ' Skipped 4 rows without the decision accept.',
      ],
      [
        'a second choice that is not accepted',
        `${HEADER},decision\nnorth,st-1,v,pr-1,accept\nnorth,st-1,v,pr-2,review\nnorth,st-2,v,pr-1,none\n`,
        ' Skipped 2 rows without the decision accept.',
      ],
    ])('counts %s', async (_, content, said) => {
      const { code, out, err } = await runImport(content);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toBe(`Imported 1 row: 1 new, 0 changed, 0 already there. Refused 0 rows.${said}\n`);
      expect((await runExport()).out).toBe(`${HEADER}\nnorth,st-1,v,pr-1\n`);
    });

    it.each<[string, string, string[]]>([
      ['Windows, then Unix', '\r\n', ['\n', '\n', '\n']],
      ['Unix, then Windows', '\n', ['\r\n', '\r\n', '\r\n']],
      ['an old Mac, then Unix', '\r', ['\n', '\n', '\n']],
      ['an old Mac throughout', '\r', ['\r', '\r', '\r']],
      ['Unix, then an old Mac', '\n', ['\r', '\r', '\r']],
      ['Windows, then an old Mac', '\r\n', ['\r', '\r', '\r']],
      ['all three in turn', '\r\n', ['\r', '\n', '\r\n']],
      ['one odd one', '\n', ['\n', '\r\n', '\n']],
      ['Windows with empty lines of Unix', '\r\n\n', ['\r\n', '\n\n', '\r\n']],
      ['none at the end', '\r\n', ['\n', '\n', '']],
    ])('line ends may be mixed: %s', async (_, first, ends) => {
      const rows = ends.map((end, index) => `north,st-${index},v,pr-${index}${end}`);
      expect(await runImport(`${HEADER}${first}${rows.join('')}`)).toMatchObject({
        code: 0,
        out: expect.stringContaining('Imported 3 rows: 3 new'),
      });
      expect((await runExport()).out).toBe(
        `${HEADER}\nnorth,st-0,v,pr-0\nnorth,st-1,v,pr-1\nnorth,st-2,v,pr-2\n`,
      );
    });

    it.each([
      ['Windows', '\r\n'],
      ['Unix', '\n'],
      ['an old Mac', '\r'],
    ])('counts lines with the line ends of %s, within quotes too', async (_, end) => {
      const { err } = await runImport(
        [HEADER, 'north,ok,v,1', '', 'north,"a', 'b",v,2', 'north,,v,3', ''].join(end),
      );
      expect(err).toMatch(/^line 5: staffId must be [^\n]*\nline 6: staffId is empty\n$/);
    });

    const LATIN_1 = Buffer.from(`${HEADER}\nnorth,st-1,v,Núñez\n`, 'latin1');
    it.each<[string, Buffer]>([
      ['Latin 1', LATIN_1],
      ['half a character at the end', Buffer.from(`${HEADER}\nnorth,st-1,v,é`).subarray(0, -1)],
      ['UTF-16 without its mark', Buffer.from(`${HEADER}\nnorth,st-1,v,pr-1\n`, 'utf16le')],
      [
        'UTF-16 that ends in the middle of a character',
        Buffer.from(`\uFEFF${HEADER}\nnorth,st-1,v,pr-1\n`, 'utf16le').subarray(0, -1),
      ],
      ['bytes of no text', Buffer.from([0x50, 0x4b, 3, 4, 0, 0xff, 0xfe])],
    ])('refuses %s with a sentence', async (_, content) => {
      const { code, out, err } = await runImport(content);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(
        /: the file is neither UTF-8 nor UTF-16 with a byte order mark; save it as "CSV UTF-8"/,
      );
      expect((await runExport()).out).toBe(`${HEADER}\n`);
    });

    it('reads characters and line ends that two chunks share', async () => {
      const bytes = Buffer.from(`\uFEFF${HEADER}\r\nnorth,st-1,v,é🩺\r\nnorth,st-2,v,ü\r\n`);
      const input = Readable.from([...bytes].map((byte) => Buffer.of(byte)));
      expect(await runImport('', { file: '-', input })).toMatchObject({ code: 0, err: '' });
      expect((await runExport()).out).toBe(`${HEADER}\nnorth,st-1,v,é🩺\nnorth,st-2,v,ü\n`);
    });

    it.each<[string, string, string]>([
      [
        'another order',
        'vendorRecordId,vendor,staffId,clinic\npr-1,v,bad id,north',
        'vendorRecordId,vendor,staffId,clinic,line,reason\npr-1,v,bad id,north,2,"staffId must',
      ],
      [
        'extra columns',
        `name,${HEADER},mail\nAna,north,bad id,v,pr-1,"a,b"`,
        `name,${HEADER},mail,line,reason\nAna,north,bad id,v,pr-1,"a,b",2,"staffId must`,
      ],
      [
        'surplus cells',
        `${HEADER}\nnorth,st-1,v,pr-1,more,and more`,
        `${HEADER},line,reason\nnorth,st-1,v,pr-1,2,the row has 6 values where the header has 4,more,and more`,
      ],
      [
        'surplus cells in another order',
        'staffId,clinic,vendor,vendorRecordId\nst-1,north,v,pr-1,,x',
        'staffId,clinic,vendor,vendorRecordId,line,reason\nst-1,north,v,pr-1,2,the row has 6 values where the header has 4,,x',
      ],
      [
        'missing cells',
        `staffId,clinic,vendor,vendorRecordId\nst-1,north`,
        'staffId,clinic,vendor,vendorRecordId,line,reason\nst-1,north,,,2,the row has 2 values',
      ],
      [
        'an earlier report',
        `line,${HEADER},reason\n7,north,st-1,v,,was wrong`,
        `${HEADER},line,reason\nnorth,st-1,v,,2,vendorRecordId is empty`,
      ],
      [
        'empty cells in the header',
        `,${HEADER},,\nx,north,,v,pr-1`,
        `,${HEADER},line,reason\nx,north,,v,pr-1,2,staffId is empty`,
      ],
      [
        'a decision',
        `decision,${HEADER}\naccept,north,,v,pr-1\nreview,north,,v,pr-1`,
        `decision,${HEADER},line,reason\naccept,north,,v,pr-1,2,staffId is empty`,
      ],
      [
        'two rows of one staff id',
        `n,${HEADER}\n1,north,st-1,v,pr-1\n2,north,st-1,v,pr-2`,
        `n,${HEADER},line,reason\n1,north,st-1,v,pr-1,2,"the staff id ""st-1"" has another row for v, in line 3"`,
      ],
      [
        'quotes, and odd characters',
        `${HEADER}\n"no""rth",st-1,v,"a\u0001,🩺"`,
        `${HEADER},line,reason\n"no""rth",st-1,v,"a\u0001,🩺",2,`,
      ],
    ])('writes refused rows below the right headers: %s', async (_, content, report) => {
      const refusedFile = join(folder, 'columns.csv');
      const { code } = await runImport(`${content}\n`, { refusedFile, clinics: new Set(['north']) });
      expect(code).toBe(2);
      const written = readFileSync(refusedFile, 'utf8');
      expect(written.slice(0, report.length)).toBe(report);
      // What is written can be read again.
      expect((await runImport(written)).code).not.toBe(1);
    });
  }

  it.each<[string, string, RegExp[]]>([
    [
      'the same staff id in another clinic',
      'north,st-0,v,taken-s',
      [/^line 2: the v record "taken-s" is linked in another clinic, south, to the staff id "st-0"$/],
    ],
    [
      'another staff id in the same clinic',
      'north,st-1,v,taken-n',
      [/^line 2: the v record "taken-n" is linked to another staff member, "st-0"$/],
    ],
    [
      'another staff id in another clinic',
      'south,st-1,v,taken-n',
      [/^line 2: .* linked in another clinic, north, to the staff id "st-0"$/],
    ],
    [
      'two rows for one staff id',
      'north,st-1,v,a\nnorth,st-1,v,b',
      [/^line 2: the staff id "st-1" has another row for v, in line 3$/, /^line 3: .* in line 2$/],
    ],
    [
      'three rows for one staff id, one wrong by itself',
      'north,st-1,v,a\nnorth,st-1,v,\nnorth,st-1,v,b',
      [/^line 2: .* in line 3$/, /^line 3: vendorRecordId is empty$/, /^line 4: .* in line 2$/],
    ],
    [
      'one record for two people',
      'north,st-1,v,a\nsouth,st-1,v,a',
      [/^line 2: line 3 links the v record "a" too/, /^line 3: line 2 links/],
    ],
    [
      'a chain whose end is refused',
      'north,st-1,v,taken-n\nnorth,st-0,v,taken-s',
      [/^line 2: .* "st-0", whose own row in line 3 is refused$/, /^line 3: .* clinic, south,/],
    ],
  ])('says why: %s', async (_, rows, reasons) => {
    await runImport(`${HEADER}\nnorth,st-0,v,taken-n\nsouth,st-0,v,taken-s\n`);
    const before = (await runExport()).out;
    const { code, err } = await runImport(`${HEADER}\n${rows}\n`);
    expect(code).toBe(2);
    const told = err.trim().split('\n');
    expect(told).toHaveLength(reasons.length);
    for (const [index, reason] of reasons.entries()) expect(told[index]).toMatch(reason);
    expect((await runExport()).out).toBe(before);
  });

  it.each(['accept,1', 'reject,2'])(
    'is no file if it accepts and rejects one pair, %s first',
    async (first) => {
      await runImport(`${HEADER}\nnorth,st-0,v,old\n`);
      const before = (await runExport()).out;
      const pair = (decision: string) => `${decision},north,st-1,v,a`;
      const second = first.startsWith('accept') ? 'reject,2' : 'accept,1';
      const rows = [`accept,0,north,st-2,v,b`, ...[first, second].map(pair), 'accept,0,north,st-0,v,new'];
      for (const dryRun of [true, false]) {
        const { code, err } = await runImport(`decision,n,${HEADER}\n${rows.join('\n')}\n`, { dryRun });
        const [accepts, rejects] = first.startsWith('accept') ? [3, 4] : [4, 3];
        expect(err).toMatch(
          new RegExp(
            `line ${accepts} accepts and line ${rejects} rejects "a" of v for "st-1"\nNothing was imported`,
          ),
        );
        expect([code, (await runExport()).out]).toEqual([1, before]);
      }
      // It is not remembered as rejected either.
      const file = `decision,${HEADER}\naccept,north,st-1,v,a\nreject,north,st-1,v,b\nreview,north,st-1,v,a\n`;
      expect(await runImport(file)).toMatchObject({ code: 0, err: '' });
    },
  );

  it('swaps and chains work in any order of rows', async () => {
    await runImport(`${HEADER}\nnorth,a,v,1\nnorth,b,v,2\nnorth,c,v,3\n`);
    for (const rows of [
      'north,a,v,2\nnorth,b,v,1\nnorth,c,v,3',
      'north,c,v,3\nnorth,a,v,1\nnorth,b,v,2',
      'north,b,v,1\nnorth,c,v,9\nnorth,a,v,3',
    ]) {
      expect(await runImport(`${HEADER}\n${rows}\n`)).toMatchObject({ code: 0, err: '' });
      expect((await runExport()).out).toBe(`${HEADER}\n${rows.split('\n').sort().join('\n')}\n`);
    }
  });

  it('a dry run tells what would change, and changes nothing', async () => {
    await runImport(`${HEADER}\nnorth,a,v,1\nnorth,b,v,2\nnorth,c,v,3\n`);
    const before = (await runExport()).out;
    const content = `${HEADER}\nnorth,a,v,2\nnorth,b,v,1\nnorth,c,v,3\nnorth,d,v,4\nnorth,e,v,3\n`;
    const dry = await runImport(content, { dryRun: true });
    expect(dry).toMatchObject({ code: 2, out: expect.stringContaining('line 2: north a at v: 1 → 2\n') });
    expect(dry.out).toContain(
      'Would import 3 rows: 1 new, 2 changed, 0 already there. Would refuse 2 rows. Nothing was changed.',
    );
    expect((await runExport()).out).toBe(before);
    expect((await runImport(content)).out).toContain(
      'Imported 3 rows: 1 new, 2 changed, 0 already there. Refused 2 rows.',
    );
  });

  it('does not let a file control the terminal', async () => {
    const { err } = await runImport(`${HEADER}\nnorth,st-1,"\u001b[2J",a\n`, { vendors: new Set() });
    expect(err).not.toContain('\u001b');
  });

  it('imports 20,000 rows and reports all that it refused', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => {
      if (index % 100 === 7) return `north,bad id ${index},v,pr-${index}`;
      // The record of an earlier row, which is refused too.
      if (index % 100 === 8) return `south,st-${index},v,pr-${index - 2}`;
      return `north,st-${index},v,pr-${index}`;
    });
    const refusedFile = join(folder, 'refused.csv');
    const { code, out, err } = await runImport(`${HEADER}\n${rows.join('\n')}\n`, { refusedFile });
    expect(code).toBe(2);
    expect(out).toBe('Imported 19,400 rows: 19,400 new, 0 changed, 0 already there. Refused 600 rows.\n');
    expect(err.match(/^line /gm)).toHaveLength(100);
    expect(err).toContain('… and 500 more refused rows\n');
    expect(err).toContain(`All refused rows are in ${refusedFile}\n`);

    const report = readFileSync(refusedFile, 'utf8').trim().split('\n');
    expect(report[0]).toBe(`${HEADER},line,reason`);
    expect(report).toHaveLength(601);
    for (const line of report.slice(1)) {
      const [clinic, staffId, vendor, vendorRecordId, number] = line.split(',');
      expect(rows[Number(number) - 2]).toBe([clinic, staffId, vendor, vendorRecordId].join(','));
    }
    expect(statSync(refusedFile).mode & 0o777).toBe(0o600);
    expect((await runExport()).out.split('\n')).toHaveLength(19_402);
  });

  it('exports what it then imports, whatever the ids hold', async () => {
    const database = await openDatabase(databaseUrl);
    const records = [
      'a,b',
      '"q"',
      "o'neil",
      '医師',
      'Ñandú 🩺',
      ' spaces ',
      '=1+1',
      '-',
      '00042',
      '\u00e9',
      'e\u0301',
    ];
    const stored: Link[] = records.map((vendorRecordId, index) => ({
      clinic: 'north',
      staffId: `st-${String(index).padStart(2, '0')}`,
      vendor: 'v',
      vendorRecordId,
    }));
    for (const link of stored) await createLinks(database).put(link);

    const file = join(folder, 'export.csv');
    expect(await runExport(file)).toEqual({ code: 0, out: `Exported 11 rows to ${file}.\n`, err: '' });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.partial`)).toBe(false);
    const exported = readFileSync(file);
    expect((await runExport()).out).toBe(exported.toString('utf8'));

    await database.db.deleteFrom('links').execute();
    expect(await runImport(exported)).toMatchObject({ code: 0, err: '' });
    const again: Link[] = [];
    for await (const link of createLinks(database).exportAll()) again.push(link);
    expect(again).toEqual(stored);
    await database.close();
  });

  it('reads the standard input', async () => {
    const input = Readable.from([
      Buffer.from(HEADER.slice(0, 9)),
      Buffer.from(`${HEADER.slice(9)}\nnorth,st-1,v,pr-1\n`),
    ]);
    expect(await runImport('', { file: '-', input })).toMatchObject({ code: 0 });
    expect((await runExport()).out).toBe(`${HEADER}\nnorth,st-1,v,pr-1\n`);
  });
});

describe('progress', () => {
  /** 20,000 rows, the 12,000th of them, on line 12,001, without a record id. */
  function* file() {
    yield `${HEADER}\n`;
    for (let start = 1; start <= 20_000; start += 1_000) {
      yield Array.from({ length: 1_000 }, (_, offset) => {
        const row = start + offset;
        return `north,st-${row},v,${row === 12_000 ? '' : `pr-${row}`}\n`;
      }).join('');
    }
  }

  async function run(isTerminal: boolean): Promise<string> {
    const err = captured();
    const input = Readable.from(file());
    const databaseUrl = 'sqlite::memory:';
    const code = await importLinks({
      file: '-',
      input,
      databaseUrl,
      rowsPerProgressLine: 10_000,
      out: captured().stream,
      err: err.stream,
      isTerminal,
    });
    expect(code).toBe(2);
    return err.text();
  }

  it('is a line each so many rows where no terminal is', async () => {
    expect(await run(false)).toMatch(
      /^10,000 rows, 0 refused, [\d,]+ rows\/s\n20,000 rows, 0 refused, [\d,]+ rows\/s\nline 12001: vendorRecordId is empty\n$/,
    );
  });

  it('is one line that is rewritten on a terminal, and makes way for others', async () => {
    const clear = '\r\u001b[K';
    const [start, ...shown] = (await run(true)).split(clear);
    expect(start).toBe('');
    expect(shown.filter((text) => text.startsWith('line '))).toEqual([
      expect.stringMatching(/^line 12001: vendorRecordId is empty\n$/),
    ]);
    for (const text of shown) expect(text).toMatch(/^([\d,]+ rows, [01] refused, [\d,]+ rows\/s|line .*\n)$/);
  });
});
