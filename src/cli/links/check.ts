/** `links check`: are a clinic's links at a connection complete, and do their records exist? Changes nothing. */
import type { Command } from 'commander';
import { loadLinkPlaces } from '../../config/load';
import { createClinicLinks } from '../../store/clinicLinks';
import { type Database, openDatabase } from '../../store/database';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { printable } from '../printable';
import { messageOf } from '../problems';
import { missingFile } from '../storeFile';
import { count, createProgress, type Terminal } from './progress';
import { openReader } from './reader';
import { judgeRecords, type RecordReader } from './records';

export function linksCheckCommand(links: Command, context: CommandContext): void {
  const command = withJson(links.command('check'))
    .description('check that a clinic’s links at a connection are complete and lead to records that exist')
    .argument('<clinic>', 'the clinic')
    .argument('[connection]', 'the vendor connection; default: the one that the clinic uses')
    .addHelpText('after', '\nReads every linked record at the vendor. Changes nothing anywhere.')
    .action(async (clinic: string, given: string | undefined, { json }: { json?: boolean }) => {
      context.exit(await checkCommand(context, clinic, given, json === true));
    });
  exitCodes(command, 'all is well', 'it could not be checked', 'links are missing or lead to no record');
}

async function checkCommand(
  context: CommandContext,
  clinic: string,
  given: string | undefined,
  json: boolean,
): Promise<number> {
  const { store, clinicVendors, vendors } = await loadLinkPlaces(context.configPath(), context);
  const used = clinicVendors.get(clinic);
  if (used === undefined) {
    context.err.write(`The clinic "${printable(clinic)}" is not configured.\n`);
    return 1;
  }
  const connection = given ?? used;
  if (!Object.hasOwn(vendors, connection)) {
    context.err.write(`The connection "${printable(connection)}" is not configured.\n`);
    return 1;
  }
  const records = await openReader(context);
  if (records === undefined) return 1;
  try {
    return await checkLinks({ clinic, connection, json, records, databaseUrl: store.url, ...context });
  } finally {
    await records.close();
  }
}

export interface CheckLinksOptions extends Terminal {
  clinic: string;
  connection: string;
  json: boolean;
  databaseUrl: string;
  records: RecordReader;
}

interface Found {
  linked: number;
  /** Staff ids. */
  missing: string[];
  notFound: { staffId: string; vendorRecordId: string }[];
}

/** @returns the exit code: 0 all is well, 1 it could not be checked, 2 links are missing or lead to no record */
export async function checkLinks(options: CheckLinksOptions): Promise<number> {
  const { clinic, connection, json, databaseUrl, out, err } = options;
  const absent = missingFile(databaseUrl);
  if (absent !== undefined) {
    err.write(`Cannot check the links: there is no database ${absent}\n`);
    return 1;
  }
  let database: Database | undefined;
  try {
    database = await openDatabase(databaseUrl);
    const found = await examine(database, options);
    const { linked, missing, notFound } = found;
    err.write(`Records at ${connection} that no link leads to are not looked for: its adapter lists none.\n`);
    if (json) {
      const counts = { linked, missing: missing.length, notFound: notFound.length, unlinked: 0 };
      writeJson(out, { clinic, connection, complete: false, counts, missing, notFound, unlinked: [] });
    } else out.write(inWords(options, found));
    return missing.length + notFound.length > 0 ? 2 : 0;
  } catch (error) {
    err.write(`Cannot check the links: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await database?.close();
  }
}

async function examine(database: Database, options: CheckLinksOptions): Promise<Found> {
  const { clinic, connection, records } = options;
  const links = createClinicLinks(database, clinic, connection);
  const found: Found = { linked: 0, missing: await links.missing(), notFound: [] };
  const progress = createProgress({ rowsPerProgressLine: 1_000, ...options }, 'records');
  const judged = async function* () {
    for await (const { vendor, vendorRecordId, staffId } of links.linked())
      yield { vendor, vendorRecordId, of: { staffId, vendorRecordId } };
  };
  try {
    await judgeRecords(judged(), records, (link, reason) => {
      found.linked += 1;
      if (reason !== undefined) found.notFound.push(link);
      progress.show(found.linked, found.notFound.length, undefined);
    });
  } finally {
    progress.end();
  }
  // Reads end in any order.
  found.notFound.sort((one, other) => (one.staffId < other.staffId ? -1 : 1));
  return found;
}

function inWords({ clinic, connection }: CheckLinksOptions, { linked, missing, notFound }: Found): string {
  const lines = [
    ...missing.map((staffId) => `missing: ${staffId} has links elsewhere, but none at ${connection}`),
    ...notFound.map(({ staffId, vendorRecordId }) => `not found: ${staffId} → ${vendorRecordId}`),
    `${clinic} at ${connection}: ${count(linked, 'link')}, ${missing.length} missing, ${notFound.length} to records that are not there.`,
  ];
  return lines.map((line) => `${printable(line)}\n`).join('');
}
