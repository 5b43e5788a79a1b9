/** `links remove`: the links of one clinic at one connection, some or all. */
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { loadAuditedStore } from '../../config/load';
import type { AuditConfig } from '../../config/types';
import { createClinicLinks } from '../../store/clinicLinks';
import { type Database, openDatabase } from '../../store/database';
import { createLinks } from '../../store/links';
import { OPERATOR, trailOf } from '../audit';
import { type CommandContext, exitCodes, withJson, writeJson } from '../command';
import { printable } from '../printable';
import { messageOf } from '../problems';
import { missingFile, noDatabase } from '../storeFile';
import { count } from './progress';

export function linksRemoveCommand(links: Command, context: CommandContext): void {
  const command = withJson(links.command('remove'))
    .description('remove links; the records at the vendor stay as they are')
    .argument('<clinic>', 'the clinic, which need not be configured any more')
    .argument('<connection>', 'the vendor connection, likewise')
    .argument('[staffId...]', 'whose links')
    .option('--all', 'all links of the clinic at the connection; says how many')
    .option('--yes', 'changes nothing: --all alone says enough')
    .action(async (clinic: string, connection: string, staffIds: string[], choices: Choices) => {
      const { store, audit } = await loadAuditedStore(context.configPath(), context);
      const { out, err } = context;
      const removal = { clinic, connection, staffIds, databaseUrl: store.url, audit, ...flags(choices) };
      context.exit(await removeLinks({ ...removal, out, err }));
    });
  exitCodes(command, 'all removed', 'nothing was removed', 'some staff ids have no link there');
}

interface Choices {
  all?: boolean;
  json?: boolean;
}

function flags({ all, json }: Choices) {
  return { all: all === true, json: json === true };
}

export interface RemoveLinksOptions {
  clinic: string;
  connection: string;
  staffIds: readonly string[];
  /** All links there instead of those of `staffIds`. */
  all: boolean;
  json: boolean;
  databaseUrl: string;
  /** How the row is kept that this leaves in the audit; absent: unsigned. */
  audit?: Pick<AuditConfig, 'key'>;
  out: Writable;
  err: Writable;
}

/** @returns the exit code: 0 all removed, 1 nothing was removed, 2 some staff ids have no link there */
export async function removeLinks(options: RemoveLinksOptions): Promise<number> {
  const { clinic, connection, staffIds, all, json, databaseUrl, out, err } = options;
  if (all === staffIds.length > 0) {
    err.write('Name the staff ids whose links are to be removed, or say --all.\n');
    return 1;
  }
  const absent = missingFile(databaseUrl);
  if (absent !== undefined) {
    err.write(`Cannot remove links: ${noDatabase(absent)}\n`);
    return 1;
  }
  let database: Database | undefined;
  try {
    database = await openDatabase(databaseUrl);
    const done = all ? await removeAll(database, options) : await removeEach(database, options);
    for (const staffId of done.notFound)
      err.write(`${printable(staffId)}: has no link at ${connection} in ${clinic}\n`);
    if (json) writeJson(out, { clinic, connection, ...done });
    else out.write(`Removed ${count(done.removed, 'link')} of ${clinic} at ${connection}.\n`);
    return done.notFound.length > 0 ? 2 : 0;
  } catch (error) {
    err.write(`Cannot remove links: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await database?.close();
  }
}

interface Removed {
  removed: number;
  notFound: string[];
}

async function removeAll(database: Database, options: RemoveLinksOptions): Promise<Removed> {
  const { clinic, connection, err } = options;
  const links = createClinicLinks(database, clinic, connection);
  err.write(`${count(await links.count(), 'link')} of ${clinic} at ${connection} will be removed.\n`);
  return { removed: await links.removeAll(OPERATOR, trailOf(database, options.audit)), notFound: [] };
}

async function removeEach(database: Database, options: RemoveLinksOptions): Promise<Removed> {
  const { clinic, connection, staffIds } = options;
  const links = createLinks(database, undefined, trailOf(database, options.audit));
  const notFound: string[] = [];
  const wanted = new Set(staffIds);
  for (const staffId of wanted) {
    if (!(await links.remove(clinic, staffId, connection, OPERATOR))) notFound.push(staffId);
  }
  return { removed: wanted.size - notFound.length, notFound };
}
