/** Tables of personal data in files: only their owner may read them, and what is in them is no formula. */
import { createWriteStream, renameSync, rmSync, type WriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';

/** A CSV file, mode 0600, that replaces an earlier one when it is complete. */
export interface TableFile {
  /** Resolves when more can be taken. */
  write(cells: readonly string[]): Promise<void>;
  end(): Promise<void>;
  /** Leaves the earlier file as it is. */
  discard(): Promise<void>;
}

export function openTableFile(file: string, columns: readonly string[]): TableFile {
  const partial = `${file}.partial`;
  const sheet = stringify({ header: true, columns: [...columns], quoted_match: /^\s|\s$/ });
  const writing = pipeline(sheet, privateFile(partial));
  // Reported by `end`, or by the write that waits.
  writing.catch(() => {});
  return {
    async write(cells) {
      if (!sheet.write(cells))
        await Promise.race([new Promise((resume) => sheet.once('drain', resume)), writing]);
    },
    async end() {
      sheet.end();
      await writing;
      try {
        renameSync(partial, file);
      } catch (error) {
        rmSync(partial, { force: true });
        throw error;
      }
    },
    async discard() {
      sheet.destroy();
      await writing.catch(() => {});
      rmSync(partial, { force: true });
    },
  };
}

/** A file that is new, whatever was there: one that others may read stays so, and a link leads to where somebody else wants it. */
export function privateFile(path: string): WriteStream {
  try {
    rmSync(path, { force: true });
  } catch {
    // Then it cannot be made anew either, which the stream reports.
  }
  return createWriteStream(path, { mode: 0o600, flags: 'wx' });
}

/** All rows at once. @param rows of cells, in the order of the columns */
export async function writeTable(
  file: string,
  columns: readonly string[],
  rows: Iterable<readonly string[]>,
): Promise<void> {
  const table = openTableFile(file, columns);
  try {
    for (const row of rows) await table.write(row);
    await table.end();
  } catch (error) {
    await table.discard();
    throw error;
  }
}

/** A spreadsheet program runs what begins like a formula; with an apostrophe before it, it is text. */
export function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
