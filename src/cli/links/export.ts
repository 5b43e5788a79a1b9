/** `links export`: all links to a CSV file, in bounded memory. */
import { renameSync, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { stringify } from 'csv-stringify';
import { loadStore } from '../../config/load';
import { errorCode } from '../../config/substitute';
import { type Database, openDatabase } from '../../store/database';
import { createLinks } from '../../store/links';
import { type CommandContext, exitCodes } from '../command';
import { messageOf } from '../problems';
import { privateFile } from '../table';
import { count, createProgress, type Terminal } from './progress';
import { COLUMNS } from './rows';

export function linksExportCommand(links: Command, context: CommandContext): void {
  const command = links
    .command('export')
    .description('export all links')
    .argument('<file>', 'the CSV file to write; - is the standard output')
    .action(async (file: string) => {
      const { url } = await loadStore(context.configPath(), context);
      context.exit(await exportLinks({ file, databaseUrl: url, ...context }));
    });
  exitCodes(command, 'done', 'the file or the database cannot be used');
}

export interface ExportLinksOptions extends Terminal {
  /** Path of the CSV file, replaced when the export is complete; `-` writes to `out`. */
  file: string;
  databaseUrl: string;
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
      await pipeline(values, table, privateFile(partial));
      renameSync(partial, file);
      progress.end();
      out.write(`Exported ${count(rows, 'row')} to ${file}.\n`);
    }
    return 0;
  } catch (error) {
    // The reader of a pipe has seen enough, as `head` does.
    if (file === '-' && errorCode(error) === 'EPIPE') return 0;
    progress.end();
    if (file !== '-') rmSync(partial, { force: true });
    err.write(`Cannot export the links: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await database?.close();
  }
}
