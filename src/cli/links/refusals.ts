/** The rows that an import refuses: the first on the terminal, all in a file if one is asked for. */
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Stringifier, stringify } from 'csv-stringify';
import { printable } from '../printable';
import { count, type Progress } from './progress';
import { REPORT_COLUMNS } from './rows';

const SHOWN_REFUSALS = 100;

export interface RefusedLine {
  line: number;
  reason: string;
  /** As in the file; absent if no file of refused rows is wanted. */
  cells?: readonly string[];
}

export interface Refusals {
  readonly count: number;
  /** Begins the file, with the columns of the input. */
  begin(header: readonly string[]): Promise<void>;
  add(row: RefusedLine): Promise<void>;
  /** Writes what is left. May be called again. */
  end(): Promise<void>;
}

/** Shows the first refused rows on `err` and writes all of them to the file, if one is asked for. */
export async function openRefusals(
  { err, refusedFile }: { err: Writable; refusedFile?: string },
  progress: Progress,
): Promise<Refusals> {
  const report = refusedFile === undefined ? undefined : await openReport(refusedFile);
  let arrange: Arrange = (cells) => [...cells];
  let refused = 0;
  let ended = false;
  return {
    get count() {
      return refused;
    },
    async begin(header) {
      arrange = arranging(header);
      await report?.write(arrange(header, [...REPORT_COLUMNS]));
    },
    async add({ line, reason, cells = [] }) {
      refused += 1;
      if (refused <= SHOWN_REFUSALS) {
        progress.interrupt();
        err.write(`line ${line}: ${printable(reason)}\n`);
      }
      await report?.write(arrange(cells, [String(line), reason]));
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

type Arrange = (cells: readonly string[], more: readonly string[]) => string[];

/**
 * Each value below its header: the input's columns, line and reason (which replace those of an earlier report), then what a
 * row has more than the header.
 */
function arranging(header: readonly string[]): Arrange {
  const own: readonly string[] = REPORT_COLUMNS;
  const kept = header.flatMap((name, index) => (own.includes(name) ? [] : [index]));
  return (cells, more) => [
    ...kept.map((index) => cells[index] ?? ''),
    ...more,
    ...cells.slice(header.length),
  ];
}

interface Report {
  write(cells: readonly string[]): Promise<void>;
  end(): Promise<void>;
}

async function openReport(path: string): Promise<Report> {
  const handle = await open(path, 'w', 0o600);
  const table: Stringifier = stringify({ quoted_match: /^\s|\s$/ });
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
