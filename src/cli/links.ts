/** `links import` and `links export`: the links table from and to a CSV file of any size, in bounded memory. */
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { type Stringifier, stringify } from 'csv-stringify';
import { isStaffId } from '../staff/id';
import { type Database, openDatabase } from '../store/database';
import { createLinks, type ImportTotals, isVendorRecordId, type Link } from '../store/links';

const COLUMNS = ['clinic', 'staffId', 'vendor', 'vendorRecordId'] as const;
/** What the file of refused rows has besides, so that it can be corrected and imported as it is. */
const REPORT_COLUMNS = ['line', 'reason'] as const;
const SHOWN_REFUSALS = 100;

interface Terminal {
  /** Results. */
  out: Writable;
  /** Progress and complaints. */
  err: Writable;
  /** Whether `err` is a terminal, on which a line can be rewritten. */
  isTerminal: boolean;
  /** Elsewhere a line of progress is written each time so many rows are done; default 100,000. */
  rowsPerProgressLine?: number;
}

export interface ImportLinksOptions extends Terminal {
  /** Path of the CSV file; `-` reads `input`. */
  file: string;
  databaseUrl: string;
  /** Where every refused row is written, with its line number and the reason. */
  refusedFile?: string;
  /** The names that are configured; rows that name another one are refused. */
  clinics?: ReadonlySet<string>;
  vendors?: ReadonlySet<string>;
  /** Whether the vendor can have a record of that id. */
  isRecordId?: (vendor: string, id: string) => boolean;
  /** Default: the standard input. */
  input?: Readable;
}

export interface ExportLinksOptions extends Terminal {
  /** Path of the CSV file, replaced when the export is complete; `-` writes to `out`. */
  file: string;
  databaseUrl: string;
}

/** One data row of the file: its line number (the header is line 1) and its values in `COLUMNS` order. */
interface Row {
  line: number;
  values: readonly string[];
  /** The row has more or fewer values than the header has names; `values` is then as in the file. */
  misfit?: { found: number; expected: number };
}

type NumberedLink = Link & { readonly line: number };

/** The file as a whole cannot be used; the message is for the person who gave it. */
class UnusableFile extends Error {}

/**
 * Imports links. Importing a file again changes nothing and refuses nothing.
 * @returns the exit code: 0 all rows are in the database, 1 the file or the database cannot be used, 2 some rows were refused
 */
export async function importLinks(options: ImportLinksOptions): Promise<number> {
  const { out, err } = options;
  let database: Database | undefined;
  let refusals: Refusals | undefined;
  let source: Source | undefined;
  const progress = createProgress(options);
  let stored = 0;
  try {
    const opened = await openSource(options);
    source = opened;
    database = await openDatabase(options.databaseUrl);
    const reported = await openRefusals(options, progress);
    refusals = reported;
    const totals = await createLinks(database).importAll(checkedRows(opened.stream, options, reported), {
      onRefused: ({ line, ...link }) =>
        reported.add(
          { line, values: COLUMNS.map((column) => link[column]) },
          `the ${link.vendor} record "${link.vendorRecordId}" is linked to another staff member`,
        ),
      onProgress: (soFar) => {
        stored = imported(soFar);
        progress.show(stored, reported.count, opened.part());
      },
    });
    progress.end();
    await reported.end();
    out.write(
      `Imported ${count(imported(totals), 'row')}: ${number(totals.created)} new, ${number(totals.replaced)} changed, ` +
        `${number(totals.unchanged)} already there. Refused ${count(reported.count, 'row')}.\n`,
    );
    return reported.count > 0 ? 2 : 0;
  } catch (error) {
    progress.end();
    await refusals?.end();
    const stop = error instanceof CsvError ? new UnusableFile(describeCsvError(error)) : error;
    err.write(
      `Cannot import ${options.file === '-' ? 'the standard input' : options.file}: ${messageOf(stop)}\n`,
    );
    if (stored > 0) {
      err.write(
        `${count(stored, 'row')} before that were imported. Importing the corrected file again is harmless.\n`,
      );
    }
    return 1;
  } finally {
    source?.stream.destroy();
    await database?.close();
  }
}

/**
 * Exports all links, in the order of clinic, staff id and vendor.
 * @returns the exit code: 0 done, 1 the file or the database cannot be used
 */
export async function exportLinks(options: ExportLinksOptions): Promise<number> {
  const { file, out, err } = options;
  const partial = `${file}.partial`;
  let database: Database | undefined;
  const progress = createProgress(options);
  try {
    database = await openDatabase(options.databaseUrl);
    let rows = 0;
    const links = createLinks(database).exportAll();
    const values = async function* () {
      for await (const link of links) {
        yield COLUMNS.map((column) => link[column]);
        rows += 1;
        if (file !== '-' && rows % 1_000 === 0) progress.show(rows, 0, undefined);
      }
    };
    const table = stringify({ header: true, columns: [...COLUMNS], quoted_match: /^\s|\s$/ });
    if (file === '-') {
      await pipeline(values, table, out, { end: false });
    } else {
      await pipeline(values, table, createWriteStream(partial, { mode: 0o600 }));
      renameSync(partial, file);
      progress.end();
      out.write(`Exported ${count(rows, 'row')} to ${file}.\n`);
    }
    return 0;
  } catch (error) {
    // The reader of a pipe has seen enough, as `head` does.
    if (file === '-' && codeOf(error) === 'EPIPE') return 0;
    progress.end();
    if (file !== '-') rmSync(partial, { force: true });
    err.write(`Cannot export the links: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await database?.close();
  }
}

interface Source {
  stream: Readable;
  /** The part of the file that has been read, 0 to 1, where the size is known. */
  part(): number | undefined;
}

async function openSource({ file, input }: ImportLinksOptions): Promise<Source> {
  if (file === '-') return { stream: input ?? process.stdin, part: () => undefined };
  const handle = await open(file);
  const { size } = await handle.stat();
  const stream = handle.createReadStream({ highWaterMark: 256 * 1024 });
  return { stream, part: () => (size > 0 ? stream.bytesRead / size : undefined) };
}

/** The rows that can be imported, as links; the others go to `refusals`. */
async function* checkedRows(
  stream: Readable,
  options: ImportLinksOptions,
  refusals: Refusals,
): AsyncGenerator<NumberedLink> {
  for await (const row of readRows(stream)) {
    const reason = reasonToRefuse(row, options);
    const [clinic = '', staffId = '', vendor = '', vendorRecordId = ''] = row.values;
    if (reason === undefined) yield { line: row.line, clinic, staffId, vendor, vendorRecordId };
    else await refusals.add(row, reason);
  }
}

async function* readRows(stream: Readable): AsyncGenerator<Row> {
  const parser = parse({
    bom: true,
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    // A quote that is never closed must not read the rest of the file into memory.
    max_record_size: 64 * 1024,
    on_record: (values: string[], { lines }) => [String(lines), ...values],
  });
  // Ends the parser with the stream's own error; the loop below then throws it.
  const reading = pipeline(stream, parser).catch(() => {});
  let order: readonly number[] | undefined;
  let width = 0;
  try {
    for await (const record of parser) {
      const [lineNumber, ...values]: string[] = record;
      const line = Number(lineNumber);
      if (order === undefined) {
        order = readHeader(values);
        width = values.length;
      } else if (values.length !== width) {
        yield { line, values, misfit: { found: values.length, expected: width } };
      } else {
        yield { line, values: order.map((index) => values[index] ?? '') };
      }
    }
  } finally {
    stream.destroy();
    await reading;
  }
  if (order === undefined) throw new UnusableFile(`the file is empty. ${EXPECTED}`);
}

const EXPECTED = `The first line must be: ${COLUMNS.join(',')}`;

/** Where each of `COLUMNS` stands. */
function readHeader(names: readonly string[]): number[] {
  const [only = ''] = names;
  if (names.length === 1 && /[;\t]/.test(only)) {
    const separator = only.includes(';') ? 'semicolons' : 'tabs';
    throw new UnusableFile(
      `the columns are separated by ${separator}; save the file with commas. ${EXPECTED}`,
    );
  }
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) throw new UnusableFile(`column ${missing.join(', ')} is missing. ${EXPECTED}`);
  const known: readonly string[] = [...COLUMNS, ...REPORT_COLUMNS];
  const surplus = names.filter((name, index) => !known.includes(name) || names.indexOf(name) !== index);
  if (surplus.length > 0)
    throw new UnusableFile(`column "${surplus.join('", "')}" is not known or is repeated. ${EXPECTED}`);
  return COLUMNS.map((column) => names.indexOf(column));
}

function reasonToRefuse({ values, misfit }: Row, options: ImportLinksOptions): string | undefined {
  if (misfit !== undefined)
    return `the row has ${count(misfit.found, 'value')} where the header has ${misfit.expected}`;
  const [clinic = '', staffId = '', vendor = '', vendorRecordId = ''] = values;
  const empty = COLUMNS.filter((_, index) => values[index] === '');
  if (empty.length > 0) return `${empty.join(', ')} is empty`;
  // What a decoder puts where bytes are not UTF-8.
  if (values.some((value) => value.includes('\uFFFD'))) return 'the row is not valid UTF-8';
  if (options.clinics !== undefined && !options.clinics.has(clinic))
    return `the clinic "${clinic}" is not configured`;
  if (options.vendors !== undefined && !options.vendors.has(vendor))
    return `the vendor "${vendor}" is not configured`;
  if (!isStaffId(staffId)) {
    return 'staffId must be 1 to 128 letters, digits or . _ ~ : @ - and begin with a letter or digit';
  }
  if (!isVendorRecordId(vendorRecordId))
    return 'vendorRecordId must be 1 to 200 characters without control characters';
  if (options.isRecordId?.(vendor, vendorRecordId) === false) {
    return `"${vendorRecordId}" cannot be a record id of ${vendor}`;
  }
  return undefined;
}

interface Refusals {
  readonly count: number;
  add(row: Row, reason: string): Promise<void>;
  /** Writes what is left. May be called again. */
  end(): Promise<void>;
}

/** Shows the first refused rows on `err` and writes all of them to the file, if one is asked for. */
async function openRefusals({ err, refusedFile }: ImportLinksOptions, progress: Progress): Promise<Refusals> {
  const report = refusedFile === undefined ? undefined : await openReport(refusedFile);
  let refused = 0;
  let ended = false;
  return {
    get count() {
      return refused;
    },
    async add({ line, values }, reason) {
      refused += 1;
      if (refused <= SHOWN_REFUSALS) {
        progress.interrupt();
        err.write(`line ${line}: ${printable(reason)}\n`);
      }
      const cells = COLUMNS.map((_, index) => values[index] ?? '');
      await report?.write([...cells, String(line), reason]);
    },
    async end() {
      if (ended) return;
      ended = true;
      await report?.end();
      if (refused > SHOWN_REFUSALS)
        err.write(`… and ${count(refused - SHOWN_REFUSALS, 'more refused row')}\n`);
      if (refused > 0 && refusedFile !== undefined) err.write(`All refused rows are in ${refusedFile}\n`);
    },
  };
}

interface Report {
  write(cells: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

async function openReport(path: string): Promise<Report> {
  const handle = await open(path, 'w', 0o600);
  const table: Stringifier = stringify({ header: true, columns: [...COLUMNS, ...REPORT_COLUMNS] });
  const writing = pipeline(table, handle.createWriteStream());
  // Reported by `end`, or by the write that waits.
  writing.catch(() => {});
  return {
    async write(cells) {
      if (!table.write(cells))
        await Promise.race([new Promise((resume) => table.once('drain', resume)), writing]);
    },
    async end() {
      table.end();
      await writing;
    },
  };
}

interface Progress {
  show(rows: number, refused: number, part: number | undefined): void;
  /** Clears the line that is being rewritten, because another one is about to be written. */
  interrupt(): void;
  end(): void;
}

/** On a terminal one line that is rewritten, ten times a second at most; elsewhere a line now and then. */
function createProgress({ err, isTerminal, rowsPerProgressLine = 100_000 }: Terminal): Progress {
  const start = performance.now();
  let shownAt = start;
  let shownRows = 0;
  let visible = false;
  const interrupt = () => {
    if (visible) err.write('\r\u001b[K');
    visible = false;
  };
  return {
    interrupt,
    end: interrupt,
    show(rows, refused, part) {
      const now = performance.now();
      const due = isTerminal ? now - shownAt >= 100 : rows - shownRows >= rowsPerProgressLine;
      if (!due) return;
      const percent = part === undefined ? '' : ` (${Math.floor(part * 100)} %)`;
      const rate = number(Math.round(rows / ((now - start) / 1_000)));
      const text = `${number(rows)} rows${percent}, ${number(refused)} refused, ${rate} rows/s`;
      err.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
      visible = isTerminal;
      shownAt = now;
      shownRows = rows;
    },
  };
}

function imported(totals: Readonly<ImportTotals>): number {
  return totals.created + totals.replaced + totals.unchanged;
}

function number(value: number): string {
  return value.toLocaleString('en-US');
}

function count(value: number, noun: string): string {
  return `${number(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** A file's content must not control the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\uFFFD');
}

function describeCsvError(error: CsvError): string {
  const line = 'lines' in error && typeof error.lines === 'number' ? `line ${error.lines}: ` : '';
  return `${line}the file is not well-formed CSV (${error.code})`;
}

function messageOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return String(message);
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
