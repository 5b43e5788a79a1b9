/** The rows that an import refuses: the first on the terminal, all in a file if one is asked for. */
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Stringifier, stringify } from 'csv-stringify';
import { count, type Progress } from './progress';
import { COLUMNS, REPORT_COLUMNS, type Row } from './rows';

const SHOWN_REFUSALS = 100;

export interface Refusals {
  readonly count: number;
  add(row: Row, reason: string): Promise<void>;
  /** Writes what is left. May be called again. */
  end(): Promise<void>;
}

/** Shows the first refused rows on `err` and writes all of them to the file, if one is asked for. */
export async function openRefusals(
  { err, refusedFile }: { err: Writable; refusedFile?: string },
  progress: Progress,
): Promise<Refusals> {
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

/** A file's content must not control the terminal. */
function printable(text: string): string {
  return text.replace(/\p{C}/gu, '\uFFFD');
}
