/** `links import`: links from a CSV file of any size, in bounded memory. */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { AdapterModule } from '../../adapter/contract';
import { loadLinkPlaces } from '../../config/load';
import type { LinkPlaces } from '../../config/readPart';
import type { AuditConfig } from '../../config/types';
import { type Database, openDatabase } from '../../store/database';
import { createLinks, type ImportTotals, type Link } from '../../store/links';
import { OPERATOR, trailOf } from '../audit';
import { type CommandContext, exitCodes } from '../command';
import { messageOf } from '../problems';
import { count, createProgress, number, type Terminal } from './progress';
import { openRefusals, type Refusals } from './refusals';
import { COLUMNS, type KnownNames, readRows, reasonToRefuse, unusable } from './rows';

export function linksImportCommand(links: Command, context: CommandContext): void {
  const command = links
    .command('import')
    .description('import links; importing a file again changes nothing')
    .argument(
      '<file>',
      'a CSV file with the columns clinic, staffId, vendor, vendorRecordId; - is the standard input',
    )
    .option(
      '--refused <file>',
      'write the rows that are refused there, each with its line number and the reason',
    )
    .action(async (file: string, options: { refused?: string }) => {
      const { store, audit, clinics, vendors } = await loadLinkPlaces(context.configPath(), context);
      const recordIds = recordIdsOf(vendors, context.adapters);
      const code = await importLinks({
        file,
        databaseUrl: store.url,
        audit,
        clinics: new Set(clinics),
        vendors: new Set(recordIds.keys()),
        isRecordId: (vendor, id) => recordIds.get(vendor)?.test(id) ?? false,
        ...(options.refused !== undefined && { refusedFile: options.refused }),
        ...context,
      });
      context.exit(code);
    });
  exitCodes(command, 'all rows are imported', 'nothing can be imported', 'some rows were refused');
}

/** For each connection what a record id looks like there, which an adapter says without any credentials. */
function recordIdsOf(
  vendors: LinkPlaces['vendors'],
  adapters: readonly AdapterModule[],
): ReadonlyMap<string, RegExp> {
  const ids = Object.entries(vendors).flatMap(([name, { adapter, options, codes }]) => {
    const module = adapters.find((candidate) => candidate.name === adapter);
    return module ? [[name, module.connect({ credentials: {}, options, codes }).recordId] as const] : [];
  });
  return new Map(ids);
}

export interface ImportLinksOptions extends Terminal, KnownNames {
  /** Path of the CSV file; `-` reads `input`. */
  file: string;
  databaseUrl: string;
  /** How the rows are kept that the import leaves in the audit; absent: unsigned. */
  audit?: Pick<AuditConfig, 'key'>;
  /** Where every refused row is written, with its line number and the reason. */
  refusedFile?: string;
  /** Default: the standard input. */
  input?: Readable;
}

type NumberedLink = Link & { readonly line: number };

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
    const links = createLinks(database, undefined, trailOf(database, options.audit));
    const totals = await links.importAll(checkedRows(opened.stream, options, reported), {
      by: OPERATOR,
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
    const from = options.file === '-' ? 'the standard input' : options.file;
    err.write(`Cannot import ${from}: ${messageOf(unusable(error))}\n`);
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

function imported(totals: Readonly<ImportTotals>): number {
  return totals.created + totals.replaced + totals.unchanged;
}
