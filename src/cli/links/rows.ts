/** The rows of a CSV file of links: read as a stream, and judged one by one. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CsvError, parse } from 'csv-parse';
import { isStaffId } from '../../staff/id';
import { isVendorRecordId } from '../../store/links';
import { count } from './progress';

export const COLUMNS = ['clinic', 'staffId', 'vendor', 'vendorRecordId'] as const;
/** What the file of refused rows has besides, so that it can be corrected and imported as it is. */
export const REPORT_COLUMNS = ['line', 'reason'] as const;

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
  /** The row has more or fewer values than the header has names; `values` is then as in the file. */
  misfit?: { found: number; expected: number };
}

/** The file as a whole cannot be used; the message is for the person who gave it. */
export class UnusableFile extends Error {}

export async function* readRows(stream: Readable): AsyncGenerator<Row> {
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

export function reasonToRefuse({ values, misfit }: Row, options: KnownNames): string | undefined {
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

/** The same error, as a sentence about the file if it is the file's fault. */
export function unusable(error: unknown): unknown {
  return error instanceof CsvError ? new UnusableFile(describeCsvError(error)) : error;
}

function describeCsvError(error: CsvError): string {
  const line = 'lines' in error && typeof error.lines === 'number' ? `line ${error.lines}: ` : '';
  return `${line}the file is not well-formed CSV (${error.code})`;
}
