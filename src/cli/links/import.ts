/** `links import`: links from a CSV file of any size, judged as a set, in bounded memory. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import type { AdapterModule } from '../../adapter/contract';
import { loadLinkPlaces } from '../../config/load';
import type { LinkPlaces } from '../../config/readPart';
import type { AuditConfig } from '../../config/types';
import { type Database, openDatabase } from '../../store/database';
import { createLinks, type ImportOptions, type ImportRow, type Link } from '../../store/links';
import { createRejectedPairs } from '../../store/rejectedPairs';
import { OPERATOR, trailOf } from '../audit';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { printable } from '../printable';
import { messageOf } from '../problems';
import { missingFile } from '../storeFile';
import { type RejectedPair, refuseContradictions } from './contradictions';
import { count, createProgress, number, type Progress, type Terminal } from './progress';
import { openReader } from './reader';
import { judgeRecords, type RecordReader } from './records';
import { openRefusals, type Refusals } from './refusals';
import {
  isRejected,
  isSkipped,
  type KnownNames,
  openTable,
  type Row,
  reasonToRefuse,
  type Table,
  unusable,
} from './rows';

interface Choices {
  refused?: string;
  dryRun?: boolean;
  check: boolean;
  json?: boolean;
}

export function linksImportCommand(links: Command, context: CommandContext): void {
  const command = withJson(links.command('import'))
    .description('import links, judged as a set; importing a file again changes nothing')
    .argument(
      '<file>',
      'a CSV file with the columns clinic, staffId, vendor, vendorRecordId, and any others; with a column decision only rows with accept are taken; - is the standard input',
    )
    .option(
      '--refused <file>',
      'write the rows that are refused there, each with its line number and the reason',
    )
    .option('--dry-run', 'change nothing, and say what would happen')
    .option('--no-check', 'do not read each record at its vendor first')
    .action(async (file: string, choices: Choices) => {
      const places = await loadLinkPlaces(context.configPath(), context);
      const records = choices.check
        ? await openReader(context, 'import the links without reading with --no-check')
        : undefined;
      if (choices.check && records === undefined) return context.exit(1);
      try {
        context.exit(
          await importLinks({
            file,
            ...judging(places, context.adapters),
            audit: places.audit,
            ...given(choices),
            records,
            ...context,
          }),
        );
      } finally {
        await records?.close();
      }
    });
  exitCodes(command, 'all rows are imported', 'nothing can be imported', 'some rows were refused');
}

function given({ refused, dryRun, json }: Choices) {
  return {
    ...(refused !== undefined && { refusedFile: refused }),
    dryRun: dryRun === true,
    json: json === true,
  };
}

function judging({ store, clinics, vendors }: LinkPlaces, adapters: readonly AdapterModule[]) {
  const recordIds = recordIdsOf(vendors, adapters);
  return {
    databaseUrl: store.url,
    clinics: new Set(Object.keys(clinics)),
    vendors: new Set(recordIds.keys()),
    isRecordId: (vendor: string, id: string) => recordIds.get(vendor)?.test(id) ?? false,
  };
}

/** For each connection what a record id looks like there, which an adapter says without any credentials. */
function recordIdsOf(
  vendors: LinkPlaces['vendors'],
  adapters: readonly AdapterModule[],
): ReadonlyMap<string, RegExp> {
  const ids = Object.entries(vendors).flatMap(([name, { adapter, options, codes }]) => {
    const module = adapters.find((candidate) => candidate.name === adapter);
    return module
      ? [[name, module.connect({ baseUrl: '', credentials: {}, options, codes }).recordId] as const]
      : [];
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
  /** Changes nothing, and says what would happen. */
  dryRun?: boolean;
  /** One JSON document instead of sentences. */
  json?: boolean;
  /** Reads each record before its link is made; absent: none is read. */
  records?: RecordReader | undefined;
  /** Default: the standard input. */
  input?: Readable;
}

/** What became of the rows of a file. */
interface Result {
  dryRun: boolean;
  created: number;
  changed: number;
  unchanged: number;
  refused: number;
  /** Rows that nobody has accepted. */
  skipped: number;
  blank: number;
}

/**
 * Imports links. Importing a file again changes nothing and refuses nothing.
 * @returns the exit code: 0 all rows are in the database, 1 the file, the database or a vendor cannot be used, 2 some rows were refused
 */
export async function importLinks(options: ImportLinksOptions): Promise<number> {
  const { out, err, json = false } = options;
  const progress = createProgress(options);
  let refusals: Refusals | undefined;
  let stored = 0;
  try {
    const { result, reported } = await run(options, progress, {
      opened: (opened) => {
        refusals = opened;
      },
      stored: (rows) => {
        stored = rows;
      },
    });
    progress.end();
    await reported.end();
    if (json) writeJson(out, result);
    else out.write(`${sentence(result)}\n`);
    return result.refused > 0 ? 2 : 0;
  } catch (error) {
    progress.end();
    // What has failed is told below.
    await refusals?.end().catch(() => {});
    const from = options.file === '-' ? 'the standard input' : options.file;
    err.write(`Cannot import ${from}: ${messageOf(unusable(error))}\n`);
    err.write(
      stored > 0
        ? `${count(stored, 'row')} before that were imported. Importing the file again is harmless.\n`
        : 'Nothing was imported.\n',
    );
    return 1;
  }
}

interface Hear {
  opened(refusals: Refusals): void;
  stored(rows: number): void;
}

async function run(
  options: ImportLinksOptions,
  progress: Progress,
  hear: Hear,
): Promise<{ result: Result; reported: Refusals }> {
  const { dryRun = false, databaseUrl, refusedFile, records } = options;
  if (refusedFile !== undefined && resolve(refusedFile) === resolve(options.file))
    throw new Error('the refused rows cannot be written to the file that is read');
  let database: Database | undefined;
  let table: Table | undefined;
  const source = await openSource(options);
  try {
    // A dry run must not even make the file of a store that is not there yet.
    const url = dryRun && missingFile(databaseUrl) !== undefined ? 'sqlite::memory:' : databaseUrl;
    database = await openDatabase(url, { limits: 'long' });
    const reported = await openRefusals(options, progress);
    hear.opened(reported);
    table = await openTable(source.stream);
    await reported.begin(table.header);
    const skips: Skips = { count: 0, rejected: [] };
    const totals = await createLinks(database, undefined, trailOf(database, options.audit)).importAll(
      judgedRows(table, options, skips),
      {
        by: OPERATOR,
        dryRun,
        onRefused: (row) => reported.add(row),
        review: async (linesOf) => refuseContradictions(await linesOf(skips.rejected)),
        onStaged: (rows) => progress.show(rows, 0, source.part()),
        onProgress: ({ created, replaced, unchanged }) => hear.stored(created + replaced + unchanged),
        ...(records && { check: checking(records, options) }),
        ...(dryRun && !options.json && { onReplaced: (link) => options.out.write(changeLine(link)) }),
      },
    );
    // What a person has rejected is not suggested again.
    if (!dryRun) await createRejectedPairs(database).add(skips.rejected);
    const { created, replaced: changed, unchanged, refused } = totals;
    const result = { dryRun, created, changed, unchanged, refused, skipped: skips.count, blank: table.blank };
    return { result, reported };
  } finally {
    await table?.close();
    source.stream.destroy();
    await database?.close();
  }
}

interface Source {
  stream: Readable;
  /** The part of the file that has been read, 0 to 1, if the size is known. */
  part(): number | undefined;
}

async function openSource({ file, input }: ImportLinksOptions): Promise<Source> {
  if (file === '-') return { stream: input ?? process.stdin, part: () => undefined };
  const handle = await open(file);
  const { size } = await handle.stat();
  const stream = handle.createReadStream({ highWaterMark: 256 * 1024 });
  return { stream, part: () => (size > 0 ? stream.bytesRead / size : undefined) };
}

/** Rows that nobody has accepted. */
interface Skips {
  count: number;
  /** Those that somebody has rejected. */
  rejected: RejectedPair[];
}

function linkIn({ values }: Row): Link {
  const [clinic = '', staffId = '', vendor = '', vendorRecordId = ''] = values;
  return { clinic, staffId, vendor, vendorRecordId };
}

/** The rows that somebody has accepted, each with what speaks against it by itself. */
async function* judgedRows(
  table: Table,
  options: ImportLinksOptions,
  skips: Skips,
): AsyncGenerator<ImportRow> {
  for await (const row of table.rows) {
    if (isSkipped(row)) {
      skips.count += 1;
      if (isRejected(row) && reasonToRefuse(row, options) === undefined)
        skips.rejected.push({ ...linkIn(row), rejectedIn: row.line });
      continue;
    }
    const refused = reasonToRefuse(row, options);
    yield {
      ...{ line: row.line, ...linkIn(row) },
      ...(refused !== undefined && { refused }),
      ...(options.refusedFile !== undefined && { cells: row.cells }),
    };
  }
}

/** Reads the record of each row at its vendor. */
function checking(records: RecordReader, options: ImportLinksOptions): NonNullable<ImportOptions['check']> {
  return async (rows, refuse) => {
    const progress = createProgress({ rowsPerProgressLine: 1_000, ...options }, 'records');
    const counts = { done: 0, refused: 0 };
    const judged = async function* () {
      for await (const { line, vendor, vendorRecordId } of rows) yield { vendor, vendorRecordId, of: line };
    };
    try {
      await judgeRecords(judged(), records, async (line, reason) => {
        counts.done += 1;
        if (reason !== undefined) {
          counts.refused += 1;
          await refuse(line, reason);
        }
        progress.show(counts.done, counts.refused, undefined);
      });
    } finally {
      progress.end();
    }
  };
}

function changeLine(link: Parameters<NonNullable<ImportOptions['onReplaced']>>[0]): string {
  const { line, clinic, staffId, vendor, before, vendorRecordId } = link;
  return `${printable(`line ${line}: ${clinic} ${staffId} at ${vendor}: ${before} → ${vendorRecordId}`)}\n`;
}

function sentence({ dryRun, created, changed, unchanged, refused, skipped, blank }: Result): string {
  const imported = created + changed + unchanged;
  return [
    `${dryRun ? 'Would import' : 'Imported'} ${count(imported, 'row')}: ${number(created)} new, ` +
      `${number(changed)} changed, ${number(unchanged)} already there.`,
    `${dryRun ? 'Would refuse' : 'Refused'} ${count(refused, 'row')}.`,
    ...(skipped > 0 ? [`Skipped ${count(skipped, 'row')} without the decision accept.`] : []),
    ...(blank > 0 ? [`Ignored ${count(blank, 'empty row')}.`] : []),
    ...(dryRun ? ['Nothing was changed.'] : []),
  ].join(' ');
}
