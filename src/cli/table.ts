/** Tables of personal data in files: only their owner may read them, and what is in them is no formula. */
import { createWriteStream, renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';

/**
 * Writes a CSV file, mode 0600, which replaces an earlier one when it is complete.
 * @param rows of cells, in the order of the columns
 */
export async function writeTable(
  file: string,
  columns: readonly string[],
  rows: Iterable<readonly string[]> | AsyncIterable<readonly string[]>,
): Promise<void> {
  const partial = `${file}.partial`;
  const sheet = stringify({ header: true, columns: [...columns], quoted_match: /^\s|\s$/ });
  try {
    await pipeline(rows, sheet, createWriteStream(partial, { mode: 0o600 }));
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** A spreadsheet program runs what begins like a formula; with an apostrophe before it, it is text. */
export function harmless(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}
