/** The rows of a CSV file of links: read as a stream, and judged one by one. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { isStaffId } from '../../staff/id';
import { isVendorRecordId } from '../../store/links';
import { count } from './progress';
import { decoded, withOneLineEnd } from './text';
import { UnusableFile } from './unusable';

export const COLUMNS = ['clinic', 'staffId', 'vendor', 'vendorRecordId'] as const;
/** What the file of refused rows has besides, so that it can be corrected and imported as it is. */
export const REPORT_COLUMNS = ['line', 'reason'] as const;
/** If a file has this column, only rows that hold `accept` in it are taken. */
export const DECISION = 'decision';

/** What a row is judged by. */
export interface KnownNames {
  /** The names that are configured; rows that name another one are refused. */
  clinics?: ReadonlySet<string>;
  vendors?: ReadonlySet<string>;
  /** Whether the vendor can have a record of that id. */
  isRecordId?: (vendor: string, id: string) => boolean;
}

/** One data row of the file: its line number (the header is line 1) and its values in `COLUMNS` order. */
export interface Row {
  line: number;
  values: readonly string[];
  /** All its cells, in the file's order. */
  cells: readonly string[];
  decision?: string;
  /** The row has more or fewer values than the header has names; `values` is then empty. */
  misfit?: { found: number; expected: number };
}

export interface Table {
  /** The header's names, without empty ones at its end. */
  header: readonly string[];
  /** Rows that hold something. */
  rows: AsyncIterable<Row>;
  /** Rows of empty cells so far. */
  readonly blank: number;
  close(): Promise<void>;
}

/** Reads the header. @throws UnusableFile, CsvError */
export async function openTable(stream: Readable): Promise<Table> {
  const parser = parse({
    trim: true,
    skip_empty_lines: true,
    relax_column_count: true,
    record_delimiter: '\n',
    // A quote that is never closed must not read the rest of the file into memory.
    max_record_size: 64 * 1024,
    on_record: (values: string[], { lines }) => [String(lines), ...values],
  });
  // Ends the parser with the stream's own error; reading it then throws that.
  const reading = pipeline(stream, decoded, withOneLineEnd, parser).catch(() => {});
  const records: AsyncIterator<string[]> = parser[Symbol.asyncIterator]();
  const close = async () => {
    parser.destroy();
    stream.destroy();
    await reading;
  };
  try {
    const first = await nextFilled(records);
    if (first === undefined) throw new UnusableFile(`the file is empty. ${EXPECTED}`);
    const header = withoutEmptyEnd(first.slice(1));
    const order = readHeader(header);
    const table = { header, blank: 0, close, rows: rows() };
    async function* rows(): AsyncGenerator<Row> {
      for (let next = await records.next(); next.done !== true; next = await records.next()) {
        const [lineNumber, ...all]: string[] = next.value;
        if (all.every((cell) => cell === '')) table.blank += 1;
        else yield toRow(Number(lineNumber), all, header.length, order);
      }
    }
    return table;
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first record that holds something. */
async function nextFilled(records: AsyncIterator<string[]>): Promise<string[] | undefined> {
  for (;;) {
    const next = await records.next();
    if (next.done === true) return undefined;
    if (next.value.slice(1).some((cell) => cell !== '')) return next.value;
  }
}

/** Spreadsheet programs fill rows with empty cells up to the widest one. */
function withoutEmptyEnd(cells: readonly string[], keep = 0): string[] {
  const last = cells.findLastIndex((cell) => cell !== '');
  return cells.slice(0, Math.max(keep, last + 1));
}

interface Order {
  columns: readonly number[];
  decision: number;
}

function toRow(line: number, all: readonly string[], width: number, { columns, decision }: Order): Row {
  const cells = withoutEmptyEnd(all, width);
  if (cells.length !== width) {
    return { line, values: [], cells, misfit: { found: cells.length, expected: width } };
  }
  const values = columns.map((index) => cells[index] ?? '');
  return { line, values, cells, ...(decision >= 0 && { decision: cells[decision] ?? '' }) };
}

const EXPECTED = `The first line must have the columns ${COLUMNS.join(',')}`;

/** The places of `COLUMNS` and of the decision. */
function readHeader(given: readonly string[]): Order {
  // As `Decision` it would be one of the other columns, and whoever was rejected would be linked.
  const names = given.map((name) => (name.toLowerCase() === DECISION ? DECISION : name));
  const [only = ''] = names;
  if (names.length === 1 && /[;\t]/.test(only)) {
    const separator = only.includes(';') ? 'semicolons' : 'tabs';
    throw new UnusableFile(
      `the columns are separated by ${separator}; save the file with commas. ${EXPECTED}`,
    );
  }
  const missing = COLUMNS.filter((column) => !names.includes(column));
  if (missing.length > 0) throw new UnusableFile(`column ${missing.join(', ')} is missing. ${EXPECTED}`);
  const repeated = [...COLUMNS, DECISION].filter((name) => names.indexOf(name) !== names.lastIndexOf(name));
  if (repeated.length > 0)
    throw new UnusableFile(`column "${repeated.join('", "')}" is repeated. ${EXPECTED}`);
  return { columns: COLUMNS.map((column) => names.indexOf(column)), decision: names.indexOf(DECISION) };
}

/** True where the file leaves the row to a person who has not accepted it. */
export function isSkipped({ decision }: Row): boolean {
  return decision !== undefined && decision.toLowerCase() !== 'accept';
}

/** True where a person has said that the two are not the same. */
export function isRejected({ decision }: Row): boolean {
  return decision?.toLowerCase() === 'reject';
}

export function reasonToRefuse({ values, misfit }: Row, options: KnownNames): string | undefined {
  if (misfit !== undefined)
    return `the row has ${count(misfit.found, 'value')} where the header has ${misfit.expected}`;
  const [clinic = '', staffId = '', vendor = '', vendorRecordId = ''] = values;
  const empty = COLUMNS.filter((_, index) => values[index] === '');
  if (empty.length > 0) return `${empty.join(', ')} is empty`;
  // What a program puts where it could not read a character.
  if (values.some((value) => value.includes('\uFFFD'))) return 'a character of the row is damaged (U+FFFD)';
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

/** The same error, as a sentence about the file if it is the file's fault. */
export function unusable(error: unknown): unknown {
  return error instanceof CsvError ? new UnusableFile(describeCsvError(error)) : error;
}

function describeCsvError(error: CsvError): string {
  const line = 'lines' in error && typeof error.lines === 'number' ? `line ${error.lines}: ` : '';
  return `${line}the file is not well-formed CSV (${error.code})`;
}
