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

  it.each<[string, string | Buffer]>([
    ['a byte order mark', `\uFEFF${HEADER}\nnorth,st-1,v,pr-1`],
    ['UTF-16 with its mark', Buffer.from(`\uFEFF${HEADER}\nnorth,st-1,v,pr-1`, 'utf16le')],
    ['line ends of Windows', `${HEADER}\r\nnorth,st-1,v,pr-1\r\n\r\n`],
    ['spaces around commas, and quotes', 'clinic, staffId, vendor, vendorRecordId\nnorth , "st-1", v, pr-1'],
    ['another order of columns', 'vendorRecordId,vendor,staffId,clinic\npr-1,v,st-1,north'],
    ['the columns of the refusal report', `${HEADER},line,reason\nnorth,st-1,v,pr-1,7,"was wrong, is right"`],
  ])('tolerates %s', async (_, content) => {
    expect(await runImport(content)).toMatchObject({ code: 0, err: '' });
    expect((await runExport()).out).toBe(`${HEADER}\nnorth,st-1,v,pr-1\n`);
  });

  it.each<[string, string, RegExp]>([
    ['no content', '', /the file is empty\. The first line must be: clinic,staffId,vendor,vendorRecordId/],
    ['no header', 'north,st-1,v,pr-1\n', /column clinic, staffId, vendor, vendorRecordId is missing/],
    ['a missing column', 'clinic,staffId,vendor\nnorth,st-1,v\n', /column vendorRecordId is missing/],
    ['an unknown column', `${HEADER},note\nnorth,st-1,v,pr-1,x\n`, /column "note" is not known/],
    ['a repeated column', `${HEADER},vendor\n`, /column "vendor" is not known or is repeated/],
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

  it('says how far it came when a file turns out to be broken half-way', async () => {
    const rows = Array.from({ length: 5_500 }, (_, index) => `north,st-${index},v,pr-${index}\n`).join('');
    const { code, err } = await runImport(`${HEADER}\n${rows}north,x,v,p"r\n`);
    expect(code).toBe(1);
    expect(err).toContain('line 5502');
    expect(err).toContain(
      '5,000 rows before that were imported. Importing the corrected file again is harmless.',
    );
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
    ['bytes that are not UTF-8', 'north,st-1,v,\uFFFD', 'the row is not valid UTF-8'],
    [
      'a record that is taken',
      'south,st-9,v,taken',
      'the v record "taken" is linked to another staff member',
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

  it('does not let a file control the terminal', async () => {
    const { err } = await runImport(`${HEADER}\nnorth,st-1,"\u001b[2J",a\n`, { vendors: new Set() });
    expect(err).not.toContain('\u001b');
  });

  it('imports 20,000 rows and reports all that it refused', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => {
      if (index % 100 === 7) return `north,bad id ${index},v,pr-${index}`;
      // The record of the row before.
      if (index % 100 === 8) return `south,st-${index},v,pr-${index - 2}`;
      return `north,st-${index},v,pr-${index}`;
    });
    const refusedFile = join(folder, 'refused.csv');
    const { code, out, err } = await runImport(`${HEADER}\n${rows.join('\n')}\n`, { refusedFile });
    expect(code).toBe(2);
    expect(out).toBe('Imported 19,600 rows: 19,600 new, 0 changed, 0 already there. Refused 400 rows.\n');
    expect(err.match(/^line /gm)).toHaveLength(100);
    expect(err).toContain('… and 300 more refused rows\n');
    expect(err).toContain(`All refused rows are in ${refusedFile}\n`);

    const report = readFileSync(refusedFile, 'utf8').trim().split('\n');
    expect(report[0]).toBe(`${HEADER},line,reason`);
    expect(report).toHaveLength(401);
    for (const line of report.slice(1)) {
      const [clinic, staffId, vendor, vendorRecordId, number] = line.split(',');
      expect(rows[Number(number) - 2]).toBe([clinic, staffId, vendor, vendorRecordId].join(','));
    }
    expect(statSync(refusedFile).mode & 0o777).toBe(0o600);
    expect((await runExport()).out.split('\n')).toHaveLength(19_602);
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
      /^10,000 rows, 0 refused, [\d,]+ rows\/s\nline 12001: vendorRecordId is empty\n$/,
    );
  });

  it('is one line that is rewritten on a terminal, and makes way for others', async () => {
    const clear = '\r\u001b[K';
    const [start, ...shown] = (await run(true)).split(clear);
    expect(start).toBe('');
    expect(shown.pop()).toBe('');
    expect(shown.filter((text) => text.startsWith('line '))).toEqual([
      expect.stringMatching(/^line 12001: vendorRecordId is empty\n$/),
    ]);
    for (const text of shown) expect(text).toMatch(/^([\d,]+ rows, [01] refused, [\d,]+ rows\/s|line .*\n)$/);
  });
});
