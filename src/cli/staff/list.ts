/** `staff list`: all records of a vendor connection, with the staff ids that are linked to them. */
import { renameSync, rmSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import { stringify } from 'csv-stringify';
import type { AdapterModule } from '../../adapter/contract';
import { loadConfig } from '../../config/load';
import type { GatewayConfig } from '../../config/types';
import { VendorConnection } from '../../connection/connection';
import { VendorFailure } from '../../connection/failure';
import type { ShownFields } from '../../directory/record';
import { staffRecord } from '../../directory/record';
import { type Entry, Incomplete, readSnapshot, type Snapshot, storedRecord } from '../../directory/snapshot';
import { Deadline } from '../../lib/deadline';
import { FIELDS } from '../../staff/fields';
import { openDatabase } from '../../store/database';
import { createLinks } from '../../store/links';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { count } from '../links/progress';
import { messageOf } from '../problems';
import { missingFile } from '../storeFile';
import { harmless, privateFile } from '../table';

/** For all pages together. */
const LONGEST_MS = 30 * 60_000;

export function staffListCommand(staff: Command, context: CommandContext): void {
  const command = withJson(staff.command('list'))
    .description('list all records of a vendor connection, and whose they are')
    .argument('<connection>', 'its name in the configuration')
    .option('--csv <file>', 'write a CSV file; - is the standard output')
    .action(async (connection: string, { csv, json = false }: { csv?: string; json?: boolean }) => {
      const { config } = await loadConfig(context.configPath(), context);
      const options = { ...context, config, connection, json, ...(csv !== undefined && { csv }) };
      context.exit(await listStaffOf(options));
    });
  exitCodes(
    command,
    'the whole list is shown',
    'it cannot be read to its end, or the file cannot be written',
    'the vendor counts more records than it lists',
  );
}

export interface StaffListOptions {
  config: GatewayConfig;
  adapters: readonly AdapterModule[];
  /** The connection's name. */
  connection: string;
  /** Path of the CSV file, replaced when it is complete; `-` writes to `out`. */
  csv?: string;
  /** A document instead of a table. */
  json?: boolean;
  out: Writable;
  err: Writable;
}

/** Whose a record is. */
interface Owner {
  clinic: string;
  staffId: string;
}

type Owners = ReadonlyMap<string, Owner>;

/** @returns the exit code: 0 shown, 1 the list, the store or the file cannot be used, 2 the vendor counts more than it lists */
export async function listStaffOf(options: StaffListOptions): Promise<number> {
  const { config, adapters, connection: name, csv, json = false, out, err } = options;
  const vendor = config.vendors[name];
  const module = adapters.find((adapter) => adapter.name === vendor?.adapter);
  if (vendor === undefined || module === undefined) {
    err.write(`There is no such connection. Configured: ${Object.keys(config.vendors).join(', ')}.\n`);
    return 1;
  }
  const connection = new VendorConnection(name, vendor, module);
  try {
    const snapshot = await readSnapshot(connection, new Deadline(LONGEST_MS));
    const owners = await ownersAt(name, config.store.url, err);
    if (snapshot.skipped > 0) {
      err.write(`${count(snapshot.skipped, 'row')} of the vendor’s list are no records and left out.\n`);
    }
    if (snapshot.missing > 0) {
      err.write(
        `The vendor counts ${count(snapshot.missing, 'record')} more than it lists, so the list may not be whole.\n`,
      );
    }
    if (csv !== undefined) await writeCsv(csv, name, snapshot, owners, out);
    else if (json) writeJson(out, documentOf(name, snapshot, owners));
    else out.write(table(snapshot, owners));
    return snapshot.missing > 0 ? 2 : 0;
  } catch (error) {
    err.write(`Cannot list the staff of ${name}: ${reasonOf(error)}\n`);
    return 1;
  } finally {
    await connection.close();
  }
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Incomplete ? error.cause : error;
  return cause instanceof VendorFailure ? cause.reason : messageOf(cause);
}

/** By vendor record id. Without a store nothing is linked yet. */
async function ownersAt(vendor: string, databaseUrl: string, err: Writable): Promise<Owners> {
  const owners = new Map<string, Owner>();
  const missing = missingFile(databaseUrl);
  if (missing !== undefined) {
    err.write(`There is no database at ${missing}, so no staff ids are shown.\n`);
    return owners;
  }
  const database = await openDatabase(databaseUrl);
  try {
    for await (const { clinic, staffId, vendor: at, vendorRecordId } of createLinks(database).exportAll()) {
      if (at === vendor) owners.set(vendorRecordId, { clinic, staffId });
    }
    return owners;
  } finally {
    await database.close();
  }
}

function documentOf(
  connection: string,
  { asOf, skipped, missing, entries }: Snapshot,
  owners: Owners,
): object {
  const records = entries.map((entry) => {
    const { fields, warnings } = storedRecord(entry);
    const { clinic = null, staffId = null } = owners.get(entry.id) ?? {};
    const { id: _, ...record } = staffRecord('', fields);
    return { clinic, staffId, vendorRecordId: entry.id, record, warnings };
  });
  return { connection, complete: missing === 0, asOf, skipped, records };
}

/** The first four are those of `links import`. */
const COLUMNS = ['clinic', 'staffId', 'vendor', 'vendorRecordId', ...FIELDS];

async function writeCsv(
  file: string,
  vendor: string,
  { entries }: Snapshot,
  owners: Owners,
  out: Writable,
): Promise<void> {
  const rows = function* () {
    for (const entry of entries) yield csvRow(vendor, entry, owners);
  };
  const sheet = stringify({ header: true, columns: COLUMNS, quoted_match: /^\s|\s$/ });
  if (file === '-') return pipeline(rows, sheet, out, { end: false });
  const partial = `${file}.partial`;
  try {
    await pipeline(rows, sheet, privateFile(partial));
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
  out.write(`Wrote ${count(entries.length, 'record')} to ${file}.\n`);
}

function csvRow(vendor: string, entry: Entry, owners: Owners): string[] {
  const { fields } = storedRecord(entry);
  const { clinic = '', staffId = '' } = owners.get(entry.id) ?? {};
  return [clinic, staffId, vendor, entry.id, ...FIELDS.map((field) => cell(fields[field]))];
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // A telephone number stays as it is: nothing in it could be run.
  return /^[+-][\d\s().-]*$/.test(text) ? text : harmless(text);
}

function table({ entries }: Snapshot, owners: Owners): string {
  if (entries.length === 0) return 'The vendor lists nobody.\n';
  const rows = [
    ['VENDOR RECORD', 'CLINIC/STAFF', 'STATUS', 'NAME'],
    ...entries.map((entry) => tableRow(entry, owners)),
  ];
  const width = (index: number) => Math.max(...rows.map((row) => row[index]?.length ?? 0));
  const widths = [width(0), width(1), width(2), 0];
  return rows
    .map((row) => row.map((text, index) => text.padEnd(widths[index] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}

function tableRow(entry: Entry, owners: Owners): string[] {
  const owner = owners.get(entry.id);
  return (
    [
      entry.id,
      owner ? `${owner.clinic}/${owner.staffId}` : '-',
      entry.status ?? '',
      nameOf(storedRecord(entry).fields),
    ]
      // What a vendor stores must not control the terminal.
      .map((text) => text.replace(/\p{C}/gu, '\uFFFD'))
  );
}

function nameOf(fields: ShownFields): string {
  return [fields['name.family'], fields['name.given']].filter((part) => typeof part === 'string').join(', ');
}
